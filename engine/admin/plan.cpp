#include "engine/admin/plan.hpp"

#include "codecs/sql/ddl_statements.hpp"
#include "codecs/sql/quote.hpp"
#include "codecs/sql/schema.hpp"
#include "engine/admin/origin_column.hpp"
#include "engine/config/error.hpp"
#include "engine/core/names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace tandem::engine {
namespace {

constexpr int via_root_since_major = 13;

// ONLY "schema"."table" ("a", "b") WHERE (condition)
std::string published_as(chosen_table const& table) {
    std::string text = "ONLY " + sql::qualified(table.source.schema, table.source.name);
    if (!table.column_list.empty()) {
        std::vector<std::string> names;
        for (std::string const& each : table.column_list) {
            names.push_back(sql::identifier(each));
        }
        text += fmt::format(" ({})", fmt::join(names, ", "));
    }
    if (!table.where.empty()) {
        text += fmt::format(" WHERE ({})", table.where);
    }
    return text;
}

std::string publication_options(int major) {
    return fmt::format("publish = 'insert, update, delete, truncate'{}",
                       major >= via_root_since_major ? ", publish_via_partition_root = false" : "");
}

bool options_right(publication_info const& found) noexcept {
    return found.insert && found.update && found.remove && found.truncate && !found.via_root;
}

bool same_extras(chosen_table const& wanted, published_table const& found) {
    std::set<std::string> const list{wanted.column_list.begin(), wanted.column_list.end()};
    return list == std::set<std::string>{found.columns.begin(), found.columns.end()} &&
           wanted.where == found.where;
}

published_table const* find_published(node_catalog const& node, oid table) {
    if (!node.installed.publication) {
        return nullptr;
    }
    auto const& all = node.installed.publication->tables;
    auto const found = std::find_if(
        all.begin(), all.end(), [table](published_table const& each) { return each.id == table; });
    return found == all.end() ? nullptr : &*found;
}

void plan_schema(node_catalog const& node, node_plan& plan) {
    auto const& installed = node.installed;
    if (!installed.schema_version) {
        plan.install = sql::install_statements(node.server_version);
        plan.install.push_back(fmt::format(
            "INSERT INTO tandem.meta (schema_version, node, incarnation) VALUES ({}, {}, "
            "md5(random()::text || clock_timestamp()::text))",
            sql::schema_version, sql::literal(node.name)));
        plan.creates_schema = true;
        return;
    }
    if (*installed.schema_version < sql::schema_version) {
        plan.install = sql::migration_statements(*installed.schema_version, node.server_version);
        plan.install.push_back(
            fmt::format("UPDATE tandem.meta SET schema_version = {}", sql::schema_version));
    }
}

void plan_new_publication(node_catalog const& node, table_choice const& choice, node_plan& plan) {
    std::vector<std::string> tables;
    for (chosen_table const& each : choice.synced) {
        tables.push_back(published_as(each));
    }
    plan.install.push_back(fmt::format("CREATE PUBLICATION {} FOR TABLE {} WITH ({})",
                                       publication_name, fmt::join(tables, ", "),
                                       publication_options(node.major())));
    plan.creates_publication = true;
}

// It looks otherwise at the other end, or is not there yet: what makes both equal is in the streams.
bool on_its_way(table_choice const& choice, table_info const& table) {
    return std::ranges::any_of(choice.left_out, [&](left_out_table const& each) {
        return !each.by_nature && each.table == table.display();
    });
}

void plan_publication(node_catalog const& node, table_choice const& choice, ddl_wish const& ddl,
                      node_plan& plan) {
    if (!node.installed.publication) {
        plan_new_publication(node, choice, plan);
        return;
    }
    publication_info const& found = *node.installed.publication;
    if (found.all_tables) {
        throw config_error{
            fmt::format("node {}: publication {} is FOR ALL TABLES and was not made by "
                        "tandem; drop or rename it",
                        node.name, publication_name)};
    }
    if (!options_right(found)) {
        plan.install.push_back(fmt::format("ALTER PUBLICATION {} SET ({})", publication_name,
                                           publication_options(node.major())));
    }
    std::set<oid> wanted;
    for (chosen_table const& each : choice.synced) {
        wanted.insert(each.source.id);
        published_table const* const there = find_published(node, each.source.id);
        if (there != nullptr && same_extras(each, *there)) {
            continue;
        }
        std::string const name = sql::qualified(each.source.schema, each.source.name);
        std::string change =
            fmt::format("ALTER PUBLICATION {} ADD TABLE {}", publication_name, published_as(each));
        if (there != nullptr) { // another column list or filter: out and in, in one transaction
            plan.changed.push_back(each.source.display());
            change = fmt::format("ALTER PUBLICATION {} DROP TABLE {}; {}", publication_name, name,
                                 change);
        }
        plan.additions.push_back(
            {each.source.display(),
             fmt::format("LOCK TABLE ONLY {} IN SHARE ROW EXCLUSIVE MODE", name),
             std::move(change)});
    }
    for (published_table const& each : found.tables) {
        table_info const* const table = node.table(each.id);
        bool const stays = table != nullptr && ddl.carried && node.installed.ddl_triggers &&
                           on_its_way(choice, *table);
        if (wanted.count(each.id) == 0 && table != nullptr && !stays) {
            plan.removed.push_back(table->display());
            plan.install.push_back(fmt::format("ALTER PUBLICATION {} DROP TABLE {}",
                                               publication_name,
                                               sql::qualified(table->schema, table->name)));
        }
    }
}

bool has_slot(node_catalog const& node, std::string const& name) {
    return std::ranges::find(node.installed.slots, name, &slot_info::name) !=
           node.installed.slots.end();
}

bool has_origin(node_catalog const& node, std::string const& name) {
    return std::ranges::find(node.installed.origins, name) != node.installed.origins.end();
}

bool has_progress(node_catalog const& node, std::string const& stream) {
    return std::ranges::find(node.installed.progress, stream, &progress_info::stream) !=
           node.installed.progress.end();
}

// A slot made anew would begin now and hide what happened since: `run` names the gap.
std::string slot_is_gone(stream_plan const& plan, std::string const& told_by) {
    return fmt::format(
        "node {}: slot {} is gone although node {} has progress of it: changes since then are "
        "missing; compare with 'tandem verify', then 'tandem destroy --yes' and 'tandem init'",
        plan.source, plan.slot, told_by);
}

stream_plan plan_stream(node_catalog const& source, node_catalog const& target,
                        table_choice const& choice, std::vector<std::string>& notes) {
    stream_plan plan;
    plan.source = source.name;
    plan.target = target.name;
    plan.slot = slot_name(source.name, target.name, source.database);
    plan.origin = origin_name(target.database, source.name);
    plan.create_origin = !has_origin(target, plan.origin);
    bool const slot = has_slot(source, plan.slot);
    bool const progress = has_progress(target, source.name);
    if (progress && !slot) {
        notes.push_back(slot_is_gone(plan, target.name));
    } else {
        plan.create_progress = !progress;
        plan.create_slot = !progress;
        plan.drop_slot = slot && !progress;
    }
    for (chosen_table const& each : choice.synced) {
        if (plan.create_slot || find_published(source, each.source.id) == nullptr) {
            plan.to_compare.push_back(each);
        }
    }
    return plan;
}

stream_plan plan_sending(node_catalog const& source, std::string const& target,
                         std::vector<std::string>& notes) {
    stream_plan plan;
    plan.source = source.name;
    plan.target = target;
    plan.target_here = false;
    plan.slot = slot_name(source.name, target, source.database);
    bool const slot = has_slot(source, plan.slot);
    bool const begun =
        std::ranges::find(source.installed.sending, target) != source.installed.sending.end();
    if (begun && !slot) {
        notes.push_back(slot_is_gone(plan, source.name));
    }
    plan.create_slot = !begun && !slot;
    return plan;
}

stream_plan plan_receiving(std::string const& source, node_catalog const& target) {
    stream_plan plan;
    plan.source = source;
    plan.target = target.name;
    plan.source_here = false;
    plan.origin = origin_name(target.database, source);
    plan.create_origin = !has_origin(target, plan.origin);
    plan.create_progress = !has_progress(target, source);
    return plan;
}

} // namespace

