#pragma once
// One moment of a running instance as plain values: what status and metrics are made of.

#include "engine/core/stats.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tandem::engine {

// A rate over the last seconds from samples of a counter. Owned by one thread.
class rate_meter {
public:
    static constexpr std::size_t samples_max = 10;
    static constexpr std::int64_t interval_us = 1'000'000;

    // Takes a sample unless the newest is younger than the interval.
    void sample(std::int64_t at_us, std::uint64_t value) noexcept;
    // Per second since the oldest sample; 0 before there are two moments to compare.
    [[nodiscard]] double per_second(std::int64_t at_us, std::uint64_t value) const noexcept;

private:
    struct entry {
        std::int64_t at_us = 0;
        std::uint64_t value = 0;
    };
    std::array<entry, samples_max> samples_;
    std::size_t count_ = 0;
    std::size_t next_ = 0;
};

struct table_view {
    std::string schema;
    std::string name;
    std::string key;
    std::array<std::uint64_t, 4> changes{}; // inserts, updates, deletes, truncates; applied
    std::int64_t last_commit_us = 0;        // 0: none yet
};

// Of the last seconds; 0 where nothing came.
struct latency_quantiles {
    double p50 = 0, p99 = 0, p999 = 0; // seconds
    std::uint64_t count = 0;
};

struct direction_view {
    std::string source;
    std::string target;
    direction_state state = direction_state::starting;
    std::string reason;
    std::optional<double> lag_seconds; // none before anything is known
    std::uint64_t lag_bytes = 0;
    std::uint64_t captured = 0, captured_transactions = 0, captured_bytes = 0;
    std::uint64_t applied = 0, applied_transactions = 0, batches = 0;
    std::uint64_t echoes_stopped = 0, conflicts = 0, parked = 0, parked_now = 0, dead_letters = 0,
                  dead_letters_lost = 0, retries = 0;
    by_conflict_type<std::uint64_t> conflicts_by_type{};
    std::uint64_t queue_bytes = 0, queue_changes = 0, spool_bytes = 0, in_flight = 0;
    std::optional<double>
        heard_seconds; // since the source's server sent something; none: it never did
    std::uint64_t echoes_dropped = 0, foreign_records = 0;
    // Through Kafka; none: not known, or nothing was asked.
    std::optional<std::uint64_t> kafka_queue_records, kafka_queue_bytes, kafka_lag_records;
    std::optional<double> kafka_round_trip_seconds;
    lsn received, applied_at, confirmed;
    double captured_per_second = 0;
    double rows_per_second = 0;
    double bytes_per_second = 0;
    std::vector<std::pair<std::string, std::string>> left_out;
    latency_view end_to_end, captured_latency, consumed_latency,
        applied_latency; // since the start, µs
    rows_view batch_rows;
    latency_quantiles latency; // end to end
    // Until lag_bytes is 0, if it goes on as in the last seconds; infinite: it does not get less. None: less than a second behind.
    std::optional<double> catch_up_seconds;
};

struct node_view {
    std::string name;
    int rank = 0;
    bool up = false;
    int server_version = 0;
    bool has_slot = false; // a source
    bool slot_active = false;
    std::uint64_t slot_retained_wal_bytes = 0;
    lsn slot_confirmed;
    std::optional<std::uint64_t> slot_safe_wal_bytes; // until the slot is lost; none: no limit
};

struct status_view {
    std::uint64_t number = 0; // of the sample before it: grows by one a second
    std::int64_t at_us = 0;
    std::int64_t started_at_us = 0;
    std::string policy;
    std::vector<std::string> warnings; // of the configuration, then of the directions
    std::vector<node_view> nodes;
    std::vector<direction_view> directions;
    std::vector<table_check> checks;

    // Every direction streams.
    [[nodiscard]] bool ready() const noexcept;
};

// Turns counters into views, and keeps the samples its rates come from. One thread.
class status_board {
public:
    // `stats` outlives the board; its lists are complete before the first call.
    explicit status_board(instance_stats const& stats) noexcept : stats_{stats} {}

    // Once a second, or more often.
    void sample(std::int64_t now_us);
    [[nodiscard]] status_view view(std::int64_t now_us);
    // What each direction has applied of each table, in their order.
    [[nodiscard]] std::vector<std::vector<table_view>> tables() const;
    [[nodiscard]] instance_stats const& stats() const noexcept { return stats_; }

private:
    struct meters {
        rate_meter rows;
        rate_meter bytes;
        rate_meter captured;
        std::array<latency_view, rate_meter::samples_max>
            latency{}; // a ring: the newest is at `newest`
        std::array<double, rate_meter::samples_max> lag_bytes{};
        std::array<std::int64_t, rate_meter::samples_max> at_us{};
        std::size_t newest = 0;
        std::size_t count = 0;
    };
    void keep(meters& of, direction_stats const& stats, std::int64_t now_us) const;
    static void tell_latency(meters const& of, direction_view& seen);
    std::uint64_t number_ = 0;
    std::int64_t sampled_at_us_ = 0;
    instance_stats const& stats_;
    std::vector<meters> meters_; // one per direction, in order
};

// How far behind: 0 while everything read was applied a moment ago, else the time since everything
// was, or since the commit applied last if that is later.
[[nodiscard]] std::optional<double> lag_seconds(std::int64_t now_us, std::int64_t caught_up_at_us,
                                                std::int64_t last_commit_us) noexcept;

// GET /api/v1/status (cli.md "States"). `compact`: in one line.
[[nodiscard]] std::string status_json(status_view const& seen, bool compact = false);
// GET /readyz: {"ready":false,"reasons":["a:b: retrying: …"]}; `verbose` adds every check.
[[nodiscard]] std::string ready_json(status_view const& seen, bool verbose);
// The same for people: a line [+] or [-] for each check, and "ready" or "not ready".
[[nodiscard]] std::string ready_text(status_view const& seen);
// GET /metrics: Prometheus text format 0.0.4.
[[nodiscard]] std::string metrics_text(status_view const& seen,
                                       std::vector<std::vector<table_view>> const& tables = {});
// GET /metrics/compat: under the names that exporters give the metrics of Debezium and Kafka Connect.
[[nodiscard]] std::string compat_metrics_text(status_view const& seen);

} // namespace tandem::engine
