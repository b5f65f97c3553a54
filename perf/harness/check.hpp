// Whether both masters have what was written, once: what decides if a run counts at all.
#pragma once

#include "perf/harness/load.hpp"
#include "perf/harness/masters.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tandem::perf {

struct check_wanted {
    std::string database;
    std::vector<std::string> tables;
    std::int64_t rows = 0;      // that each master must have in them
    bool counts_known = true;   // false: rows is not held against it
    double settle_seconds = 60; // so long they may take to become equal
};

struct check_result {
    std::int64_t rows_a = 0;
    std::int64_t rows_b = 0;
    std::int64_t lost = 0;      // rows that are missing at a master
    std::int64_t doubled = 0;   // rows that a master has beside
    std::int64_t differing = 0; // rows of one key with other contents
    std::int64_t looped = 0;    // rows that were still written when all had its time to settle
    double settled_seconds = 0;

    [[nodiscard]] bool good() const { return lost + doubled + differing + looped == 0; }
    [[nodiscard]] std::string said() const;
};

[[nodiscard]] check_result check_masters(masters& servers, check_wanted const& wanted);

} // namespace tandem::perf
