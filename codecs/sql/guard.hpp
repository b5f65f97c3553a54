#pragma once
// The condition under which an incoming row is written over the one that is there, `t` (R11, R13).

#include "codecs/sql/apply_statements.hpp"

#include <string>
#include <string_view>

namespace tandem::sql {

struct guard_terms {
    std::string type;     // PostgreSQL's name of the conflict
    std::string time;     // the incoming row's v
    std::string at;       // its commit time
    std::string incoming; // jsonb of the incoming row
    std::string key;      // jsonb of its key
    std::string earliest;
    std::string newest;
    std::string unseen; // see takes_unseen()
    std::string unseen_by;
};

// True when the incoming row wins; otherwise the loser is logged, or the statement fails.
[[nodiscard]] std::string guard(apply_table const& table, apply_rules const& rules,
                                guard_terms const& terms);
// The same where columns were left out: see left_out_matters().
[[nodiscard]] std::string guard_left_out(apply_table const& table, apply_rules const& rules,
                                         guard_terms const& terms, std::string const& seen);
// That the row is among those: see takes_unseen().
[[nodiscard]] std::string not_seen(std::string const& times, std::string const& ids);

// Behind that word, that nothing came since it was prepared of which apply_table::form tells: true, and the planner leaves
// nothing of it, or the statement is not understood. Empty where the target has no form.
[[nodiscard]] std::string as_prepared(std::string_view form, std::string_view word);
[[nodiscard]] inline std::string as_prepared(apply_table const& table, std::string_view word) {
    return as_prepared(table.form, word);
}

} // namespace tandem::sql
