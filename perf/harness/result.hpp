// What one run has measured, as it is shown, judged and recorded.
#pragma once

#include "perf/harness/check.hpp"
#include "perf/harness/figures/histogram.hpp"
#include "perf/harness/figures/threshold.hpp"
#include "perf/harness/load.hpp"
#include "perf/harness/processes.hpp"
#include "perf/harness/target.hpp"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tandem::perf {

// One way of a run. 0: a to b.
struct way_result {
    load_counts written;
    double seconds = 0;   // from the first intended time to the last row seen at the peer
    histogram visible;    // intended time to seen at the peer
    histogram applied;    // intended time to the peer's commit timestamp
    histogram replicated; // the source's commit timestamp to the peer's
    histogram committed;  // intended time to the commit's answer at the source
    double sent_bytes =
        0; // decoded and handed to the sender, echoes as well (pg_stat_replication_slots)

    [[nodiscard]] double rows_per_s() const {
        return seconds > 0 ? static_cast<double>(written.rows()) / seconds : 0;
    }
};

struct second_sample {
    double at = 0;
    std::array<double, 2> rows_per_s{};
    std::array<double, 2> p50_ms{};
    std::array<double, 2> p99_ms{};
    std::array<double, 2> lag_s{};
    std::array<std::vector<std::uint32_t>, 2> heat; // counts by power of two of microseconds
    double cpu_cores = 0;                           // of all processes of the run
    double memory_mb = 0;                           // of the target's own
};

struct run_result {
    std::string target;
    std::string profile;
    std::string mode; // "open loop" or "catch-up"
    std::array<std::optional<way_result>, 2> ways;
    usage used;
    told figures;
    check_result check;
    std::vector<second_sample> series;
    double wal_bytes = 0;                  // that both masters wrote
    std::vector<std::string> void_because; // it says nothing of the target
    std::vector<std::string> chaos;

    // A run with a lost, doubled or looped row fails whatever its speed.
    [[nodiscard]] bool good() const { return check.good(); }
    [[nodiscard]] std::int64_t rows() const;
    [[nodiscard]] double rows_per_s() const;
    [[nodiscard]] double target_cpu_us_per_row() const;
};

[[nodiscard]] measured_values values_of(run_result const& result);
[[nodiscard]] nlohmann::json json_of(run_result const& result);

} // namespace tandem::perf
