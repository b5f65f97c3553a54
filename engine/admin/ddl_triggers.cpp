#include "engine/admin/ddl_triggers.hpp"

#include "codecs/sql/ddl_functions.hpp"
#include "codecs/sql/quote.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tandem::engine {
namespace {

constexpr int messages_since_major = 14;

nlohmann::json patterns(std::vector<table_pattern> const& from, bool with_parts) {
    auto made = nlohmann::json::array();
    for (auto const& each : from) {
        if (with_parts || (each.columns.empty() && each.where.empty())) {
            made.push_back({glob_regex(each.schema), glob_regex(each.table)});
        }
    }
    return made;
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
    nlohmann::json const joining{
        {"tables", set.tables.empty() ? nlohmann::json{} : patterns(set.tables, false)},
        {"but", patterns(set.exclude, true)}};
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
    if (node.major() < messages_since_major) {
        hints.push_back(fmt::format("node {}: its DDL is not carried: that needs PostgreSQL {}",
                                    node.name, messages_since_major));
        return statements;
    }
    if (!node.role.superuser && !found.ddl_triggers) {
        hints.push_back(fmt::format(
            "node {}: its DDL is not carried: event triggers need a superuser; run 'tandem init' as one, or "
            "give --ddl off",
            node.name));
        return statements;
    }
    bool const same =
        !found.joining.empty() &&
        nlohmann::json::parse(found.joining, nullptr, false) == nlohmann::json::parse(wish.joining);
    if (!same) {
        statements.push_back(
            fmt::format("UPDATE tandem.meta SET joining = {}", sql::literal(wish.joining)));
    }
    if (!found.ddl_triggers) {
        auto const triggers = sql::ddl_trigger_statements();
        statements.insert(statements.end(), triggers.begin(), triggers.end());
    }
    return statements;
}

} // namespace tandem::engine
