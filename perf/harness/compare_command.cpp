#include "perf/harness/clock.hpp"
#include "perf/harness/commands.hpp"
#include "perf/harness/figures/confidence.hpp"
#include "perf/harness/report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <string_view>
#include <utility>

namespace tandem::perf {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

// One side of a comparison: a target with its flags, or the runs of a record.
struct side {
    std::string name;
    std::string target;
    std::string flags;
    std::vector<json> runs;
};

json read_record(fs::path path) {
    if (fs::is_directory(path)) {
        path /= "result.json";
    }
    std::ifstream file(path);
    if (!file) {
        throw wrong_usage(fmt::format("{} can't be read", path.string()));
    }
    return json::parse(file);
}

side parse_side(std::string const& text) {
    auto const colon = text.find(':');
    auto const target = text.substr(0, colon);
    if (std::ranges::find(target_names(), target) != target_names().end()) {
        return {text, target, colon == text.npos ? "" : text.substr(colon + 1), {}};
    }
    if (!fs::exists(text)) {
        throw wrong_usage(fmt::format("'{}' is neither a target ({}) nor a record", text,
                                      fmt::join(target_names(), ", ")));
    }
    side found{text, {}, {}, {}};
    auto const record = read_record(text);
    for (auto const& run : record.at("runs")) {
        found.runs.push_back(run);
    }
    return found;
}

bool more_is_better(std::string_view value) {
    return value.starts_with("rows_per_s");
}

struct pairs {
    std::vector<double> left;
    std::vector<double> right;
    int left_out = 0;
    bool failed = false; // a run lost, doubled or looped rows
};

void take_pair(pairs& into, json const& left, json const& right, std::string const& value,
               bool void_too) {
    into.failed = into.failed || !left.at("good").get<bool>() || !right.at("good").get<bool>();
    bool const says_something = left.at("void").empty() && right.at("void").empty();
    if (!says_something && !void_too) {
        ++into.left_out;
        return;
    }
    if (!left.at("values").contains(value) || !right.at("values").contains(value)) {
        throw wrong_usage(fmt::format("the runs don't measure '{}'", value));
    }
    into.left.push_back(left.at("values").at(value).get<double>());
    into.right.push_back(right.at("values").at(value).get<double>());
}

int verdict_of(pairs const& taken, side const& left, side const& right, std::string const& value) {
    if (taken.failed) {
        fmt::print("FAILED: a run has lost, doubled or looped rows\n");
        return status_short;
    }
    if (taken.left.size() < 2) {
        fmt::print("no verdict: {} of the pairs are void\n", taken.left_out);
        return status_short;
    }
    auto const ratio = paired_ratio(taken.left, taken.right);
    fmt::print("{}: median {} {:.5g}, {} {:.5g}\n", value, left.name, median(taken.left),
               right.name, median(taken.right));
    fmt::print(
        "ratio {:.3f}, with 95 % confidence between {:.3f} and {:.3f}, {} pairs ({} void ones left out)\n",
        ratio.middle, ratio.low, ratio.high, taken.left.size(), taken.left_out);
    bool const worse = more_is_better(value) ? ratio.high < 1 : ratio.low > 1;
    bool const better = more_is_better(value) ? ratio.low > 1 : ratio.high < 1;
    fmt::print("{}\n", worse ? "regression" : better ? "better" : "no difference is shown");
    return worse ? status_short : status_ok;
}

json run_side(masters& servers, run_options options, side const& which,
              std::vector<run_result>& kept) {
    options.target = which.target;
    options.flags = which.flags;
    say(fmt::format("--- {}", which.name));
    kept.push_back(experiment(servers, options).run());
    say(report_text(kept.back()));
    return json_of(kept.back());
}

} // namespace

