// What a run is to reach, as the user writes it: 'p99<6ms', 'rows_per_s>=100000', 'lost=0'.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::perf {

// Latencies are in milliseconds, shares in 1, all else in the unit of its name.
using measured_values = std::map<std::string, double, std::less<>>;

struct threshold {
    std::string text; // as it was written
    std::string name;
    std::string comparison; // < <= > >= =
    double value = 0;
};

struct verdict {
    std::string text;
    std::optional<double> got; // nothing: the run does not measure it, so it is not met
    bool met = false;
};

// Units: us, ms and s become milliseconds, % a share of 1. Throws std::invalid_argument that says what is wrong.
[[nodiscard]] threshold parse_threshold(std::string_view text);
[[nodiscard]] verdict judge(threshold const& wanted, measured_values const& got);

} // namespace tandem::perf
