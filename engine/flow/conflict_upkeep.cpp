#include "engine/flow/conflict_upkeep.hpp"

#include "engine/admin/masked_object.hpp"
#include "engine/core/conflict_types.hpp"
#include "engine/flow/orphans.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <string>
#include <utility>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;
using io::pg::parameters;

constexpr auto count_interval = 1s;
constexpr auto prune_interval = 10min;
constexpr int pruned_most = 10'000; // rows a statement

io::awaitable<outcome_of<void>> count_conflicts(direction_link& link, io::pg::connection& target,
                                                std::optional<long long>& last_id) {
    parameters values;
    values.emplace_back(std::to_string(last_id.value_or(0)));
    values.emplace_back(link.setup.source.name);
    auto got =
        co_await target.query("SELECT type, count(*), max(id) FROM tandem.conflict WHERE id > "
                              "$1::bigint AND incoming_node = $2 GROUP BY type",
                              std::move(values));
    if (!got) {
        co_return retry_after(link.setup.target.name, "counting conflicts", got.error());
    }
    bool const ours = last_id.has_value(); // what stood there before this process is not counted
    last_id = last_id.value_or(0);
    for (int row = 0; row < got->size(); ++row) {
        if (ours) {
            link.stats.count.conflicts[conflict_index(got->text(row, 0))].fetch_add(
                static_cast<std::uint64_t>(got->integer(row, 1)), std::memory_order_relaxed);
        }
        last_id = std::max(*last_id, static_cast<long long>(got->integer(row, 2)));
    }
    co_return boost::system::in_place_value;
}

std::string shown_key(change_tail const& tail, io::pg::rows const& of, int row) {
    std::string key{of.text(row, 5)};
    if (!tail.hides) {
        return key;
    }
    auto const hides = [&](std::string_view column) {
        return tail.hides(of.text(row, 8), of.text(row, 9), column);
    };
    return masked_object(std::move(key), hides).json;
}

// For those who look on, which changes it were: the newest few.
io::awaitable<outcome_of<void>> show_conflicts(direction_link& link, io::pg::connection& target,
                                               long long from) {
    parameters values;
    values.emplace_back(std::to_string(from));
    values.emplace_back(link.setup.source.name);
    auto got = co_await target.query(
        "SELECT id, (extract(epoch FROM at) * 1000000)::bigint, type, to_json(schema_name)::text, "
        "to_json(table_name)::text, key::text, winner, coalesce(position::text, ''), schema_name, table_name FROM tandem.conflict WHERE "
        "id > $1::bigint AND incoming_node = $2 ORDER BY id DESC LIMIT 50",
        std::move(values));
    if (!got) {
        co_return retry_after(link.setup.target.name, "reading conflicts", got.error());
    }
    for (int row = got->size() - 1; row >= 0; --row) {
        link.stats.tail->add(fmt::format(
            R"({{"at":{},"committed":{},"direction":"{}:{}","verdict":"conflict","op":"conflict","schema":{},"table":{},)"
            R"("xid":0,"position":"{}","key":{},"columns":[],"more":0,"conflict":"{}:{}","type":"{}","winner":"{}"}})",
            got->integer(row, 1), got->integer(row, 1), link.setup.source.name,
            link.setup.target.name, got->text(row, 3), got->text(row, 4), got->text(row, 7),
            shown_key(*link.stats.tail, *got, row), link.setup.target.name, got->integer(row, 0),
            got->text(row, 2), got->text(row, 6)));
    }
    co_return boost::system::in_place_value;
}

std::int64_t now_unix_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

// Two nodes that give the same number is no conflict of an application's making: their sequences overlap (R18).
io::awaitable<outcome_of<void>> look_for_overlap(direction_link& link, io::pg::connection& target,
                                                 long long from) {
    parameters values;
    values.emplace_back(std::to_string(from));
    values.emplace_back(link.setup.source.name);
    auto got = co_await target.query(
        "SELECT DISTINCT c.schema_name, c.table_name, a.attname FROM tandem.conflict AS c JOIN "
        "pg_namespace AS n ON n.nspname = c.schema_name JOIN pg_class AS t ON t.relnamespace = n.oid AND "
        "t.relname = c.table_name JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND "
        "NOT a.attisdropped AND c.key ? a.attname WHERE c.id > $1::bigint AND c.incoming_node = $2 AND "
        "c.type = 'insert_exists' AND c.winner <> c.incoming_node AND (a.attidentity <> '' OR EXISTS "
        "(SELECT FROM pg_attrdef AS d WHERE d.adrelid = t.oid AND d.adnum = a.attnum AND "
        "pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%'))",
        std::move(values));
    if (!got) {
        co_return retry_after(link.setup.target.name, "looking at conflicts", got.error());
    }
    for (int row = 0; row < got->size(); ++row) {
        auto const why = fmt::format(
            "both nodes gave the same value of {}.{}.{}: their sequences overlap; what lost is in "
            "tandem.conflict; `tandem init --ids stride` sets them apart",
            got->text(row, 0), got->text(row, 1), got->text(row, 2));
        if (link.stats.add_warning(why)) {
            spdlog::warn("{} -> {}: {}", link.setup.source.name, link.setup.target.name, why);
        }
    }
    co_return boost::system::in_place_value;
}

