// The same figures under the names that boards made for Debezium and Kafka Connect ask for, as the JMX exporter's usual rules
// spell them: units are as there (milliseconds). A source is connector NODE, an applier connector NODE_to_PEER.

#include "engine/admin/exposition.hpp"
#include "engine/admin/status_view.hpp"

#include <algorithm>

namespace tandem::engine {
namespace {

struct compat_metric {
    char const* name;
    char const* type;
    double (*value)(direction_view const&);
};

double as_number(std::uint64_t value) noexcept {
    return static_cast<double>(value);
}

bool streams(direction_view const& seen) noexcept {
    return seen.state == direction_state::streaming;
}

double behind_ms(direction_view const& seen) noexcept {
    return seen.lag_seconds.value_or(0) * 1e3;
}

constexpr compat_metric source_metrics[] = {
    {"debezium_metrics_MilliSecondsBehindSource", "gauge", behind_ms},
    {"debezium_metrics_TotalNumberOfEventsSeen", "counter",
     [](direction_view const& seen) { return as_number(seen.captured); }},
    {"debezium_metrics_NumberOfCommittedTransactions", "counter",
     [](direction_view const& seen) { return as_number(seen.captured_transactions); }},
    {"debezium_metrics_NumberOfEventsFiltered", "counter",
     [](direction_view const& seen) { return as_number(seen.echoes_stopped); }},
    {"debezium_metrics_NumberOfErroneousEvents", "counter",
     [](direction_view const& seen) { return as_number(seen.parked + seen.dead_letters); }},
    {"debezium_metrics_Connected", "gauge",
     [](direction_view const& seen) { return streams(seen) ? 1.0 : 0.0; }},
    {"debezium_metrics_CurrentQueueSizeInBytes", "gauge",
     [](direction_view const& seen) { return as_number(seen.queue_bytes); }},
    {"debezium_metrics_MilliSecondsBehindSourceP50", "gauge",
     [](direction_view const& seen) { return seen.latency.p50 * 1e3; }},
    {"debezium_metrics_MilliSecondsBehindSourceP99", "gauge",
     [](direction_view const& seen) { return seen.latency.p99 * 1e3; }},
    {"debezium_metrics_SnapshotRunning", "gauge",
     [](direction_view const& seen) {
         return seen.state == direction_state::snapshot ? 1.0 : 0.0;
     }},
};

constexpr compat_metric sink_metrics[] = {
    {"debezium_metrics_TotalNumberOfErrantRecords", "counter",
     [](direction_view const& seen) { return as_number(seen.parked + seen.dead_letters); }},
};

constexpr compat_metric source_task_metrics[] = {
    {"kafka_connect_source_task_metrics_source_record_poll_total", "counter",
     [](direction_view const& seen) { return as_number(seen.captured); }},
    {"kafka_connect_source_task_metrics_source_record_poll_rate", "gauge",
     [](direction_view const& seen) { return seen.captured_per_second; }},
    {"kafka_connect_source_task_metrics_source_record_write_total", "counter",
     [](direction_view const& seen) { return as_number(seen.captured); }},
    {"kafka_connect_source_task_metrics_source_record_write_rate", "gauge",
     [](direction_view const& seen) { return seen.captured_per_second; }},
};

constexpr compat_metric sink_task_metrics[] = {
    {"kafka_connect_sink_task_metrics_sink_record_send_total", "counter",
     [](direction_view const& seen) { return as_number(seen.applied); }},
    {"kafka_connect_sink_task_metrics_sink_record_send_rate", "gauge",
     [](direction_view const& seen) { return seen.rows_per_second; }},
    {"kafka_connect_sink_task_metrics_sink_record_active_count", "gauge",
     [](direction_view const& seen) {
         return as_number(seen.captured - std::min(seen.captured, seen.applied));
     }},
    {"kafka_connect_sink_task_metrics_put_batch_avg_time_ms", "gauge",
     [](direction_view const& seen) {
         auto const batches = as_number(seen.applied_latency.count());
         return batches > 0 ? as_number(seen.applied_latency.sum) / batches / 1e3 : 0.0;
     }},
};

std::string source_name(direction_view const& seen) {
    return seen.source;
}

std::string sink_name(direction_view const& seen) {
    return fmt::format("{}_to_{}", seen.source, seen.target);
}

template <std::size_t Count, class Labels>
void write_all(status_view const& seen, compat_metric const (&metrics)[Count], Labels const& labels,
               exposition& out) {
    for (compat_metric const& each : metrics) {
        out.family(each.name, each.type, "See docs/metrics.md.");
        for (direction_view const& direction : seen.directions) {
            out.sample(labels(direction), each.value(direction));
        }
    }
}

} // namespace

std::string compat_metrics_text(status_view const& seen) {
    exposition out;
    // With more than two nodes one source has several directions: the peer tells them apart.
    write_all(
        seen, source_metrics,
        [](direction_view const& each) {
            return fmt::format(
                R"(plugin="postgres",name="{}",context="streaming",task="0",peer="{}")",
                source_name(each), each.target);
        },
        out);
    write_all(
        seen, sink_metrics,
        [](direction_view const& each) {
            return fmt::format(R"(plugin="jdbc",name="{}",context="sink",task="0")",
                               sink_name(each));
        },
        out);
    write_all(
        seen, source_task_metrics,
        [](direction_view const& each) {
            return fmt::format(R"(connector="{}",task="0",peer="{}")", source_name(each),
                               each.target);
        },
        out);
    write_all(
        seen, sink_task_metrics,
        [](direction_view const& each) {
            return fmt::format(R"(connector="{}",task="0")", sink_name(each));
        },
        out);
    out.family("kafka_connect_connect_worker_metrics_connector_failed_task_count", "gauge",
               "See docs/metrics.md.");
    out.sample("", std::ranges::count_if(seen.directions, [](direction_view const& each) {
                   return each.state == direction_state::gap ||
                          each.state == direction_state::lost ||
                          each.state == direction_state::fenced;
               }));
    return out.take();
}

} // namespace tandem::engine
