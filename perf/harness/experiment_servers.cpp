// What the servers themselves know of a run: commit times, bytes.

#include "perf/harness/clock.hpp"
#include "perf/harness/experiment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace tandem::perf {

namespace {

using times_by_row = std::map<std::int64_t, std::int64_t>;

// Of more WAL than this commit times are not read: it would take longer than the run.
constexpr double most_wal_bytes = 4e9;

std::string probes_of(std::string const& table) {
    return fmt::format("{} WHERE id BETWEEN $1 AND $2", table);
}

times_by_row read_times(session& own, std::string const& question,
                        std::vector<std::string> const& values) {
    times_by_row found;
    for (auto const& each : own.rows(question, values)) {
        if (!each[1].empty()) {
            found[std::stoll(each[0])] = std::stoll(each[1]);
        }
    }
    return found;
}

} // namespace

double experiment::sent_bytes(int from) const {
    session own(servers_.uri(from, database_));
    return std::stod(
        own.value("SELECT coalesce(sum(total_bytes), 0) FROM pg_stat_replication_slots AS s "
                  "JOIN pg_replication_slots AS r USING (slot_name) WHERE r.database = $1",
                  {database_}));
}

void experiment::collect_bytes() {
    for (int const node : {node_a, node_b}) {
        session own(servers_.uri(node, database_));
        result_.wal_bytes += std::stod(own.value("SELECT pg_current_wal_insert_lsn() - $1::pg_lsn",
                                                 {wal_before_[static_cast<std::size_t>(node)]}));
    }
    for (int const from : {node_a, node_b}) {
        auto const at = static_cast<std::size_t>(from);
        if (result_.ways[at]) {
            result_.ways[at]->sent_bytes = sent_bytes(from) - sent_before_[at];
        }
    }
}

// When the rows that are waited for were committed, at both masters: complete, and without the time between two looks.
// The peer's own time is that of the commit in its WAL: pg_xact_commit_timestamp() tells the source's there.
void experiment::collect_commit_times(int from) {
    auto const at = static_cast<std::size_t>(from);
    auto const expected = watchers_[at]->expected();
    session sink(servers_.uri(1 - from, database_));
    auto const& began = wal_before_[static_cast<std::size_t>(1 - from)];
    if (expected.empty() || servers_.version() < 150000 ||
        std::stod(sink.value("SELECT pg_current_wal_insert_lsn() - $1::pg_lsn", {began})) >
            most_wal_bytes) {
        return;
    }
    auto const [low, high] = std::ranges::minmax(expected, {}, &probe::id);
    std::vector<std::string> const ends{std::to_string(low.id), std::to_string(high.id)};
    session source(servers_.uri(from, database_));
    auto const written = read_times(
        source,
        "SELECT id, (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint FROM " +
            probes_of(options_.what.table),
        ends);
    sink.run("SET synchronous_commit = on; SET timezone = 'UTC'; SET work_mem = '256MB'");
    session admin(
        servers_.uri(1 - from, "postgres")); // the function is not to be among what is synced
    admin.run("CREATE EXTENSION IF NOT EXISTS pg_walinspect; SET timezone = 'UTC'");
    sink.run(
        "SELECT pg_logical_emit_message(true, 'tandem-perf', '')"); // makes what is before it durable
    std::map<std::string, std::int64_t> commits;
    for (
        auto& each : admin.rows(
            "SELECT xid, (extract(epoch FROM split_part(description, ';', 1)::timestamptz) * 1000000)::bigint "
            "FROM pg_get_wal_records_info($1, pg_current_wal_flush_lsn()) "
            "WHERE resource_manager = 'Transaction' AND record_type = 'COMMIT'",
            {began})) {
        commits.emplace(std::move(each[0]), std::stoll(each[1]));
    }
    std::map<std::int64_t, std::string> transactions;
    for (auto& each : sink.rows("SELECT id, xmin FROM " + probes_of(options_.what.table), ends)) {
        transactions.emplace(std::stoll(each[0]), std::move(each[1]));
    }
    for (auto const& each : expected) {
        auto const there = transactions.find(each.id);
        auto const applied =
            there == transactions.end() ? commits.end() : commits.find(there->second);
        auto const here = written.find(each.id);
        if (applied != commits.end() && here != written.end()) {
            auto const since = [&](std::int64_t then) {
                return static_cast<std::uint64_t>(
                    std::max<std::int64_t>(applied->second - then, 0));
            };
            result_.ways[at]->applied.record(since(each.intended_us));
            result_.ways[at]->replicated.record(since(here->second));
        }
    }
}

} // namespace tandem::perf
