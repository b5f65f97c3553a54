// perf/goals.txt: reading it, judging by it.
#pragma once

#include "perf/harness/figures/threshold.hpp"

#include <optional>
#include <string>
#include <vector>

namespace tandem::perf {

struct goal {
    std::string name;
    std::string comparison; // >= or <=
    double value = 0;
    std::string value_text;
};

struct judged_goal {
    goal wanted;
    std::optional<double> got;
    bool ok = false;
};

// Those whose name begins so. Throws std::runtime_error when there is none.
[[nodiscard]] std::vector<goal> read_goals(std::string const& prefix);
// Prints `goal NAME value=X goal=>=Y ok|short` for each; what was not measured is short.
std::vector<judged_goal> judge_goals(std::vector<goal> const& goals, measured_values const& got);

} // namespace tandem::perf
