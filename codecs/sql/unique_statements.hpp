#pragma once
// Rows of the target that stand in the way of a parked change: they have its values of a unique index (R14).

#include "codecs/sql/apply_statements.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::sql {

struct unique_index {
    struct part {
        std::string expression; // as pg_get_indexdef() has it
        std::string equals;     // the operator of its index
    };
    std::vector<part> parts;
    std::string predicate;    // of a partial index; empty: none
    bool nulls_equal = false; // NULLS NOT DISTINCT
};

// Of the table of a schema ($1) and name ($2): a row for each part of a unique index with the index's oid, the part's
// expression and operator, the predicate, and whether nulls are equal; parts of an index come one behind the other.
[[nodiscard]] std::string unique_indexes();

// Rows but the change's own with its values of any of the indexes: key (jsonb), transaction that wrote it, its commit time
// in microseconds of Unix or null, its origin. `key`: columns of the match key. What an update left out is taken from the
// row that is there.
[[nodiscard]] std::string colliding_rows(apply_table const& key,
                                         std::vector<unique_index> const& indexes,
                                         std::int64_t parked_id);

// Deletes such a row, if that transaction wrote it still, and keeps it in tandem.conflict. One row if it did.
struct losing_row {
    std::string key; // jsonb
    std::string transaction;
    std::string type; // of the conflict
};
[[nodiscard]] std::string delete_loser(apply_table const& key, losing_row const& row,
                                       std::int64_t parked_id, apply_rules const& rules);

} // namespace tandem::sql
