#include "perf/harness/result.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace tandem::perf {

namespace {

using nlohmann::json;

constexpr std::array<char const*, 2> way_names{"a:b", "b:a"};
constexpr std::array<char const*, 2> way_endings{"_ab", "_ba"};

struct named_share {
    char const* name;
    double share;
};
constexpr std::array<named_share, 5> shares{
    {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}, {"p9999", 0.9999}}};

void put_latency(measured_values& into, std::string const& prefix, std::string const& ending,
                 histogram const& of) {
    if (of.count() == 0) {
        return;
    }
    for (auto const& each : shares) {
        into[prefix + each.name + ending] = static_cast<double>(of.quantile(each.share)) / 1000;
    }
    into[prefix + "max" + ending] = static_cast<double>(of.max()) / 1000;
    into[prefix + "mean" + ending] = of.mean() / 1000;
}

json optional_json(std::optional<double> const& value) {
    return value ? json(*value) : json(nullptr);
}

// Share and milliseconds: what a percentile curve is drawn of.
json curve_json(histogram const& of) {
    json all = json::array();
    for (double const share : {0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.9975, 0.999,
                               0.9995, 0.9999, 1.0}) {
        if (of.count() > 0 && (share == 1 || static_cast<double>(of.count()) * (1 - share) >= 1)) {
            all.push_back({share, static_cast<double>(of.quantile(share)) / 1000});
        }
    }
    return all;
}

json way_json(way_result const& way) {
    measured_values latency;
    put_latency(latency, "visible_", "_ms", way.visible);
    put_latency(latency, "applied_", "_ms", way.applied);
    put_latency(latency, "replicated_", "_ms", way.replicated);
    put_latency(latency, "committed_", "_ms", way.committed);
    auto const rows = static_cast<double>(std::max<std::int64_t>(way.written.rows(), 1));
    return {
        {"transactions", way.written.transactions}, {"inserted", way.written.inserted},
        {"updated", way.written.updated},           {"deleted", way.written.deleted},
        {"rolled_back", way.written.failed},        {"seconds", way.seconds},
        {"rows_per_s", way.rows_per_s()},           {"latency", latency},
        {"curve", curve_json(way.visible)},         {"sent_bytes_per_row", way.sent_bytes / rows}};
}

json series_json(std::vector<second_sample> const& series) {
    json all = json::array();
    for (auto const& each : series) {
        all.push_back({{"at", each.at},
                       {"rows_per_s", each.rows_per_s},
                       {"p50_ms", each.p50_ms},
                       {"p99_ms", each.p99_ms},
                       {"lag_s", each.lag_s},
                       {"heat", each.heat},
                       {"cpu_cores", each.cpu_cores},
                       {"memory_mb", each.memory_mb}});
    }
    return all;
}

} // namespace

std::int64_t run_result::rows() const {
    std::int64_t sum = 0;
    for (auto const& way : ways) {
        sum += way ? way->written.rows() : 0;
    }
    return sum;
}

double run_result::rows_per_s() const {
    double longest = 0;
    for (auto const& way : ways) {
        longest = std::max(longest, way ? way->seconds : 0);
    }
    return longest > 0 ? static_cast<double>(rows()) / longest : 0;
}

double run_result::target_cpu_us_per_row() const {
    double own = 0;
    for (auto const& [part, seconds] : used.cpu_seconds) {
        own += part.find('.') == part.npos && part != "harness" ? seconds : 0;
    }
    return rows() == 0 ? 0 : own / static_cast<double>(rows()) * 1e6;
}

measured_values values_of(run_result const& result) {
    measured_values found;
    found["rows_per_s"] = result.rows_per_s();
    found["lost"] = static_cast<double>(result.check.lost);
    found["doubled"] = static_cast<double>(result.check.doubled);
    found["differing"] = static_cast<double>(result.check.differing);
    found["looped"] = static_cast<double>(result.check.looped);
    found["others_cores"] = result.used.others_cores;
    auto const rows = static_cast<double>(std::max<std::int64_t>(result.rows(), 1));
    double all_cpu = 0;
    for (auto const& [part, seconds] : result.used.cpu_seconds) {
        if (part != "harness" && !part.ends_with(".load")) {
            all_cpu += seconds;
        }
    }
    found["wal_bytes_per_row"] = result.wal_bytes / rows;
    found["cpu_us_per_row"] = all_cpu / rows * 1e6;
    found["walsender_us_per_row"] = result.used.cpu_of(".walsender") / rows * 1e6;
    found["apply_us_per_row"] = result.used.cpu_of(".apply") / rows * 1e6;
    found["target_us_per_row"] = result.target_cpu_us_per_row();
    double memory = 0;
    for (auto const& [part, mb] : result.used.peak_mb) {
        memory = std::max(memory, mb);
    }
    found["memory_mb"] = memory;
    histogram visible;
    histogram applied;
    histogram replicated;
    for (std::size_t way = 0; way < 2; ++way) {
        if (auto const& one = result.ways[way]) {
            visible.add(one->visible);
            applied.add(one->applied);
            replicated.add(one->replicated);
            found["rows_per_s" + std::string(way_endings[way])] = one->rows_per_s();
            put_latency(found, "", way_endings[way], one->visible);
        }
    }
    put_latency(found, "", "", visible);
    put_latency(found, "applied_", "", applied);
    put_latency(found, "replicated_", "", replicated);
    return found;
}

json json_of(run_result const& result) {
    json ways = json::object();
    for (std::size_t way = 0; way < 2; ++way) {
        if (result.ways[way]) {
            ways[way_names[way]] = way_json(*result.ways[way]);
        }
    }
    auto const& check = result.check;
    return {{"target", result.target},
            {"profile", result.profile},
            {"mode", result.mode},
            {"good", result.good()},
            {"void", result.void_because},
            {"ways", ways},
            {"values", values_of(result)},
            {"cpu_seconds", result.used.cpu_seconds},
            {"measured_seconds", result.used.seconds},
            {"peak_mb", result.used.peak_mb},
            {"others_cores", result.used.others_cores},
            {"stolen_cores", result.used.stolen_cores},
            {"told",
             {{"captured", optional_json(result.figures.captured)},
              {"applied", optional_json(result.figures.applied)},
              {"echoed_transactions", optional_json(result.figures.echoes)},
              {"conflicts", optional_json(result.figures.conflicts)}}},
            {"check",
             {{"rows_a", check.rows_a},
              {"rows_b", check.rows_b},
              {"lost", check.lost},
              {"doubled", check.doubled},
              {"differing", check.differing},
              {"looped", check.looped},
              {"settled_seconds", check.settled_seconds}}},
            {"chaos", result.chaos},
            {"series", series_json(result.series)}};
}

} // namespace tandem::perf
