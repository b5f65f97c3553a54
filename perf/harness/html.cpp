// report.html: one file, nothing from the network.

#include "perf/harness/figures/svg.hpp"
#include "perf/harness/report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <string_view>

namespace tandem::perf {

namespace {

using nlohmann::json;

constexpr std::string_view head = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>tandem-perf</title><style>
body { font: 14px system-ui, sans-serif; margin: 2em auto; max-width: 1180px; color: #1f2328; background: #fff }
svg { margin: 4px 8px 12px 0 } .title { font-size: 13px; font-weight: 600 } .tick { font-size: 11px }
.grid { stroke: #d8dee4 } table { border-collapse: collapse } td, th { padding: 2px 10px; border-bottom: 1px solid #d8dee4; text-align: right }
td:first-child, th:first-child { text-align: left } .bad { color: #d1242f; font-weight: 600 } pre { white-space: pre-wrap }
</style></head><body>
)";

std::string name_of(json const& run, std::size_t number) {
    return fmt::format("{} {} {}", number + 1, run.at("target").get<std::string>(),
                       run.at("profile").get<std::string>());
}

curve over_time(json const& run, char const* what, std::size_t way, std::string name) {
    curve made{std::move(name), {}};
    for (auto const& each : run.at("series")) {
        auto const& value = each.at(what);
        made.points.emplace_back(each.at("at").get<double>(), value.is_array()
                                                                  ? value.at(way).get<double>()
                                                                  : value.get<double>());
    }
    return made;
}

std::string series_plots(json const& run, std::string const& name) {
    if (run.at("series").empty()) {
        return {};
    }
    plot throughput{name + ": rows per second, written", "seconds", "rows/s", {}, false, false};
    plot latency{name + ": intended time to seen at the peer", "seconds", "ms", {}, true, false};
    plot lag{name + ": the oldest row that waits", "seconds", "s", {}, false, false};
    std::string heat;
    for (auto const& [way, one] : run.at("ways").items()) {
        std::size_t const at = way == "a:b" ? 0 : 1;
        throughput.curves.push_back(over_time(run, "rows_per_s", at, way));
        latency.curves.push_back(over_time(run, "p50_ms", at, way + " p50"));
        latency.curves.push_back(over_time(run, "p99_ms", at, way + " p99"));
        lag.curves.push_back(over_time(run, "lag_s", at, way));
        std::vector<std::vector<unsigned>> columns;
        for (auto const& each : run.at("series")) {
            columns.push_back(each.at("heat").at(at).get<std::vector<unsigned>>());
        }
        heat += svg_heat(fmt::format("{}: {} latencies", name, way), columns);
    }
    plot cpu{name + ": processors in use",
             "seconds",
             "cores",
             {over_time(run, "cpu_cores", 0, "all of the run")},
             false,
             false};
    plot memory{name + ": memory of the target",
                "seconds",
                "MB",
                {over_time(run, "memory_mb", 0, "resident")},
                false,
                false};
    return svg_of(throughput) + svg_of(latency) + heat + svg_of(lag) + svg_of(cpu) + svg_of(memory);
}

std::string table_of(std::vector<std::pair<std::string, json>> const& runs) {
    std::string text = "<table><tr><th></th>";
    for (auto const& [name, run] : runs) {
        text += fmt::format("<th>{}</th>", html_text(name));
    }
    text += "</tr>\n";
    for (auto const* value : {"rows_per_s",
                              "rows_per_s_ab",
                              "rows_per_s_ba",
                              "p50",
                              "p90",
                              "p99",
                              "p999",
                              "max",
                              "applied_p50",
                              "applied_p99",
                              "replicated_p50",
                              "replicated_p99",
                              "cpu_us_per_row",
                              "walsender_us_per_row",
                              "apply_us_per_row",
                              "target_us_per_row",
                              "memory_mb",
                              "wal_bytes_per_row",
                              "others_cores",
                              "lost",
                              "doubled",
                              "differing",
                              "looped"}) {
        text += fmt::format("<tr><td>{}</td>", value);
        for (auto const& [name, run] : runs) {
            auto const& values = run.at("values");
            text += values.contains(value)
                        ? fmt::format("<td>{:.5g}</td>", values.at(value).get<double>())
                        : "<td>–</td>";
        }
        text += "</tr>\n";
    }
    text += "<tr><td>verdict</td>";
    for (auto const& [name, run] : runs) {
        std::string said =
            run.at("good").get<bool>() ? "equal" : "FAILED: rows are lost, doubled or looped";
        for (auto const& why : run.at("void")) {
            said += "; void: " + why.get<std::string>();
        }
        text +=
            fmt::format("<td{}>{}</td>", said == "equal" ? "" : " class=\"bad\"", html_text(said));
    }
    return text + "</tr></table>\n";
}

std::string cpu_bars(std::vector<std::pair<std::string, json>> const& runs) {
    std::vector<bar> bars;
    for (auto const& [name, run] : runs) {
        double rows = 0;
        for (auto const& [way, one] : run.at("ways").items()) {
            rows += one.at("inserted").get<double>() + one.at("updated").get<double>() +
                    one.at("deleted").get<double>();
        }
        bar made{name, {}};
        for (auto const& [part, seconds] : run.at("cpu_seconds").items()) {
            if (rows > 0 && seconds.get<double>() / rows * 1e6 > 0.01) {
                made.parts.emplace_back(part, seconds.get<double>() / rows * 1e6);
            }
        }
        bars.push_back(std::move(made));
    }
    return svg_bars("Where the time goes: CPU per row, by process", "us", bars);
}

std::string curves_of(std::vector<std::pair<std::string, json>> const& runs) {
    plot percentiles{"Latency by percentile", "share of the transactions", "ms", {}, true, true};
    for (auto const& [name, run] : runs) {
        for (auto const& [way, one] : run.at("ways").items()) {
            curve made{name + " " + way, {}};
            for (auto const& point : one.at("curve")) {
                made.points.emplace_back(point.at(0).get<double>(), point.at(1).get<double>());
            }
            if (!made.points.empty()) {
                percentiles.curves.push_back(std::move(made));
            }
        }
    }
    return svg_of(percentiles);
}

// Of a sweep: what latency each throughput costs, a curve for each set of flags.
std::string hockey_stick(json const& record) {
    if (!record.contains("sweep")) {
        return {};
    }
    plot p50{"Sweep: p50 by throughput", "rows/s", "ms", {}, true, false};
    plot p99{"Sweep: p99 by throughput", "rows/s", "ms", {}, true, false};
    for (auto const& [flags, points] : record.at("sweep").items()) {
        auto const name = flags.empty() ? std::string("default flags") : flags;
        curve middle{name, {}};
        curve tail{name, {}};
        for (auto const& each : points) {
            middle.points.emplace_back(each.at("rows_per_s").get<double>(),
                                       each.at("p50").get<double>());
            tail.points.emplace_back(each.at("rows_per_s").get<double>(),
                                     each.at("p99").get<double>());
        }
        p50.curves.push_back(std::move(middle));
        p99.curves.push_back(std::move(tail));
    }
    return svg_of(p50) + svg_of(p99);
}

} // namespace

std::string html_of(std::vector<json> const& records) {
    std::vector<std::pair<std::string, json>> runs;
    std::string sweeps;
    std::string conditions;
    for (auto const& record : records) {
        for (auto const& run : record.at("runs")) {
            runs.emplace_back(name_of(run, runs.size()), run);
        }
        sweeps += hockey_stick(record);
        conditions += html_text(record.at("circumstances").dump(1)) + "\n" +
                      html_text(record.at("command").dump()) + "\n";
    }
    std::string text(head);
    text += "<h1>tandem-perf</h1>\n" + table_of(runs) + sweeps + curves_of(runs) + cpu_bars(runs);
    for (auto const& [name, run] : runs) {
        text += series_plots(run, name);
    }
    return text + "<h2>Host and command</h2><pre>" + conditions + "</pre></body></html>\n";
}

} // namespace tandem::perf
