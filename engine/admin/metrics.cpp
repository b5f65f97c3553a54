#include "engine/admin/exposition.hpp"
#include "engine/admin/status_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <sys/resource.h>
#include <unistd.h>

namespace tandem::engine {
namespace {

std::string label(direction_view const& seen) {
    return fmt::format("direction=\"{}_to_{}\"", seen.source, seen.target);
}

std::string label(node_view const& seen) {
    return fmt::format("node=\"{}\"", seen.name);
}

struct direction_metric {
    char const* name;
    char const* type;
    char const* help;
    double (*value)(direction_view const&);
};

// Counts stay exact in a double up to 2^53.
double exact(std::uint64_t value) noexcept {
    return static_cast<double>(value);
}

constexpr direction_metric direction_metrics[] = {
    {"tandem_events_captured_total", "counter", "Row changes read from the source.",
     [](direction_view const& seen) { return exact(seen.captured); }},
    {"tandem_events_applied_total", "counter", "Row changes durable at the target.",
     [](direction_view const& seen) { return exact(seen.applied); }},
    {"tandem_parked_rows_total", "counter", "Rows written to tandem.parked.",
     [](direction_view const& seen) { return exact(seen.parked); }},
    {"tandem_parked_rows", "gauge", "Rows that wait in tandem.parked, of 10000.",
     [](direction_view const& seen) { return exact(seen.parked_now); }},
    {"tandem_dead_letters_total", "counter",
     "Records in the stream's topic that are none of it, written to its dead letters.",
     [](direction_view const& seen) { return exact(seen.dead_letters); }},
    {"tandem_dead_letters_lost_total", "counter", "Dead letters that could not be written.",
     [](direction_view const& seen) { return exact(seen.dead_letters_lost); }},
    {"tandem_transactions_total", "counter", "Source transactions applied.",
     [](direction_view const& seen) { return exact(seen.applied_transactions); }},
    {"tandem_batches_total", "counter", "Transactions committed at the target.",
     [](direction_view const& seen) { return exact(seen.batches); }},
    {"tandem_bytes_total", "counter", "Bytes of the source's stream.",
     [](direction_view const& seen) { return exact(seen.captured_bytes); }},
    {"tandem_retries_total", "counter", "Times the direction started again after a failure.",
     [](direction_view const& seen) { return exact(seen.retries); }},
    {"tandem_lag_bytes", "gauge", "WAL of the source that is not applied yet.",
     [](direction_view const& seen) { return exact(seen.lag_bytes); }},
    {"tandem_lag_events", "gauge", "Changes read and not applied yet.",
     [](direction_view const& seen) { return exact(seen.queue_changes); }},
    {"tandem_queue_bytes", "gauge", "Changes read and not applied yet, in memory.",
     [](direction_view const& seen) { return exact(seen.queue_bytes); }},
    {"tandem_spool_bytes", "gauge", "Large transactions that are still open, kept in files.",
     [](direction_view const& seen) { return exact(seen.spool_bytes); }},
    {"tandem_batches_in_flight", "gauge", "Transactions on the way to the target.",
     [](direction_view const& seen) { return exact(seen.in_flight); }},
};

constexpr direction_state all_states[] = {
    direction_state::starting, direction_state::snapshot, direction_state::streaming,
    direction_state::retrying, direction_state::paused,   direction_state::gap,
    direction_state::lost,     direction_state::fenced,   direction_state::standby,
};

void write_passed_over(status_view const& seen, exposition& out) {
    out.family(
        "tandem_events_echo_suppressed_total", "counter",
        "What came back and was stopped. origin: transactions, at the source (0 where the "
        "server filters them, 16 and later). record: records from Kafka, which must stay 0.");
    for (direction_view const& direction : seen.directions) {
        out.sample(label(direction) + ",method=\"origin\"", direction.echoes_stopped);
        out.sample(label(direction) + ",method=\"record\"", direction.echoes_dropped);
    }
    out.family("tandem_events_skipped_total", "counter",
               "Records in the stream's topic that are none of it.");
    for (direction_view const& direction : seen.directions) {
        out.sample(label(direction) + ",reason=\"foreign_record\"", direction.foreign_records);
    }
}

void write_conflicts(status_view const& seen, exposition& out) {
    out.family("tandem_conflicts_total", "counter", "Rows written to tandem.conflict.");
    for (direction_view const& direction : seen.directions) {
        for (std::size_t at = 0; at < direction.conflicts_by_type.size(); ++at) {
            out.sample(fmt::format("{},type=\"{}\"", label(direction), conflict_name(at)),
                       direction.conflicts_by_type[at]);
        }
    }
}

// Only what is known.
void write_kafka(status_view const& seen, exposition& out) {
    auto const family = [&](char const* name, char const* help, auto const& value) {
        out.family(name, "gauge", help);
        for (direction_view const& direction : seen.directions) {
            if (auto const known = value(direction)) {
                out.sample(label(direction), *known);
            }
        }
    };
    family("tandem_kafka_queue_records", "Records given to Kafka's producer, not acknowledged yet.",
           [](direction_view const& each) { return each.kafka_queue_records; });
    family("tandem_kafka_queue_bytes", "Bytes of these records.",
           [](direction_view const& each) { return each.kafka_queue_bytes; });
    family("tandem_kafka_broker_round_trip_seconds",
           "From the producer's request to the answer, mean of the last second, slowest broker.",
           [](direction_view const& each) { return each.kafka_round_trip_seconds; });
    family("tandem_kafka_consumer_lag_records",
           "Records not read yet, of those in the stream's topic at the last fetch.",
           [](direction_view const& each) { return each.kafka_lag_records; });
}

void write_latencies(status_view const& seen, exposition& out) {
    constexpr double us = 1e-6;
    out.family("tandem_end_to_end_latency_seconds", "histogram",
               "From a transaction's commit at the source to its commit at the target.");
    for (direction_view const& each : seen.directions) {
        out.buckets(label(each), each.end_to_end, latency_bounds, us);
    }
    out.family(
        "tandem_stage_latency_seconds", "histogram",
        "Of batches. capture: commit at the source to read from it; consume: commit at the source to read from "
        "Kafka; apply: sent to the target to committed there.");
    for (direction_view const& each : seen.directions) {
        std::pair<char const*, latency_view const*> const stages[] = {
            {"capture", &each.captured_latency},
            {"consume", &each.consumed_latency},
            {"apply", &each.applied_latency}};
        for (auto const& [stage, view] : stages) {
            if (view->count() > 0) {
                out.buckets(fmt::format("{},stage=\"{}\"", label(each), stage), *view,
                            latency_bounds, us);
            }
        }
    }
    out.family("tandem_batch_rows", "histogram", "Row changes in one transaction at the target.");
    for (direction_view const& each : seen.directions) {
        out.buckets(label(each), each.batch_rows, rows_bounds, 1);
    }
    out.family("tandem_time_to_catch_up_seconds", "gauge",
               "Until nothing lags, if it goes on as now; +Inf while it does not get less.");
    for (direction_view const& each : seen.directions) {
        auto const left = each.catch_up_seconds.value_or(0);
        out.sample(label(each),
                   std::isinf(left) ? std::string{"+Inf"} : fmt::format("{:.3f}", left));
    }
}

// The busiest ones only: labels stay few.
void write_tables(status_view const& seen, std::vector<std::vector<table_view>> const& tables,
                  exposition& out) {
    constexpr std::size_t most = 200;
    constexpr char const* words[] = {"insert", "update", "delete", "truncate"};
    out.family("tandem_table_events_applied_total", "counter",
               "Row changes applied of a table; of each direction's 200 busiest tables.");
    for (std::size_t at = 0; at < tables.size() && at < seen.directions.size(); ++at) {
        auto busiest = tables[at];
        auto const all = [](table_view const& each) {
            return std::accumulate(each.changes.begin(), each.changes.end(), std::uint64_t{0});
        };
        std::ranges::stable_sort(busiest, std::ranges::greater{}, all);
        busiest.resize(std::min(busiest.size(), most));
        for (table_view const& each : busiest) {
            for (std::size_t kind = 0; kind < each.changes.size(); ++kind) {
                if (each.changes[kind] > 0) {
                    out.sample(fmt::format("{},schema={},table={},op=\"{}\"",
                                           label(seen.directions[at]),
                                           exposition::quoted(each.schema),
                                           exposition::quoted(each.name), words[kind]),
                               each.changes[kind]);
                }
            }
        }
    }
}

void write_directions(status_view const& seen, exposition& out) {
    for (direction_metric const& each : direction_metrics) {
        out.family(each.name, each.type, each.help);
        for (direction_view const& direction : seen.directions) {
            out.sample(label(direction), each.value(direction));
        }
    }
    write_conflicts(seen, out);
    write_passed_over(seen, out);
    write_kafka(seen, out);
    write_latencies(seen, out);
    out.family("tandem_lag_seconds", "gauge", "Seconds since everything committed was applied.");
    for (direction_view const& direction : seen.directions) {
        if (direction.lag_seconds) {
            out.sample(label(direction), *direction.lag_seconds);
        }
    }
    out.family("tandem_direction_state", "gauge", "1 for the state the direction is in.");
    for (direction_view const& direction : seen.directions) {
        for (direction_state const state : all_states) {
            out.sample(fmt::format("{},state=\"{}\"", label(direction), to_string(state)),
                       direction.state == state ? 1 : 0);
        }
    }
    out.family("tandem_tables_left_out", "gauge", "Tables of the source that are not synced.");
    for (direction_view const& direction : seen.directions) {
        out.sample(label(direction), direction.left_out.size());
    }
}

void write_nodes(status_view const& seen, exposition& out) {
    out.family("tandem_up", "gauge", "1 while the node answers.");
    for (node_view const& node : seen.nodes) {
        out.sample(label(node), node.up ? 1 : 0);
    }
    auto const slots = [&](auto const& value) {
        for (node_view const& node : seen.nodes) {
            if (node.has_slot) {
                out.sample(label(node), value(node));
            }
        }
    };
    out.family(
        "tandem_heartbeat_age_seconds", "gauge",
        "Since the node's server sent something, by its clock: changes, or what it says when it has none.");
    for (direction_view const& each : seen.directions) {
        if (each.heard_seconds) {
            out.sample(fmt::format("node=\"{}\"", each.source), *each.heard_seconds);
        }
    }
    out.family("tandem_slot_active", "gauge", "1 while the node's slot is being read.");
    slots([](node_view const& node) { return node.slot_active ? 1 : 0; });
    out.family("tandem_slot_retained_wal_bytes", "gauge", "WAL that the node keeps for the slot.");
    slots([](node_view const& node) { return node.slot_retained_wal_bytes; });
    out.family(
        "tandem_slot_safe_wal_bytes", "gauge",
        "WAL that may still be written before the slot is lost; absent without such a limit.");
    for (node_view const& node : seen.nodes) {
        if (node.has_slot && node.slot_safe_wal_bytes) {
            out.sample(label(node), *node.slot_safe_wal_bytes);
        }
    }
    out.family("tandem_slot_confirmed_lsn", "gauge",
               "Position the slot is confirmed to, in bytes.");
    slots([](node_view const& node) { return node.slot_confirmed.value; });
}

// Of this process, under the names that every exporter gives them.
void write_process(exposition& out) {
    std::ifstream status{"/proc/self/statm"};
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    status >> size >> resident;
    rusage used{};
    if (status && getrusage(RUSAGE_SELF, &used) == 0) {
        auto const seconds = [](timeval const& time) {
            return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
        };
        out.family("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.");
        out.sample("", resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
        out.family("process_cpu_seconds_total", "counter", "User and system CPU time in seconds.");
        out.sample("", seconds(used.ru_utime) + seconds(used.ru_stime));
    }
    std::error_code hidden;
    std::size_t open = 0;
    for (std::filesystem::directory_iterator at{"/proc/self/fd", hidden}, end; !hidden && at != end;
         at.increment(hidden)) {
        ++open;
    }
    if (!hidden) {
        out.family("process_open_fds", "gauge", "Number of open file descriptors.");
        out.sample("", open);
    }
}

// --verify-every
void write_checks(status_view const& seen, exposition& out) {
    struct check_metric {
        char const* name;
        char const* help;
        double (*value)(table_check const&);
    };
    constexpr check_metric all[] = {
        {"tandem_verify_rows", "Rows of a table when it was compared last (--verify-every).",
         [](table_check const& of) { return static_cast<double>(of.rows); }},
        {"tandem_verify_different_rows",
         "Rows that differed then; see /api/v1/status for their keys.",
         [](table_check const& of) { return static_cast<double>(of.different); }},
        {"tandem_verify_undecided_rows",
         "Rows that differed while a stream was late: nobody knows.",
         [](table_check const& of) { return static_cast<double>(of.undecided); }},
        {"tandem_verify_timestamp_seconds", "When that was, in unix time.",
         [](table_check const& of) { return static_cast<double>(of.at_us) / 1e6; }},
    };
    for (auto const& metric : all) {
        out.family(metric.name, "gauge", metric.help);
        for (table_check const& each : seen.checks) {
            out.sample("table=" + exposition::quoted(each.table), metric.value(each));
        }
    }
}

} // namespace

std::string metrics_text(status_view const& seen,
                         std::vector<std::vector<table_view>> const& tables) {
    exposition out;
    out.family("tandem_build_info", "gauge", "1, with the version as label.");
    out.sample("version=\"" TANDEM_VERSION "\"", 1);
    write_nodes(seen, out);
    write_directions(seen, out);
    write_tables(seen, tables, out);
    write_checks(seen, out);
    write_process(out);
    out.family("tandem_start_time_seconds", "gauge", "Unix time of the instance's start.");
    out.sample("", static_cast<double>(seen.started_at_us) / 1e6);
    return out.take();
}

} // namespace tandem::engine
