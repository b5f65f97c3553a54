#pragma once
// What becomes of a change whose values of a unique index other rows of the target have (R14). Pure.
//
// The greatest v wins. Where that is the change, the other rows are deleted as an application would delete them: the peer,
// which has the change, hears of it. Where it is not, the peer will meet the greater row and delete its own: the change waits
// for that delete, which comes behind it.

#include "codecs/base/lsn.hpp"

#include <optional>
#include <span>
#include <string>

namespace tandem::engine {

struct colliding_row {
    std::string key;           // jsonb
    std::string transaction;   // that wrote it
    std::optional<pg_time> at; // its commit; none: long ago
    unsigned origin = 0;       // 0: the target's own
};

enum class collision_outcome : std::uint8_t {
    none, // nothing stands in the way
    wins,
    waits,
};

struct collision_rules {
    pg_time incoming; // v of the change
    bool incoming_wins_ties = false;
};

// A row of another origin is about to be changed by what is still to come from there.
[[nodiscard]] inline collision_outcome decide_collision(collision_rules const& rules,
                                                        std::span<colliding_row const> rows) {
    for (auto const& row : rows) {
        bool const newer = row.at && (rules.incoming_wins_ties ? *row.at > rules.incoming
                                                               : *row.at >= rules.incoming);
        if (newer || row.origin != 0) {
            return collision_outcome::waits;
        }
    }
    return rows.empty() ? collision_outcome::none : collision_outcome::wins;
}

} // namespace tandem::engine
