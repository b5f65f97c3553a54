#include "codecs/sql/quote.hpp"
#include "engine/admin/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace tandem::engine {
namespace {

constexpr char const* origin_functions[] = {
    "pg_replication_origin_create(text)",
    "pg_replication_origin_drop(text)",
    "pg_replication_origin_oid(text)",
    "pg_replication_origin_session_setup(text)",
    "pg_replication_origin_session_reset()",
    "pg_replication_origin_session_is_setup()",
    "pg_replication_origin_xact_setup(pg_lsn, timestamptz)",
    "pg_replication_origin_xact_reset()",
};

} // namespace

std::vector<std::string> grants_for(node_catalog const& node, std::string const& role,
                                    bool missing_only, bool with_origins) {
    std::vector<std::string> grants;
    role_info const& has = node.role;
    std::string const to = sql::identifier(role);
    auto const needed = [missing_only](bool held) { return !missing_only || !held; };
    if (needed(has.replication)) {
        grants.push_back(fmt::format("ALTER ROLE {} REPLICATION", to));
    }
    if (needed(has.create_in_database)) {
        grants.push_back(fmt::format("GRANT CREATE ON DATABASE {} TO {}",
                                     sql::identifier(node.database_name), to));
    }
    std::set<std::string> owners;
    for (table_info const& table : node.tables) {
        if (needed(table.member_of_owner) && table.owner != role) {
            owners.insert(table.owner);
        }
    }
    for (std::string const& owner : owners) {
        grants.push_back(fmt::format("GRANT {} TO {}", sql::identifier(owner), to));
    }
    std::set<std::string> schemas;
    for (table_info const& table : node.tables) {
        if (needed(table.schema_usable)) {
            schemas.insert(table.schema);
        }
    }
    for (std::string const& schema : schemas) {
        grants.push_back(
            fmt::format("GRANT USAGE ON SCHEMA {} TO {}", sql::identifier(schema), to));
    }
    if (with_origins && node.major() >= 14 && needed(has.use_origins)) {
        for (char const* const function : origin_functions) {
            grants.push_back(
                fmt::format("GRANT EXECUTE ON FUNCTION pg_catalog.{} TO {}", function, to));
        }
    }
    if (node.major() >= 15 && needed(has.set_replica_role)) {
        grants.push_back(fmt::format("GRANT SET ON PARAMETER session_replication_role TO {}", to));
    }
    bool const row_security = std::any_of(node.tables.begin(), node.tables.end(),
                                          [](table_info const& each) { return each.row_security; });
    if (row_security && needed(has.bypass_row_security)) {
        grants.push_back(fmt::format("ALTER ROLE {} BYPASSRLS", to));
    }
    return grants;
}

} // namespace tandem::engine
