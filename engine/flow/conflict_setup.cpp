#include "engine/flow/conflict_setup.hpp"

#include "engine/config/pattern.hpp"

#include <algorithm>

namespace tandem::engine {
namespace {

sql::conflict_rules rules_of(conflict_policy policy, std::string const& winner,
                             std::string const& source) {
    sql::conflict_rules made;
    made.guarded = policy != conflict_policy::apply_remote;
    made.policy = policy_text(policy, winner);
    made.conflicts_fail = policy == conflict_policy::error;
    if (policy == conflict_policy::node_wins && source == winner) {
        made.versions = sql::row_versions::always;
    } else if (tells_seen(policy)) {
        made.versions = sql::row_versions::seen;
    }
    return made;
}

} // namespace

sql::conflict_rules const& conflict_setup::of(std::string_view schema,
                                              std::string_view table) const noexcept {
    auto const found = std::ranges::find_if(
        tables, [&](table_conflicts const& each) { return matches(each.tables, schema, table); });
    return found == tables.end() ? rest : found->rules;
}

bool conflict_setup::any_guarded() const noexcept {
    return rest.guarded || std::ranges::any_of(tables, [](table_conflicts const& each) {
               return each.rules.guarded;
           });
}

bool conflict_setup::any(sql::row_versions versions) const noexcept {
    return rest.versions == versions ||
           std::ranges::any_of(tables, [&](table_conflicts const& each) {
               return each.rules.versions == versions;
           });
}

std::string conflict_setup::text() const {
    std::string made = rest.policy;
    for (table_conflicts const& each : tables) {
        made += "; " + each.tables.text + "=" + each.rules.policy;
    }
    return made;
}

conflict_setup conflicts_of(options const& set, conflict_policy policy, std::string const& source) {
    conflict_setup made;
    made.rest = rules_of(policy, set.winner, source);
    for (table_policy const& each : set.table_conflicts) {
        made.tables.push_back({each.tables, rules_of(each.policy, each.winner, source)});
    }
    return made;
}

} // namespace tandem::engine