int compare_command(settings set, std::string const& left_text, std::string const& right_text,
                    int count, std::string const& value) {
    complete(set);
    auto const left = parse_side(left_text);
    auto const right = parse_side(right_text);
    if (left.target.empty() != right.target.empty()) {
        throw wrong_usage("compare takes two targets or two records");
    }
    pairs taken;
    if (left.target.empty()) {
        for (std::size_t at = 0; at < std::min(left.runs.size(), right.runs.size()); ++at) {
            take_pair(taken, left.runs[at], right.runs[at], value, set.void_too);
        }
        return verdict_of(taken, left, right, value);
    }
    if (count < 2) {
        throw wrong_usage("--pairs is at least 2");
    }
    masters servers(masters_for(set, {left.target, right.target}));
    json record{
        {"circumstances", circumstances(servers)}, {"command", set.words}, {"runs", json::array()}};
    std::vector<run_result> kept;
    for (int pair = 0; pair < count; ++pair) {
        // Each begins as often as the other: what the machine does beside hits both alike.
        bool const turned = pair % 2 == 1;
        auto first = run_side(servers, set.run, turned ? right : left, kept);
        auto second = run_side(servers, set.run, turned ? left : right, kept);
        record["runs"].push_back(first);
        record["runs"].push_back(second);
        if (turned) {
            std::swap(first, second);
        }
        take_pair(taken, first, second, value, set.void_too);
    }
    auto const written = write_files(set.out, record, kept);
    int const status = verdict_of(taken, left, right, value);
    fmt::print("written: {}\n", written.back().parent_path().string());
    return status;
}

int sweep_command(settings set, std::vector<double> const& rates,
                  std::vector<std::string> const& flags) {
    complete(set);
    masters servers(masters_for(set, {set.run.target}));
    json record{{"circumstances", circumstances(servers)},
                {"command", set.words},
                {"runs", json::array()},
                {"sweep", json::object()}};
    std::vector<run_result> kept;
    bool good = true;
    fmt::print("{:<30} {:>10} {:>12} {:>9} {:>9} {:>9} {:>10}  {}\n", "flags", "rate", "rows/s",
               "p50 ms", "p99 ms", "cpu us", "memory MB", "");
    for (auto const& those : flags.empty() ? std::vector<std::string>{set.run.flags} : flags) {
        auto& points = record["sweep"][those] = json::array();
        for (double const rate : rates.empty() ? std::vector<double>{set.run.rate} : rates) {
            auto options = set.run;
            options.flags = those;
            options.rate = rate;
            kept.push_back(experiment(servers, options).run());
            auto const& result = kept.back();
            auto const values = values_of(result);
            record["runs"].push_back(json_of(result));
            auto const value = [&](char const* name) {
                return values.contains(name) ? values.find(name)->second : 0;
            };
            points.push_back({{"rate", rate},
                              {"rows_per_s", value("rows_per_s")},
                              {"p50", value("p50")},
                              {"p99", value("p99")},
                              {"cpu_us_per_row", value("cpu_us_per_row")},
                              {"memory_mb", value("memory_mb")},
                              {"void", result.void_because},
                              {"good", result.good()}});
            fmt::print("{:<30} {:>10g} {:>12.0f} {:>9.2f} {:>9.2f} {:>9.2f} {:>10.0f}  {}{}\n",
                       those, rate, value("rows_per_s"), value("p50"), value("p99"),
                       value("cpu_us_per_row"), value("memory_mb"), result.good() ? "" : "FAILED ",
                       result.void_because.empty() ? "" : "void: " + result.void_because[0]);
            std::fflush(stdout);
            good = good && result.good();
        }
    }
    auto const written = write_files(set.out, record, kept);
    fmt::print("written: {}\n", written.back().parent_path().string());
    return good ? status_ok : status_short;
}

int report_command(std::vector<std::string> const& files, fs::path const& out) {
    std::vector<json> records;
    for (auto const& each : files) {
        records.push_back(read_record(each));
    }
    std::ofstream file(out);
    file << html_of(records);
    if (!file.flush()) {
        throw std::runtime_error(fmt::format("{} can't be written", out.string()));
    }
    fmt::print("written: {}\n", out.string());
    return status_ok;
}

} // namespace tandem::perf
