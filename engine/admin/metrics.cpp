#include "engine/admin/status_view.hpp"

#include <fmt/format.h>

namespace tandem::engine {
namespace {

// Writes metric families of the Prometheus text format; labels are names of nodes ([a-z0-9_]) and our
// own words, so nothing needs escaping but the policy's text, which is not exported.
class exposition {
public:
    void family(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name,
                       type);
    }
    template <class Number>
    void sample(std::string const& labels, Number value) {
        std::string const all = labels.empty() ? "" : "{" + labels + "}";
        fmt::format_to(std::back_inserter(text_), "{}{} {}\n", name_, all, value);
    }
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    std::string text_;
    std::string_view name_;
};

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
    out.family("tandem_slot_active", "gauge", "1 while the node's slot is being read.");
    slots([](node_view const& node) { return node.slot_active ? 1 : 0; });
    out.family("tandem_slot_retained_wal_bytes", "gauge", "WAL that the node keeps for the slot.");
    slots([](node_view const& node) { return node.slot_retained_wal_bytes; });
    out.family("tandem_slot_confirmed_lsn", "gauge",
               "Position the slot is confirmed to, in bytes.");
    slots([](node_view const& node) { return node.slot_confirmed.value; });
}

} // namespace

std::string metrics_text(status_view const& seen) {
    exposition out;
    out.family("tandem_build_info", "gauge", "1, with the version as label.");
    out.sample("version=\"" TANDEM_VERSION "\"", 1);
    write_nodes(seen, out);
    write_directions(seen, out);
    out.family("tandem_start_time_seconds", "gauge", "Unix time of the instance's start.");
    out.sample("", static_cast<double>(seen.started_at_us) / 1e6);
    return out.take();
}

} // namespace tandem::engine
