// What a run leaves: text for the reader, files for the others.
#pragma once

#include "perf/harness/figures/threshold.hpp"
#include "perf/harness/result.hpp"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace tandem::perf {

// The final report of one run.
[[nodiscard]] std::string report_text(run_result const& result);
// A line for each threshold; whether all are met.
struct threshold_report {
    std::string text;
    bool met = true;
};
[[nodiscard]] threshold_report report_thresholds(std::vector<threshold> const& wanted,
                                                 measured_values const& got);

// Machine, kernel, servers, commit, load: what a reader needs to compare two records.
[[nodiscard]] nlohmann::json circumstances(masters const& servers);

// result.json with all runs, an .hgrm for each way of each run, report.html. Returns what was written.
std::vector<std::filesystem::path> write_files(std::filesystem::path const& folder,
                                               nlohmann::json const& record,
                                               std::vector<run_result> const& runs);

// report.html of a record (result.json), of several beside each other.
[[nodiscard]] std::string html_of(std::vector<nlohmann::json> const& records);

} // namespace tandem::perf
