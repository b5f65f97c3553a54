#pragma once
// The text of the statements that write rows on the target (R8, R11).
//
// Each but the first takes one array per column, then the rows' commit times (timestamptz[]), then the earliest and
// the newest of these as scalars. With `binary` the arrays have the columns' own types, otherwise they are text[]
// and cast to them. Guarded statements write a row only over an older version, or one that the same
// peer wrote; a row that loses goes to tandem.conflict by tandem.lost(), in the same transaction.
// Names are quoted here; values are parameters only. Why these forms: docs/decisions/0001.

#include <cstddef>
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
};

struct apply_rules {
    bool guarded = true; // false: apply-remote (R20)
    bool binary = false;
    unsigned peer_origin = 0;    // pg_replication_origin.roident that this session writes under
    bool peer_wins_ties = false; // equal commit times: the greater rank wins
    std::string peer_node;       // wrote the incoming rows
    std::string own_node;        // the target
    std::string policy = "last-update-wins";
    bool target_is_utf8 = true; // false: what its encoding cannot hold is parked in ASCII
};

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
// Key columns only.
[[nodiscard]] std::string remove_rows(apply_table const& table, apply_rules const& rules);
// New values of the given columns, then one more array per key column: the key before. `kept` names
// the columns that stay as they are.
[[nodiscard]] std::string move_keys(apply_table const& table,
                                    std::vector<apply_column> const& old_key,
                                    std::vector<std::string> const& kept, apply_rules const& rules);

// COPY of complete rows that came into being, in the format that the stream sends values in.
[[nodiscard]] std::string copy_rows(apply_table const& table, bool binary);

struct truncated_table {
    std::string schema;
    std::string name;
};
// Never CASCADE: the source names every table that it emptied and that is synced; others are not ours
// to empty. A table that some other one refers to cannot be truncated then, so its rows are deleted.
// Guarded (R15): where any of the tables has a row of this node that is newer than `commit_time` (a timestamptz), such
// rows stay, which tandem.conflict says once a table, and the others are deleted. The tables are locked for it, and read.
[[nodiscard]] std::string truncate(std::vector<truncated_table> const& tables,
                                   apply_rules const& rules, std::string const& commit_time);

} // namespace tandem::sql
