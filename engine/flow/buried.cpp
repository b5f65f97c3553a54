#include "engine/flow/buried.hpp"

#include "codecs/sql/quote.hpp"

#include <fmt/format.h>

#include <utility>

namespace tandem::engine {

io::awaitable<outcome_of<void>> look_for_buried(direction_link& link, io::pg::connection& source) {
    auto& memory = link.memory;
    if (!link.setup.conflicts.any_guarded() || link.setup.source_version < 140000 ||
        link.setup.target_version < 140000 || !memory.buried.empty()) {
        co_return boost::system::in_place_value;
    }
    constexpr auto at_a_start = 10'000; // conflicts
    constexpr auto at_once = 500;
    io::pg::parameters since;
    since.emplace_back(link.setup.target.name);
    since.emplace_back(std::to_string(memory.buried_up_to.value_or(0)));
    auto const last = co_await source.query(
        "SELECT max(id) FROM tandem.conflict WHERE incoming_node = $1 AND id > $2::bigint",
        std::move(since));
    if (!last) {
        co_return retry_after(link.setup.source.name, "reading tandem.conflict", last.error());
    }
    if (last->null(0, 0)) {
        memory.buried_up_to = memory.buried_up_to.value_or(0);
        co_return boost::system::in_place_value;
    }
    auto const newest = last->integer(0, 0);
    auto const from = memory.buried_up_to.value_or(newest - at_a_start);
    io::pg::parameters values;
    values.emplace_back(link.setup.target.name);
    values.emplace_back(link.setup.source.name);
    values.emplace_back(std::to_string(from));
    values.emplace_back(std::to_string(newest));
    auto const got = co_await source.query(
        fmt::format(
            "SELECT id, schema_name, table_name, key::text, incoming::text, "
            "incoming_at::text, CASE WHEN existing_node = $2 THEN (extract(epoch FROM "
            "existing_at) * 1000000)::bigint END FROM tandem.conflict WHERE id > $3::bigint AND id <= "
            "$4::bigint AND type = 'update_deleted' AND incoming_node = $1 AND winner = $2 "
            "AND jsonb_typeof(incoming) = 'object' ORDER BY id LIMIT {}",
            at_once),
        std::move(values));
    if (!got) {
        co_return retry_after(link.setup.source.name, "reading tandem.conflict", got.error());
    }
    memory.buried_up_to = newest;
    for (int row = 0; row < got->size(); ++row) {
        memory.buried.push_back(
            {std::string{got->text(row, 1)}, std::string{got->text(row, 2)},
             std::string{got->text(row, 3)}, std::string{got->text(row, 4)},
             std::string{got->text(row, 5)},
             got->null(row, 6) ? pg_time{} : pg_time::from_unix_us(got->integer(row, 6))});
    }
    if (got->size() == at_once) {
        memory.buried_up_to = got->integer(at_once - 1, 0);
    }
    if (!memory.buried.empty()) {
        link.arrived.notify();
    }
    co_return boost::system::in_place_value;
}

std::string bury(buried_version const& what) {
    return fmt::format("SELECT tandem.bury({}, {}, {}, {}, {})", sql::literal(what.schema),
                       sql::literal(what.table), sql::literal(what.key), sql::literal(what.row),
                       sql::literal(what.at));
}

} // namespace tandem::engine
