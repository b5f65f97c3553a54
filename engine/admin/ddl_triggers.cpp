#include "engine/admin/ddl_triggers.hpp"

#include "codecs/sql/ddl_functions.hpp"
#include "codecs/sql/quote.hpp"
#include "codecs/sql/schema.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tandem::engine {
namespace {

enum class which { whole, parts, all };

void add_patterns(std::vector<table_pattern> const& from, which wanted, nlohmann::json& to) {
    for (auto const& each : from) {
        bool const part = !each.columns.empty() || !each.where.empty();
        if (wanted == which::all || part == (wanted == which::parts)) {
            to.push_back({glob_regex(each.schema), glob_regex(each.table)});
        }
    }
}

} // namespace

std::string glob_regex(std::string_view glob) {
    std::string made = "^";
    auto const literally = [&made](char each) {
        if (std::string_view{"\\.+*?()[]{}|^$"}.find(each) != std::string_view::npos) {
            made += '\\';
        }
        made += each;
    };
    for (std::size_t at = 0; at < glob.size(); ++at) {
        if (glob[at] == '*') {
            made += ".*";
        } else if (glob[at] == '?') {
            made += '.';
        } else {
            at += glob[at] == '\\' && at + 1 < glob.size() ? 1 : 0;
            literally(glob[at]);
        }
    }
    return made + "$";
}

ddl_wish ddl_wish_of(options const& set) {
    ddl_wish wish;
    wish.carried = set.ddl && set.origin_column.empty();
    auto whole = nlohmann::json::array();
    auto parts = nlohmann::json::array();
    auto but = nlohmann::json::array();
    add_patterns(set.tables, which::whole, whole);
    add_patterns(set.tables, which::parts, parts);
    add_patterns(set.exclude, which::all, but);
    add_patterns(set.ddl_skips.objects, which::all, but);
    nlohmann::json const joining{
        {"tables", set.tables.empty() ? nlohmann::json{} : whole}, {"parts", parts}, {"but", but}};
    wish.joining = joining.dump();
    return wish;
}

std::vector<std::string> ddl_statements(node_catalog const& node, ddl_wish const& wish,
                                        std::vector<std::string>& hints) {
    auto const& found = node.installed;
    std::vector<std::string> statements;
    if (!wish.carried) {
        return found.ddl_triggers ? sql::drop_ddl_trigger_statements() : statements;
    }
    if (!node.role.superuser && !found.ddl_triggers) {
        hints.push_back(fmt::format(
            "node {}: its DDL is not carried: event triggers need a superuser; run 'tandem init' as one, or "
            "give --ddl off",
            node.name));
        return found.tells ? statements : sql::ddl_tell_statements(node.server_version);
    }
    bool const same =
        !found.joining.empty() &&
        nlohmann::json::parse(found.joining, nullptr, false) == nlohmann::json::parse(wish.joining);
    if (!same) {
        statements.push_back(
            fmt::format("UPDATE tandem.meta SET joining = {}", sql::literal(wish.joining)));
    }
    bool const older = found.schema_version.value_or(sql::schema_version) < sql::schema_version;
    std::vector<std::string> triggers;
    if (!found.ddl_triggers) {
        triggers = sql::ddl_trigger_statements(node.server_version);
    } else if (older && node.role.superuser) {
        triggers = sql::ddl_trigger_functions(node.server_version);
        triggers.emplace_back("SELECT tandem.note_shapes()"); // objects show more than they did
    } else if (older) {
        hints.push_back(fmt::format(
            "node {}: its event triggers stay as an older tandem made them: run 'tandem init' as a superuser",
            node.name));
    }
    statements.insert(statements.end(), triggers.begin(), triggers.end());
    return statements;
}

} // namespace tandem::engine
