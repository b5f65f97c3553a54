// What the same rows cost a backend that is told to write them in other ways.
#pragma once

#include "perf/harness/masters.hpp"

#include <cstdint>

namespace tandem::perf {

struct sink_costs {
    double copy_us_per_row = 0; // COPY ... FROM STDIN as text, in one transaction of all rows
    double pipelined_us_per_row =
        0; // INSERT ... ON CONFLICT of one row each, in a pipeline, a commit each 1000
};

// Chat rows, written at a and brought to b; CPU time of the backend at b.
[[nodiscard]] sink_costs measure_sink_peers(masters& servers, std::int64_t rows);

} // namespace tandem::perf
