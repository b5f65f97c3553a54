#pragma once
// The text of the statements that write rows on the target (R8, R11).
//
// Each but the first takes one array per column, then the rows' v (timestamptz[]), where v is another time than that of the
// commit also these, then the earliest and the newest v as scalars. With `binary` the arrays have the columns' own types, otherwise they are text[]
// and cast to them. Guarded statements write a row only over an older version, or one that the same
// peer wrote; a row that loses goes to tandem.conflict by tandem.lost(), in the same transaction.
// Names are quoted here; values are parameters only. Why these forms: docs/decisions/0001.

#include "codecs/sql/conflict_rules.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tandem::sql {

struct apply_column {
    std::string name;
    std::string type_name; // format_type(type, -1), usable in a cast
    bool key = false;
    bool fixed = false;      // GENERATED ALWAYS AS IDENTITY: never in a SET list
    std::string equals{"="}; // of a key column: the operator of its index
};

struct apply_table {
    std::string schema;
    std::string name;
    std::vector<apply_column> columns; // those the statement has arrays for, in their order
    // Types of schema tandem, separated by commas, of which the target's own DDL renames one where a name of a table or column
    // may be another's now, or USING gave rows other values: what was prepared before that fails with undefined_object. Empty:
    // the target has none.
    std::string form = {};
    std::uint32_t relation = 0; // its number, where the table is this node's own; 0: not known
};

struct apply_rules {
    conflict_rules conflicts; // of the table
    bool binary = false;
    unsigned peer_origin = 0;    // pg_replication_origin.roident that this session writes under
    bool peer_wins_ties = false; // equal commit times: the greater rank wins
    std::string peer_node;       // wrote the incoming rows
    std::string own_node;        // the target
    bool target_is_utf8 = true;  // false: what its encoding cannot hold is parked in ASCII
    bool completes = false;      // see left_out_matters()
    bool touches =
        false; // values that DDL gave, in columns of older rows: whatever is newer stays, and is no conflict
    std::string orphans = "report"; // --foreign-keys: see foreign_key_statements.hpp
};

// Columns that an update left out are those of the row that it changed. Where the target's row may be another one (the
// target wrote it itself, not before a time that all of the given updates' writers had seen) or is missing, the statement
// fails with sqlstate::incomplete. The time comes as one more scalar, where this is true.
[[nodiscard]] inline bool left_out_matters(std::vector<std::string> const& kept,
                                           apply_rules const& rules) noexcept {
    return rules.conflicts.guarded && rules.completes && !kept.empty();
}

// With row_versions::seen two more arrays come at the end: commit times of the target that are no newer than v and were not
// seen all the same, and the transactions' ids (bigint; 0: whatever it is), where another one has the same time.
[[nodiscard]] inline bool takes_unseen(conflict_rules const& rules) noexcept {
    return rules.guarded && rules.versions == row_versions::seen;
}
[[nodiscard]] inline bool takes_times(conflict_rules const& rules) noexcept {
    return rules.guarded && rules.versions != row_versions::commit_time;
}

// Complete rows that came into being, without their commit times: unique_violation when one exists.
[[nodiscard]] std::string plain_insert(apply_table const& table, apply_rules const& rules);
// Complete rows that came into being: INSERT, over an existing row of that key an UPDATE.
[[nodiscard]] std::string insert_rows(apply_table const& table, apply_rules const& rules);
// Complete rows that existed before; a missing one comes into being.
[[nodiscard]] std::string update_rows(apply_table const& table, apply_rules const& rules);
// Rows some of whose columns stay as they are; a missing one is logged as update_missing.
// `kept` names columns of the target that can be set and are not among the given ones. Empty text when
// there is nothing that could be set.
[[nodiscard]] std::string patch_rows(apply_table const& table, std::vector<std::string> const& kept,
                                     apply_rules const& rules);
// For behind patch_rows(), or behind move_keys() with `old_key`, with the same arrays and scalars: what they found locked by a
// delete that was committed meanwhile has neither been written nor logged by them. Such a delete is newer than what comes, but
// a row that moved away from it lives on, and one that is always written: where its columns can be had, the statement fails
// with sqlstate::incomplete.
[[nodiscard]] std::string log_deleted_meanwhile(apply_table const& table,
                                                std::vector<apply_column> const& old_key,
                                                std::vector<std::string> const& kept,
                                                apply_rules const& rules);
// Key columns only.
[[nodiscard]] std::string remove_rows(apply_table const& table, apply_rules const& rules);
// One row: new values of the given columns, then one more array per key column: the key before. `kept` names the columns
// that stay as they are. Where the old key has no row that gives way, a complete new row comes into being; one with kept
// columns is logged as update_missing. unique_violation when the new key is there.
[[nodiscard]] std::string move_keys(apply_table const& table,
                                    std::vector<apply_column> const& old_key,
                                    std::vector<std::string> const& kept, apply_rules const& rules);
// The same as a DELETE and an INSERT, which overwrites an older row of the new key.
[[nodiscard]] std::string move_apart(apply_table const& table,
                                     std::vector<apply_column> const& old_key,
                                     std::vector<std::string> const& kept,
                                     apply_rules const& rules);

// COPY of complete rows that came into being, in the format that the stream sends values in.
[[nodiscard]] std::string copy_rows(apply_table const& table, bool binary);

struct truncated_table {
    std::string schema;
    std::string name;
    conflict_rules conflicts = {}; // the statement's are not looked at
    std::string v;                 // timestamptz
    std::string form = {};         // see apply_table
    std::uint32_t relation = 0;
};
struct truncation_terms {
    std::string commit_time;   // timestamptz
    std::string unseen = "{}"; // see takes_unseen(): the arrays as text
    std::string unseen_by = "{}";
};
// Never CASCADE: the source names every table that it emptied and that is synced; others are not ours
// to empty. A table that some other one refers to cannot be truncated then, so its rows are deleted.
// Guarded (R15): where any of the tables has a row of this node that is newer than v, such
// rows stay, which tandem.conflict says once a table, and the others are deleted. The tables are locked for it, and read.
[[nodiscard]] std::string truncate(std::vector<truncated_table> const& tables,
                                   apply_rules const& rules, truncation_terms const& terms);

} // namespace tandem::sql
