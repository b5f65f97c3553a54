#include "engine/admin/origin_column.hpp"

#include "codecs/sql/quote.hpp"
#include "engine/core/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace tandem::engine {
namespace {

// After the users' own: they run in the order of their names, and the last word on the column is ours.
constexpr char const* trigger_name = "zzz_tandem_origin";

bool holds_names(column_info const& column) {
    return column.type_name == "text" || column.type_name == "character varying" ||
           column.type_name == "name";
}

std::optional<std::string> against(table_info const& table, std::string const& column,
                                   std::string const& node) {
    column_info const* const found = table.column(column);
    if (found == nullptr) {
        return fmt::format("it has no column {} on node {}, which --origin-column names; ALTER "
                           "TABLE {} ADD COLUMN {} text",
                           shown_identifier(column), node, table.display(),
                           shown_identifier(column));
    }
    if (!holds_names(*found) || found->generated) {
        return fmt::format(
            "its column {} on node {}, which --origin-column names, is {}{}; make it "
            "text",
            shown_identifier(column), node, found->generated ? "generated " : "", found->type_name);
    }
    for (key_info const& key : table.keys) {
        if (std::ranges::find(key.columns, column) != key.columns.end()) {
            return fmt::format("its column {}, which --origin-column names, is part of key {} on "
                               "node {}; name a column of no key",
                               shown_identifier(column), shown_identifier(key.index), node);
        }
    }
    return std::nullopt;
}

std::string stamp_function(std::string const& column, std::string const& node) {
    return fmt::format(
        "CREATE OR REPLACE FUNCTION tandem.stamp_origin() RETURNS trigger LANGUAGE plpgsql AS $body$\n"
        "BEGIN\n"
        "    NEW.{} := coalesce(nullif(pg_catalog.current_setting('tandem.origin', true), ''), {});\n"
        "    RETURN NEW;\n"
        "END\n"
        "$body$",
        sql::identifier(column), sql::literal(node));
}

// Tables that take part in a direction from or to the node, each once, as they are there.
std::vector<table_info const*> tables_of(node_catalog const& node,
                                         std::vector<table_choice> const& choices) {
    std::vector<table_info const*> found;
    std::set<oid> seen;
    for (table_choice const& choice : choices) {
        if (choice.source != node.name && choice.target != node.name) {
            continue;
        }
        for (chosen_table const& each : choice.synced) {
            table_info const* const here = node.table(each.source.schema, each.source.name);
            if (here != nullptr && seen.insert(here->id).second) {
                found.push_back(here);
            }
        }
    }
    return found;
}

} // namespace

std::optional<std::string> against_origin_column(chosen_table const& table,
                                                 std::string const& column,
                                                 node_catalog const& source,
                                                 node_catalog const& target) {
    if (column.empty()) {
        return std::nullopt;
    }
    auto const why = against(table.source, column, source.name);
    return why ? why : against(table.target, column, target.name);
}

namespace {

std::string publish_progress() {
    return fmt::format("ALTER PUBLICATION {} ADD TABLE ONLY tandem.progress", publication_name);
}

} // namespace

std::vector<std::string> origin_column_statements(node_catalog const& node,
                                                  std::vector<table_choice> const& choices,
                                                  std::string const& column,
                                                  bool publication_is_new, bool tells_seen) {
    installation_info const& installed = node.installed;
    bool const publishes = publication_is_new || installed.publication.has_value();
    std::vector<std::string> statements;
    if (column.empty()) {
        if (!installed.origin_column.empty()) {
            statements.emplace_back("DROP FUNCTION IF EXISTS tandem.stamp_origin() CASCADE");
            statements.emplace_back("UPDATE tandem.meta SET origin_column = NULL");
        }
        if (installed.progress_published && !tells_seen) {
            statements.push_back(
                fmt::format("ALTER PUBLICATION {} DROP TABLE tandem.progress", publication_name));
        } else if (publishes && !installed.progress_published && tells_seen) {
            statements.push_back(publish_progress());
        }
        return statements;
    }
    if (installed.origin_column != column) {
        statements.push_back(stamp_function(column, node.name));
        statements.push_back(
            fmt::format("UPDATE tandem.meta SET origin_column = {}", sql::literal(column)));
    }
    for (table_info const* const table : tables_of(node, choices)) {
        if (!table->stamps_origin) {
            std::string const name = sql::qualified(table->schema, table->name);
            statements.push_back(
                fmt::format("CREATE TRIGGER {} BEFORE INSERT OR UPDATE ON {} FOR EACH ROW EXECUTE "
                            "FUNCTION tandem.stamp_origin()",
                            trigger_name, name));
            statements.push_back(
                fmt::format("ALTER TABLE {} ENABLE ALWAYS TRIGGER {}", name, trigger_name));
        }
    }
    if (publishes && !installed.progress_published) {
        statements.push_back(publish_progress());
    }
    return statements;
}

std::optional<std::string> set_up_otherwise(node_catalog const& node, options const& set) {
    auto const policy = set.conflict.value_or(conflict_policy::last_update_wins);
    if (tells_seen(set, policy) && node.installed.publication &&
        !node.installed.progress_published) {
        return fmt::format(
            "node {} was set up for another --conflict or --table-conflict: its stream does not tell what its writers had "
            "seen; run 'tandem init' with this one (or run --init)",
            node.name);
    }
    std::string const& column = set.origin_column;
    std::string const& found = node.installed.origin_column;
    if (!node.installed.schema_version || found == column) {
        return std::nullopt;
    }
    std::string const was =
        found.empty() ? "replication origins" : fmt::format("--origin-column {}", found);
    return fmt::format(
        "node {} was set up with {}; {}, or run 'tandem init' as it is to be (or run "
        "--init)",
        node.name, was,
        found.empty() ? "leave --origin-column out"
                      : fmt::format("give --origin-column {}", found));
}

} // namespace tandem::engine
