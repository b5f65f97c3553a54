#include "engine/flow/synced_catalog.hpp"

#include "engine/flow/catalog_types.hpp"

#include <string>
#include <utility>

namespace tandem::engine {
namespace {

using transforms_ptr = std::unique_ptr<connect::row_transforms>;

constexpr char const* synced_columns =
    "SELECT n.nspname, c.relname, a.attname, a.attnotnull, coalesce(pg_get_expr(d.adbin, d.adrelid), ''), k.attnum IS "
    "NOT NULL FROM pg_publication_tables AS p JOIN pg_namespace AS n ON n.nspname = p.schemaname JOIN pg_class AS c ON "
    "c.relnamespace = n.oid AND c.relname = p.tablename JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 "
    "AND NOT a.attisdropped LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum LEFT JOIN pg_index "
    "AS i ON i.indrelid = c.oid AND i.indisprimary LEFT JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k "
    "(attnum, place) ON k.attnum = a.attnum AND k.place <= i.indnkeyatts WHERE p.pubname = 'tandem' AND "
    "p.schemaname <> 'tandem' ORDER BY c.oid, "
    "k.place";

} // namespace

io::awaitable<outcome_of<transforms_ptr>> open_row_transforms(direction_setup const& setup,
                                                              io::pg::connection& source) {
    if (setup.transforms == nullptr) {
        co_return transforms_ptr{};
    }
    connect::synced_catalog known;
    auto types = co_await read_user_types(setup.source.name, source);
    if (!types) {
        co_return types.error();
    }
    known.types = std::move(*types);
    io::pg::parameters none;
    auto const found = co_await source.query(synced_columns, std::move(none));
    if (!found) {
        co_return retry_after(setup.source.name, "asking for the columns of the synced tables",
                              found.error());
    }
    for (int row = 0; row < found->size(); ++row) {
        std::string schema{found->text(row, 0)};
        std::string table{found->text(row, 1)};
        std::string column{found->text(row, 2)};
        auto& facts = known.tables[{std::move(schema), std::move(table)}];
        if (found->boolean(row, 5)) {
            facts.key.push_back(column);
        }
        event::column_facts of{found->boolean(row, 3), std::string{found->text(row, 4)}};
        facts.columns.emplace(std::move(column), std::move(of));
    }
    co_return std::make_unique<connect::row_transforms>(
        *setup.transforms, setup.source.name, setup.source_database_name, std::move(known));
}

} // namespace tandem::engine
