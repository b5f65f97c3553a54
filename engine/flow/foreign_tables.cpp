#include "engine/flow/foreign_tables.hpp"

#include "engine/flow/catalog_types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tandem::engine {
namespace {

constexpr char const* columns_of =
    "SELECT c.oid, a.attname, a.atttypid, a.atttypmod, EXISTS (SELECT 1 FROM pg_index AS i CROSS JOIN LATERAL "
    "unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place) WHERE i.indrelid = c.oid AND i.indisprimary AND "
    "k.attnum = a.attnum AND k.place <= i.indnkeyatts) FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = "
    "a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2 AND "
    "c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

} // namespace

foreign_table const* foreign_tables::find(foreign_rows::target const& name) const {
    auto const at = tables_.find({name.schema, name.table});
    return at == tables_.end() ? nullptr : at->second.get();
}

io::awaitable<outcome_of<void>> foreign_tables::read_types() {
    auto found = co_await read_user_types(node_, catalog_);
    if (!found) {
        co_return found.error();
    }
    types_ = std::move(*found);
    has_types_ = true;
    co_return boost::system::in_place_value;
}

io::awaitable<outcome_of<foreign_table const*>> foreign_tables::read(foreign_rows::target name,
                                                                     bool needs_key) {
    if (!has_types_) {
        auto ready = co_await read_types();
        if (!ready) {
            co_return ready.error();
        }
    }
    io::pg::parameters values;
    values.emplace_back(name.schema);
    values.emplace_back(name.table);
    auto found = co_await catalog_.query(columns_of, std::move(values));
    if (!found) {
        co_return retry_after(node_, "reading a table's columns", found.error());
    }
    if (found->empty()) {
        co_return failure{next_step::paused,
                          fmt::format("node {} has no table {}.{}: create it there, then start "
                                      "tandem again",
                                      node_, name.schema, name.table)};
    }
    auto made = std::make_unique<foreign_table>();
    made->shape.id = {oid_in(*found, 0, 0)};
    made->shape.schema = name.schema;
    made->shape.name = name.table;
    for (int row = 0; row < found->size(); ++row) {
        pgoutput::column_shape column;
        column.name = found->text(row, 1);
        column.type = {oid_in(*found, row, 2)};
        column.type_modifier = static_cast<std::int32_t>(found->integer(row, 3));
        column.key = found->boolean(row, 4);
        made->types.push_back(event::resolve(column.type, column.type_modifier, types_));
        made->shape.columns.push_back(std::move(column));
    }
    if (needs_key && !std::ranges::any_of(made->shape.columns, &pgoutput::column_shape::key)) {
        co_return failure{
            next_step::paused,
            fmt::format("table {}.{} of node {} has no primary key: give it one, then "
                        "start tandem again",
                        name.schema, name.table, node_)};
    }
    auto const* const known = made.get();
    tables_[{std::move(name.schema), std::move(name.table)}] = std::move(made);
    co_return known;
}

} // namespace tandem::engine
