#include "perf/harness/goals.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace tandem::perf {

std::vector<goal> read_goals(std::string const& prefix) {
    std::ifstream file(TANDEM_PERF_FILES "/goals.txt");
    std::vector<goal> found;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        goal one;
        words >> one.name >> one.comparison >> one.value_text;
        if (!words || !one.name.starts_with(prefix)) {
            continue;
        }
        if (one.comparison != ">=" && one.comparison != "<=") {
            throw std::runtime_error("perf/goals.txt: " + line);
        }
        one.value = std::stod(one.value_text);
        found.push_back(one);
    }
    if (found.empty()) {
        throw std::runtime_error("perf/goals.txt has no goal " + prefix);
    }
    return found;
}

std::vector<judged_goal> judge_goals(std::vector<goal> const& goals, measured_values const& got) {
    std::vector<judged_goal> all;
    for (auto const& each : goals) {
        auto const found = got.find(each.name);
        judged_goal one{each, std::nullopt, false};
        if (found != got.end()) {
            one.got = found->second;
            one.ok =
                each.comparison == ">=" ? found->second >= each.value : found->second <= each.value;
        }
        fmt::print("goal {} value={} goal={}{} {}\n", each.name,
                   one.got ? fmt::format("{:.4g}", *one.got) : "none", each.comparison,
                   each.value_text, one.ok ? "ok" : "short");
        all.push_back(one);
    }
    std::fflush(stdout);
    return all;
}

} // namespace tandem::perf