bool init_plan::empty() const noexcept {
    return std::all_of(nodes.begin(), nodes.end(),
                       [](node_plan const& each) { return each.empty(); }) &&
           std::all_of(streams.begin(), streams.end(),
                       [](stream_plan const& each) { return each.empty(); });
}

init_plan plan_init(std::vector<node_catalog> const& nodes,
                    std::vector<table_choice> const& choices, std::string const& origin_column,
                    bool tells_seen, ddl_wish const& ddl) {
    init_plan plan;
    plan.with_origins = origin_column.empty();
    for (node_catalog const& node : nodes) {
        node_plan part;
        part.node = node.name;
        plan_schema(node, part);
        for (table_choice const& choice : choices) {
            if (choice.source == node.name) {
                plan_publication(node, choice, ddl, part);
            }
        }
        auto const column = origin_column_statements(node, choices, origin_column,
                                                     part.creates_publication, tells_seen);
        part.install.insert(part.install.end(), column.begin(), column.end());
        bool const publishes = std::ranges::any_of(
            choices, [&](table_choice const& each) { return each.source == node.name; });
        if (publishes) {
            auto const triggers = ddl_statements(node, ddl, plan.hints);
            part.install.insert(part.install.end(), triggers.begin(), triggers.end());
        }
        plan.nodes.push_back(std::move(part));
    }
    for (table_choice const& choice : choices) {
        auto const* const source = find_catalog(nodes, choice.source);
        auto const* const target = find_catalog(nodes, choice.target);
        plan.streams.push_back(target == nullptr ? plan_sending(*source, choice.target, plan.notes)
                               : source == nullptr
                                   ? plan_receiving(choice.source, *target)
                                   : plan_stream(*source, *target, choice, plan.notes));
        plan.streams.back().create_origin = plan.with_origins && plan.streams.back().create_origin;
    }
    return plan;
}

