#include "engine/config/options.hpp"

#include "engine/config/error.hpp"
#include "engine/config/nearest.hpp"
#include "engine/config/pattern.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

namespace tandem::engine {
namespace {

node_options const* find(std::vector<node_options> const& among, std::string const& name) noexcept {
    auto const found = std::ranges::find(among, name, &node_options::name);
    return found == among.end() ? nullptr : &*found;
}

} // namespace

node_options const* options::node(std::string const& name) const noexcept {
    return find(nodes, name);
}

node_options const* options::member(std::string const& name) const noexcept {
    auto const* const own = find(nodes, name);
    return own != nullptr ? own : find(peers, name);
}

std::vector<direction_names> directions(options const& set) {
    if (set.one_way) {
        return {{set.one_way->first, set.one_way->second}};
    }
    std::vector<direction_names> all;
    for (node_options const& source : set.nodes) {
        for (node_options const& target : set.nodes) {
            if (source.name != target.name) {
                all.push_back({source.name, target.name});
            }
        }
    }
    for (node_options const& node : set.nodes) {
        for (node_options const& peer : set.peers) {
            all.push_back({node.name, peer.name});
            all.push_back({peer.name, node.name});
        }
    }
    return all;
}

std::string policy_text(conflict_policy policy, std::string const& winner) {
    switch (policy) {
    case conflict_policy::node_wins:
        return "node-wins=" + winner;
    case conflict_policy::error:
        return "error";
    case conflict_policy::apply_remote:
        return "apply-remote";
    case conflict_policy::last_update_wins:
        break;
    }
    return "last-update-wins";
}

namespace {

std::pair<conflict_policy, std::string> policy_of(std::string const& text) {
    constexpr std::string_view node = "node-wins=";
    if (text.starts_with(node) && text.size() > node.size()) {
        return {conflict_policy::node_wins, text.substr(node.size())};
    }
    std::vector<std::string> names;
    for (auto const policy : {conflict_policy::last_update_wins, conflict_policy::node_wins,
                              conflict_policy::error, conflict_policy::apply_remote}) {
        names.push_back(policy_text(policy, "NODE"));
        if (text == names.back()) {
            return {policy, {}};
        }
    }
    auto const near = nearest(text, names);
    throw config_error{fmt::format("expected one of {}, got '{}'{}", fmt::join(names, ", "), text,
                                   near ? fmt::format("; did you mean '{}'?", *near) : "")};
}

} // namespace

void take_conflict(options& into, std::string const& text) {
    auto [policy, winner] = policy_of(text);
    into.conflict = policy;
    into.winner = std::move(winner);
}

void take_table_conflict(options& into, std::string const& text) {
    auto const policies_begin =
        text.find("=node-wins=") != std::string::npos ? text.rfind("=node-wins=") : text.rfind('=');
    if (policies_begin == std::string::npos || policies_begin == 0) {
        throw config_error{fmt::format(
            "expected PATTERN=POLICY such as public.item=apply-remote, got '{}'", text)};
    }
    table_policy one;
    one.tables = parse_table_pattern(text.substr(0, policies_begin));
    if (!one.tables.columns.empty() || !one.tables.where.empty()) {
        throw config_error{fmt::format(
            "'{}': conflicts are decided by whole rows of whole tables; name tables only", text)};
    }
    std::tie(one.policy, one.winner) = policy_of(text.substr(policies_begin + 1));
    into.table_conflicts.push_back(std::move(one));
}

std::string policy_text(table_policy const& of) {
    return of.tables.text + "=" + policy_text(of.policy, of.winner);
}

bool tells_seen(options const& set, conflict_policy policy) noexcept {
    return tells_seen(policy) || std::ranges::any_of(set.table_conflicts, [](auto const& each) {
               return tells_seen(each.policy);
           });
}

void take_first_sync(options& into, std::string const& text) {
    constexpr std::string_view from = "from=";
    into.first_sync_from.clear();
    if (text.starts_with(from) && text.size() > from.size()) {
        into.first_sync = first_sync::from;
        into.first_sync_from = text.substr(from.size());
    } else if (text == "merge") {
        into.first_sync = first_sync::merge;
    } else if (text == "none") {
        into.first_sync = first_sync::none;
    } else {
        throw config_error{fmt::format("expected one of merge, none, from=NODE, got '{}'", text)};
    }
}

void take_on_gap(options& into, std::string const& text) {
    if (text != "stop" && text != "reconcile") {
        throw config_error{fmt::format("expected one of stop, reconcile, got '{}'", text)};
    }
    into.on_gap = text == "stop" ? gap_care::stop : gap_care::reconcile;
}

} // namespace tandem::engine
