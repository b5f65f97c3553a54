#pragma once
// Rows that refer to one which is not there any more. What is applied is not checked against foreign keys (triggers are
// silent), so a parent that was deleted on one node while a child came into being on the other leaves the child behind:
// looked for by the keys that went, in the transaction that took them, and kept in tandem.conflict as
// foreign_key_missing. `about` holds what a cure needs.

#include "codecs/sql/apply_statements.hpp"

#include <string>
#include <vector>

namespace tandem::sql {

struct table_name {
    std::string schema;
    std::string name;
};

struct reference_column {
    std::string child;
    std::string parent;
    std::string equals{"="}; // parent, child
};

// A foreign key that refers to a table by its match key.
struct foreign_key {
    std::string name; // of the constraint
    table_name child;
    table_name parent; // of a partition: the table above all
    std::vector<reference_column> columns;
    std::vector<std::string> child_key; // the child's primary key; empty: it has none
};

// The foreign keys that refer to $1.$2 or a table that it is a partition of; a row for each pair of columns, as
// read_foreign_keys() takes them: constraint, child's schema and name, parent's, child's column, parent's, their equality,
// and the names of the child's primary key as a JSON array.
[[nodiscard]] std::string foreign_keys_of_table();

[[nodiscard]] bool refers_by(foreign_key const& constraint, apply_table const& key);

// `parent_key` has the columns of the match key only: one array per column, then the times of the changes
// (timestamptz[]), as of the statements of apply_statements.hpp.
[[nodiscard]] std::string log_orphans(foreign_key const& constraint, apply_table const& parent_key,
                                      apply_rules const& rules);
// Of the one row whose key is this JSON object.
[[nodiscard]] std::string log_orphans_of(foreign_key const& constraint,
                                         apply_table const& parent_key, std::string const& key,
                                         apply_rules const& rules);

// Keeps the rows of these keys until the end of the transaction, for restore-parent. Locks them.
[[nodiscard]] std::string keep_parents(apply_table const& parent_key, apply_rules const& rules);
[[nodiscard]] std::string forget_parents();

// Cures wait in tandem.conflict. A row for each pair of columns: id, schema, table, key, about, policy, the parent's schema
// and name, whether its row was kept, the condition that joins t and k by the child's key, child's column, parent's, their
// equality.
[[nodiscard]] std::string open_orphans();
struct orphan {
    long long id = 0;
    table_name child;
    std::string key;   // JSON object
    std::string about; // JSON object
    std::string cure;  // null-child, drop-child, restore-parent
    table_name parent;
    bool parent_kept = false;
    std::string same_child;
    std::vector<reference_column> columns;
};
// One statement, which marks the conflict as well and answers how many rows it wrote: none where the child has changed its
// mind or the parent is there again. `writable`: the parent's columns that can be set.
[[nodiscard]] std::string cure_orphan(orphan const& of, std::vector<std::string> const& writable);
// It stays as it is.
[[nodiscard]] std::string leave_orphan(long long id);

} // namespace tandem::sql
