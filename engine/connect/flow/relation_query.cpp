#include "engine/connect/flow/relation_query.hpp"

#include "codecs/sql/quote.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <utility>

namespace tandem::connect {
namespace {

// As pgoutput describes a relation: without generated columns.
constexpr char const* relation_columns =
    "SELECT c.oid, c.relreplident, a.attname, a.atttypid, a.atttypmod FROM pg_class AS c JOIN pg_namespace AS n ON "
    "n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid WHERE n.nspname = {} AND c.relname = {} AND "
    "a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum";

} // namespace

std::string published_query(std::string const& publication) {
    return fmt::format(
        "SELECT schemaname, tablename FROM pg_publication_tables WHERE pubname = {} ORDER BY 1, 2",
        sql::literal(publication));
}

std::string relation_query(std::string const& schema, std::string const& name) {
    return fmt::format(relation_columns, sql::literal(schema), sql::literal(name));
}

pgoutput::relation_ptr relation_of(io::pg::rows const& found, std::string schema,
                                   std::string name) {
    auto made = std::make_shared<pgoutput::relation_shape>();
    made->schema = std::move(schema);
    made->name = std::move(name);
    for (int row = 0; row < found.size(); ++row) {
        made->id = {static_cast<std::uint32_t>(found.integer(row, 0))};
        made->replica_identity = found.text(row, 1).front();
        pgoutput::column_shape column;
        column.name = found.text(row, 2);
        column.type = {static_cast<std::uint32_t>(found.integer(row, 3))};
        column.type_modifier = static_cast<std::int32_t>(found.integer(row, 4));
        made->columns.push_back(std::move(column));
    }
    return made;
}

} // namespace tandem::connect
