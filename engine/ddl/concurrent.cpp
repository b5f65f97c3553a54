#include "engine/ddl/concurrent.hpp"

#include "engine/ddl/shapes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <string_view>

namespace tandem::engine::ddl {
namespace {

constexpr std::array<std::string_view, 3> index_commands{"CREATE INDEX ", "CREATE UNIQUE INDEX ",
                                                         "DROP INDEX "};

} // namespace

std::optional<std::string> concurrent_form(std::string const& statement) {
    for (auto const command : index_commands) {
        if (statement.starts_with(command)) {
            return fmt::format("{}CONCURRENTLY {}", command, statement.substr(command.size()));
        }
    }
    return std::nullopt;
}

std::vector<std::string> concurrent_part(decision const& from) {
    std::vector<std::string> made;
    if (!from.against.empty()) {
        return made;
    }
    for (auto const& each : from.statements) {
        auto form = concurrent_form(each);
        if (!form) {
            break; // what stands behind it may need it
        }
        made.push_back(std::move(*form));
    }
    return made;
}

std::string invalid_remnants(object_change const& change) {
    std::vector<std::string> names;
    for (auto const& each : list(change.after, "indexes")) {
        names.push_back(sql::literal(text(each, "name")));
    }
    return fmt::format(
        "SELECT format('DROP INDEX CONCURRENTLY %I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index AS i JOIN "
        "pg_catalog.pg_class AS c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
        "WHERE n.nspname = {} AND c.relkind = 'i' AND NOT i.indisvalid AND c.relname = ANY (ARRAY[{}]::name[])",
        sql::literal(text(change.after, "schema")), fmt::join(names, ", "));
}

} // namespace tandem::engine::ddl
