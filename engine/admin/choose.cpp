#include "engine/admin/choose.hpp"

#include "codecs/base/assert.hpp"
#include "engine/admin/origin_column.hpp"
#include "engine/config/error.hpp"
#include "engine/config/pattern.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>

namespace tandem::engine {
namespace {

constexpr int filters_since_major = 15;

// A pattern names a partition by its own name or by that of a table above it.
bool names(table_pattern const& pattern, node_catalog const& node, table_info const& table) {
    if (matches(pattern, table.schema, table.name)) {
        return true;
    }
    return std::any_of(table.ancestors.begin(), table.ancestors.end(), [&](oid above) {
        table_info const* const ancestor = node.table(above);
        return ancestor != nullptr && matches(pattern, ancestor->schema, ancestor->name);
    });
}

table_pattern const* first_naming(std::vector<table_pattern> const& patterns,
                                  node_catalog const& node, table_info const& table) {
    for (table_pattern const& each : patterns) {
        if (names(each, node, table)) {
            return &each;
        }
    }
    return nullptr;
}

using reason = std::optional<std::string>; // why not; nullopt: nothing against it

reason against_kind(table_info const& table) {
    if (table.kind == 'f') {
        return "it is a foreign table: its rows live on another server; sync them from there";
    }
    if (table.kind == 'm') {
        return "it is a materialized view: refresh it on every node";
    }
    if (table.persistence == 'u') {
        return "it is unlogged: its changes are not in the WAL; ALTER TABLE ... SET LOGGED";
    }
    if (!table.extension.empty()) {
        return fmt::format("it belongs to extension {}", table.extension);
    }
    return std::nullopt;
}

// The columns by which changes of `table` are matched, or why there are none.
reason find_key(table_info const& table, std::string const& node, std::vector<std::string>& key) {
    key_info const* found = nullptr;
    for (key_info const& each : table.keys) {
        bool const fits = table.replica_identity == 'i'   ? each.replica_identity
                          : table.replica_identity == 'f' ? each.primary || each.not_null
                                                          : each.primary;
        if (fits && (found == nullptr || each.primary)) {
            found = &each;
        }
    }
    if (table.replica_identity == 'n') {
        return fmt::format(
            "its replica identity on node {} is NOTHING: updates and deletes carry no "
            "key; ALTER TABLE {} REPLICA IDENTITY DEFAULT",
            node, table.display());
    }
    if (found != nullptr) {
        key = found->columns;
        return std::nullopt;
    }
    if (table.replica_identity == 'i') {
        return fmt::format("its replica identity index is gone on node {}; ALTER TABLE {} REPLICA "
                           "IDENTITY USING INDEX, or DEFAULT",
                           node, table.display());
    }
    if (table.deferrable_primary_key) {
        return fmt::format(
            "its primary key on node {} is DEFERRABLE, which cannot match changes; make "
            "it NOT DEFERRABLE, or ALTER TABLE {} REPLICA IDENTITY USING INDEX",
            node, table.display());
    }
    return fmt::format(
        "it has no primary key and no replica identity index on node {}: changes cannot be "
        "matched; add one or ALTER TABLE {} REPLICA IDENTITY USING INDEX",
        node, table.display());
}

bool has_key_on(table_info const& table, std::vector<std::string> const& columns) {
    std::set<std::string> const wanted{columns.begin(), columns.end()};
    return std::any_of(table.keys.begin(), table.keys.end(), [&](key_info const& each) {
        return std::set<std::string>{each.columns.begin(), each.columns.end()} == wanted;
    });
}

reason against_columns(chosen_table& table, std::string const& target) {
    auto const listed = [&table](std::string const& name) {
        auto const& list = table.column_list;
        return list.empty() || std::find(list.begin(), list.end(), name) != list.end();
    };
    for (column_info const& column : table.source.columns) {
        if (column.generated || !listed(column.name)) {
            continue;
        }
        column_info const* const peer = table.target.column(column.name);
        if (peer == nullptr) {
            return fmt::format("column {} is missing on node {}; add it there",
                               shown_identifier(column.name), target);
        }
        if (peer->generated) {
            return fmt::format(
                "column {} is a generated column on node {} only; make both the same",
                shown_identifier(column.name), target);
        }
        if (peer->type_name != column.type_name) {
            return fmt::format("column {} is {} here and {} on node {}; make both the same",
                               shown_identifier(column.name), column.type_name, peer->type_name,
                               target);
        }
        table.columns.push_back(column.name);
    }
    for (column_info const& column : table.target.columns) {
        bool const sent = std::find(table.columns.begin(), table.columns.end(), column.name) !=
                          table.columns.end();
        bool const fills_itself = column.has_default || column.generated || column.identity != 0;
        if (!sent && column.not_null && !fills_itself) {
            return fmt::format(
                "column {} on node {} is NOT NULL without a default and is not sent; give "
                "it a default",
                shown_identifier(column.name), target);
        }
    }
    return std::nullopt;
}

reason against_rights(table_info const& table, node_catalog const& target) {
    if (table.row_security && !target.role.bypass_row_security) {
        return fmt::format(
            "row level security is on and role {} lacks BYPASSRLS on node {}; ALTER ROLE "
            "{} BYPASSRLS",
            target.role.name, target.name, target.role.name);
    }
    if (target.role.set_replica_role) {
        return std::nullopt;
    }
    for (trigger_info const& trigger : table.triggers) {
        if (trigger.enabled == 'O') {
            return fmt::format("trigger {} would fire for synced changes: role {} cannot set "
                               "session_replication_role on node {}; {}",
                               shown_identifier(trigger.name), target.role.name, target.name,
                               target.major() >= 15
                                   ? "GRANT SET ON PARAMETER session_replication_role to it"
                                   : "run as a superuser");
        }
    }
    return std::nullopt;
}

// Column lists and filters become part of the publication, which knows them since 15, and must leave
// the key whole: PostgreSQL would refuse the application's updates otherwise.
void check_extras(chosen_table const& table, table_pattern const& pattern,
                  node_catalog const& source) {
    if (pattern.columns.empty() && pattern.where.empty()) {
        return;
    }
    if (source.major() < filters_since_major) {
        throw config_error{
            fmt::format("--tables '{}': column lists and row filters need PostgreSQL 15; "
                        "node {} is {}",
                        pattern.text, source.name, source.version)};
    }
    for (std::string const& each : pattern.columns) {
        column_info const* const column = table.source.column(each);
        if (column == nullptr || column->generated) {
            throw config_error{
                fmt::format("--tables '{}': table {} has no column {} that could be sent",
                            pattern.text, table.source.display(), shown_identifier(each))};
        }
    }
    auto const& list = pattern.columns;
    for (std::string const& each : table.key) {
        if (!list.empty() && std::find(list.begin(), list.end(), each) == list.end()) {
            throw config_error{fmt::format("--tables '{}': the column list lacks key column {}",
                                           pattern.text, shown_identifier(each))};
        }
    }
}

reason judge(chosen_table& table, table_pattern const* pattern, node_catalog const& source,
             node_catalog const& target, std::string const& origin_column) {
    if (reason found = against_kind(table.source)) {
        return found;
    }
    table_info const* const peer = target.table(table.source.schema, table.source.name);
    if (peer == nullptr) {
        return fmt::format("it does not exist on node {}; create it there", target.name);
    }
    if (peer->kind != 'r' && peer->kind != 'p') {
        return fmt::format("on node {} it is no table", target.name);
    }
    table.target = *peer;
    if (reason found = find_key(table.source, source.name, table.key)) {
        return found;
    }
    if (pattern != nullptr) {
        check_extras(table, *pattern, source);
    }
    if (!has_key_on(*peer, table.key)) {
        return fmt::format(
            "node {} has no primary key or unique index on exactly ({}), which node {} "
            "matches changes by; create one",
            target.name, fmt::join(table.key, ", "), source.name);
    }
    if (reason found = against_columns(table, target.name)) {
        return found;
    }
    if (reason found = against_origin_column(table, origin_column, source, target)) {
        return found;
    }
    return against_rights(*peer, target);
}

void check_patterns_match(node_catalog const& source, options const& set) {
    for (table_pattern const& pattern : set.tables) {
        bool const any =
            std::any_of(source.tables.begin(), source.tables.end(),
                        [&](table_info const& each) { return names(pattern, source, each); });
        if (!any) {
            throw config_error{
                fmt::format("--tables '{}' matches no table on node {} (database {}); "
                            "names without schema mean public",
                            pattern.text, source.name, source.database_name)};
        }
    }
}

// What a peer is taken to be.
node_catalog stand_in(node_catalog const& ours, std::string const& name) {
    node_catalog made = ours;
    made.name = name;
    made.role.bypass_row_security = true;
    made.role.set_replica_role = true;
    return made;
}

// What `other` leaves out, `mine` leaves out too.
void leave_out_with(table_choice& mine, table_choice const& other) {
    for (left_out_table const& out : other.left_out) {
        auto const same = [&out](chosen_table const& each) {
            return each.source.display() == out.table;
        };
        if (std::erase_if(mine.synced, same) > 0) {
            mine.left_out.push_back(out);
        }
    }
}

} // namespace

table_choice choose_tables(node_catalog const& source, node_catalog const& target,
                           options const& set) {
    table_choice choice{source.name, target.name, {}, {}};
    for (table_info const& each : source.tables) {
        table_pattern const* const pattern = first_naming(set.tables, source, each);
        bool const wanted = set.tables.empty() || pattern != nullptr;
        if (each.kind == 'p' || !wanted || first_naming(set.exclude, source, each) != nullptr) {
            continue; // a partitioned table is synced by its leaves
        }
        chosen_table table;
        table.source = each;
        if (pattern != nullptr) {
            table.column_list = pattern->columns;
            table.where = pattern->where;
        }
        if (reason const why = judge(table, pattern, source, target, set.origin_column)) {
            choice.left_out.push_back({each.display(), *why, against_kind(each).has_value()});
            continue;
        }
        choice.synced.push_back(std::move(table));
    }
    return choice;
}

std::vector<table_choice> choose_all(std::vector<node_catalog> const& nodes, options const& set) {
    std::vector<table_choice> all;
    for (direction_names const& each : directions(set)) {
        node_catalog const* source = find_catalog(nodes, each.source);
        node_catalog const* target = find_catalog(nodes, each.target);
        std::optional<node_catalog> peer;
        if (source == nullptr || target == nullptr) {
            peer = stand_in(source == nullptr ? *target : *source,
                            source == nullptr ? each.source : each.target);
            (source == nullptr ? source : target) = &*peer;
        }
        check_patterns_match(*source, set);
        all.push_back(choose_tables(*source, *target, set));
    }
    for (table_choice& mine : all) {
        for (table_choice const& other : all) {
            if (mine.source == other.target && mine.target == other.source) {
                leave_out_with(mine, other);
            }
        }
    }
    return all;
}

chosen_policy choose_policy(std::vector<node_catalog> const& nodes, options const& set) {
    constexpr int versions_since_major = 14; // pg_xact_commit_timestamp_origin()
    std::string why;
    for (node_catalog const& node : nodes) {
        if (node.major() < versions_since_major) {
            why = fmt::format("node {} is PostgreSQL {}, before 14", node.name, node.major());
        } else if (!node.track_commit_timestamp) {
            why = fmt::format("node {} has track_commit_timestamp off", node.name);
        } else {
            continue;
        }
        break;
    }
    if (why.empty() && !set.origin_column.empty()) {
        why = "--origin-column: rows do not tell by an origin who wrote them";
    }
    if (why.empty()) {
        return {set.conflict.value_or(conflict_policy::last_update_wins), {}};
    }
    if (set.conflict.value_or(conflict_policy::apply_remote) != conflict_policy::apply_remote) {
        throw config_error{fmt::format("--conflict {} is not possible: {}; use "
                                       "--conflict apply-remote, or cure that",
                                       policy_text(*set.conflict, set.winner), why)};
    }
    for (table_policy const& each : set.table_conflicts) {
        if (each.policy != conflict_policy::apply_remote) {
            throw config_error{
                fmt::format("--table-conflict {} is not possible: {}", policy_text(each), why)};
        }
    }
    return {conflict_policy::apply_remote, why};
}

node_catalog const* find_catalog(std::vector<node_catalog> const& nodes,
                                 std::string const& name) noexcept {
    auto const found = std::ranges::find(nodes, name, &node_catalog::name);
    return found == nodes.end() ? nullptr : &*found;
}

node_catalog const& catalog_of(std::vector<node_catalog> const& nodes, std::string const& name) {
    auto const* const found = find_catalog(nodes, name);
    TANDEM_ASSERT(found != nullptr);
    return *found;
}

} // namespace tandem::engine
