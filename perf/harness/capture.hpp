// How fast a backlog is read out of a slot, by tandem's reader and by pg_recvlogical.
#pragma once

#include "perf/harness/masters.hpp"

#include <cstdint>
#include <vector>

namespace tandem::perf {

struct capture_rates {
    std::vector<double> ours_rows_per_s;   // io/pg's stream, each message decoded and counted
    std::vector<double> theirs_rows_per_s; // pg_recvlogical to /dev/null
};

// So many chat rows in transactions of 100, at a; each pair reads the same WAL from slots of its own.
[[nodiscard]] capture_rates measure_capture(masters& servers, std::int64_t rows, int pairs);

} // namespace tandem::perf