// The value says how many rows went.
io::awaitable<outcome_of<int>> prune_conflicts(direction_link& link, io::pg::connection& target) {
    parameters values;
    values.emplace_back(std::to_string(link.setup.conflict_retention.count()));
    values.emplace_back(link.setup.source.name);
    values.emplace_back(std::to_string(pruned_most));
    auto got = co_await target.query(
        "WITH gone AS (DELETE FROM tandem.conflict WHERE id IN (SELECT id FROM tandem.conflict WHERE "
        "at < clock_timestamp() - $1::bigint * interval '1 ms' AND incoming_node = $2 ORDER BY at LIMIT $3) RETURNING "
        "1) SELECT count(*) FROM gone",
        std::move(values));
    if (!got) {
        co_return retry_after(link.setup.target.name, "deleting old conflicts", got.error());
    }
    co_return static_cast<int>(got->integer(0, 0));
}

// What was altered here is still needed for changes of peers that were written before they heard of it.
io::awaitable<outcome_of<void>> prune_ddl(direction_link& link, io::pg::connection& target) {
    parameters values;
    values.emplace_back(std::to_string(link.setup.conflict_retention.count()));
    values.emplace_back(std::to_string(pruned_most));
    auto got = co_await target.query(
        "DELETE FROM tandem.ddl WHERE id IN (SELECT id FROM tandem.ddl WHERE ended <> 'paused' AND at < "
        "clock_timestamp() - greatest($1::bigint * interval '1 ms', interval '7 days') ORDER BY id LIMIT $2)",
        std::move(values));
    if (!got) {
        co_return retry_after(link.setup.target.name, "deleting old DDL", got.error());
    }
    co_return boost::system::in_place_value;
}

} // namespace

io::awaitable<outcome_of<void>> tend_conflicts(direction_link& link, io::pg::connection& target,
                                               conflict_upkeep& state) {
    auto const now = steady::now();
    if (link.conflicts_changed && now - state.counted >= count_interval) {
        state.counted = now;
        link.conflicts_changed = false;
        auto const inserts = conflict_index("insert_exists");
        auto const& seen = link.stats.count.conflicts[inserts];
        auto const before = seen.load(std::memory_order_relaxed);
        bool const ours = link.memory.conflicts_counted.has_value();
        auto const from = link.memory.conflicts_counted.value_or(0);
        auto counted = co_await count_conflicts(link, target, link.memory.conflicts_counted);
        if (counted && seen.load(std::memory_order_relaxed) > before) {
            counted = co_await look_for_overlap(link, target, from);
        }
        auto const* const tail = link.stats.tail;
        bool const grew = ours && link.memory.conflicts_counted.value_or(0) > from;
        if (counted && grew && tail != nullptr && tail->watched(now_unix_us())) {
            counted = co_await show_conflicts(link, target, from);
        }
        if (!counted) {
            co_return counted;
        }
    }
    if (link.setup.foreign_keys != orphan_policy::report && now - state.cured >= count_interval) {
        state.cured = now;
        auto cured = co_await cure_orphans(link, target);
        if (!cured) {
            co_return cured;
        }
    }
    if (link.setup.ddl && link.setup.ddl_told && now - state.sent_again >= count_interval) {
        state.sent_again = now;
        auto again = co_await target.execute("SELECT tandem.send_again()");
        if (!again && !passes_by_itself(again.error())) {
            co_return retry_after(link.setup.target.name, "sending rows again", again.error());
        }
    }
    bool const counted_all = !link.conflicts_changed;
    if (counted_all && link.setup.conflict_retention.count() > 0 &&
        now - state.pruned >= prune_interval) {
        auto gone = co_await prune_conflicts(link, target);
        if (!gone) {
            co_return gone.error();
        }
        auto const pruned = co_await prune_ddl(link, target);
        if (!pruned) {
            co_return pruned.error();
        }
        if (*gone > 0) {
            spdlog::info("{}: {} conflicts older than --conflict-retention deleted from its log",
                         link.setup.target.name, *gone);
        }
        if (*gone < pruned_most) { // otherwise the rest at the next tick
            state.pruned = now;
        }
    }
    co_return boost::system::in_place_value;
}

} // namespace tandem::engine
