// What a sink writes: a load at a time, in one transaction with how far its records reach.

#include "engine/connect/flow/sink_parts.hpp"
#include "engine/connect/flow/sink_task.hpp"

#include <fmt/format.h>

#include <utility>

namespace tandem::connect {
namespace {

using engine::failure;
using engine::next_step;
using engine::retry_after;
using io::pg::parameters;

constexpr char const* store_offsets =
    "INSERT INTO tandem_connect.sink_offset SELECT $1, * FROM unnest($2::text[], $3::int[], $4::bigint[], $5::text[], "
    "$6::pg_lsn[], $7::bigint[]) ON CONFLICT (connector, topic, partition) DO UPDATE SET next_offset = "
    "excluded.next_offset, source = excluded.source, commit_lsn = excluded.commit_lsn, number = excluded.number";

std::string array_of(std::vector<std::string> const& texts) {
    std::string made = "{";
    for (auto const& each : texts) {
        made += made.size() == 1 ? "\"" : ",\"";
        made += each; // neither topics nor sources of ours have quotes
        made += '"';
    }
    return made + '}';
}

} // namespace

io::awaitable<failure> sink_task::write_all(parts& with) {
    for (;;) {
        co_await with.handed.wait();
        if (!with.is_writing) {
            continue;
        }
        auto done = co_await write(with, with.writing);
        if (!done) {
            co_return done.error();
        }
        auto& batch = with.writing.batch;
        stats().count.applied_rows.fetch_add(batch.changes(), std::memory_order_relaxed);
        batch.clear();
        with.writing.places.clear();
        with.is_writing = false;
        with.idle.notify();
        with.log->client().notify(); // what was read meanwhile may come
    }
}

// COPY is the cheapest way for new rows, and no way for others: where it fails, for whatever reason, all of it is done
// again without, and says what is wrong.
io::awaitable<sink_task::voided> sink_task::write(parts& with, load const& what) {
    std::string refused;
    auto done = co_await execute(with, what, what.batch.statements(&with.trust), refused);
    if (refused.empty()) {
        co_return done;
    }
    with.trust.collided(refused);
    auto const undone = co_await with.target->execute("ROLLBACK");
    if (!undone) {
        co_return retry_after(settings_.node.name, "rolling back", undone.error());
    }
    done = co_await execute(with, what, what.batch.statements(nullptr), refused);
    co_return done;
}

io::awaitable<sink_task::voided> sink_task::execute(parts& with, load const& what,
                                                    std::vector<sink_statement> statements,
                                                    std::string& refused) {
    auto& link = *with.target;
    auto const begun = co_await link.execute("BEGIN");
    if (!begun) {
        co_return retry_after(settings_.node.name, "beginning a transaction", begun.error());
    }
    for (auto& each : statements) {
        if (each.is_copy) {
            auto const copied = co_await link.copy_in(each.sql, each.copied);
            if (!copied) {
                refused = copied.error().sqlstate.empty() ? std::string{} : each.table;
                co_return retry_after(settings_.node.name, "writing rows", copied.error());
            }
            continue;
        }
        parameters values;
        for (auto& array : each.arrays) {
            values.emplace_back(std::move(array));
        }
        auto const written = co_await link.query(each.sql, std::move(values));
        if (!written) {
            auto const& why = written.error();
            bool const at_fault = why.classify() == io::pg::retry_class::data;
            co_return at_fault
                ? failure{next_step::paused,
                          fmt::format("{}: writing {} rows: {} ({}); nothing of this batch is "
                                      "written: correct it and restart the task",
                                      settings_.node.name, each.rows, why.message, why.sqlstate)}
                : retry_after(settings_.node.name, "writing rows", why);
        }
    }
    std::vector<std::string> topics;
    std::vector<std::string> partitions;
    std::vector<std::string> offsets;
    std::vector<std::string> sources;
    std::vector<std::string> commits;
    std::vector<std::string> numbers;
    for (auto const& [partition, reach] : what.places) {
        topics.push_back(partition.first);
        partitions.push_back(std::to_string(partition.second));
        offsets.push_back(std::to_string(reach.next));
        sources.push_back(reach.source);
        commits.push_back(to_string(reach.at.at));
        numbers.push_back(std::to_string(reach.at.index));
    }
    parameters values;
    values.emplace_back(setup_.connector);
    for (auto const* each : {&topics, &partitions, &offsets, &sources, &commits, &numbers}) {
        values.emplace_back(array_of(*each));
    }
    auto const stored = co_await link.query(store_offsets, std::move(values));
    if (!stored) {
        co_return retry_after(settings_.node.name, "storing offsets", stored.error());
    }
    auto const committed = co_await link.execute("COMMIT");
    if (!committed) {
        co_return retry_after(settings_.node.name, "committing", committed.error());
    }
    co_return boost::system::in_place_value;
}

} // namespace tandem::connect