void keep_published(table_choice& choice, node_catalog const& source) {
    std::vector<chosen_table> kept;
    for (chosen_table& each : choice.synced) {
        if (find_published(source, each.source.id) != nullptr) {
            kept.push_back(std::move(each));
        } else {
            choice.left_out.push_back({each.source.display(),
                                       "it is not set up yet: run 'tandem init' (or run --init)",
                                       false});
        }
    }
    choice.synced = std::move(kept);
}

std::string progress_statement(node_catalog const& source, std::string const& start) {
    return fmt::format(
        "{}INSERT INTO tandem.progress (stream, lane, start_lsn, system_id, timeline, "
        "incarnation) VALUES ({}, 0, {}, {}, {}, {})",
        sql::all_is_seen, sql::literal(source.name), start, sql::literal(source.system_id),
        source.timeline,
        source.installed.incarnation.empty() ? "NULL" : sql::literal(source.installed.incarnation));
}

std::string open_progress_statement(std::string const& source) {
    return fmt::format("{}INSERT INTO tandem.progress (stream, lane) VALUES ({}, 0)",
                       sql::all_is_seen, sql::literal(source));
}

std::string sending_statement(std::string const& target, std::string const& start, bool together) {
    return fmt::format(
        "INSERT INTO tandem.sending (peer, epoch, owner, tokens, start_lsn, reader) SELECT {}, 0, '', "
        "ARRAY[incarnation], {}, {} FROM tandem.meta ON CONFLICT (peer) DO UPDATE SET start_lsn = "
        "excluded.start_lsn, reader = excluded.reader",
        sql::literal(target), start, together ? "''" : "NULL");
}

std::vector<slot_info> own_slots(node_catalog const& node) {
    std::vector<slot_info> own;
    std::string const start = "tandem_" + node.name + "_";
    std::string const end = "_" + std::to_string(node.database.value);
    for (slot_info const& each : node.installed.slots) {
        if (each.name.starts_with(start) && each.name.ends_with(end)) {
            own.push_back(each);
        }
    }
    return own;
}

std::vector<std::string> destroy_statements(node_catalog const& node) {
    std::vector<std::string> statements;
    for (slot_info const& each : own_slots(node)) {
        statements.push_back(
            fmt::format("SELECT pg_drop_replication_slot({})", sql::literal(each.name)));
    }
    std::string const origin_start = fmt::format("tandem_{}_", node.database.value);
    for (std::string const& each : node.installed.origins) {
        if (each.starts_with(origin_start) || each == resent_origin_name(node.database) ||
            each == silent_origin_name(node.database)) {
            statements.push_back(
                fmt::format("SELECT pg_replication_origin_drop({})", sql::literal(each)));
        }
    }
    if (node.installed.publication) {
        statements.push_back(fmt::format("DROP PUBLICATION {}", publication_name));
    }
    if (node.installed.schema_version) {
        statements.push_back(fmt::format("DROP SCHEMA {} CASCADE", schema_name));
    }
    return statements;
}

} // namespace tandem::engine
