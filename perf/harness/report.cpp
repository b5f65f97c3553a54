#include "perf/harness/report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <sys/utsname.h>
#include <unistd.h>

namespace tandem::perf {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::array<char const*, 2> way_names{"a>b", "b>a"};

std::string latency_line(char const* what, histogram const& of) {
    if (of.count() == 0) {
        return {};
    }
    auto const ms = [&](double share) { return static_cast<double>(of.quantile(share)) / 1000; };
    return fmt::format("      {:<44} {:8.2f} {:8.2f} {:8.2f} {:8.2f} {:8.2f}   {}\n", what, ms(0.5),
                       ms(0.9), ms(0.99), ms(0.999), static_cast<double>(of.max()) / 1000,
                       of.count());
}

std::string way_text(char const* name, way_result const& way) {
    auto const rows = static_cast<double>(std::max<std::int64_t>(way.written.rows(), 1));
    auto text = fmt::format(
        "  {}  {:.0f} rows/s sustained ({} rows in {} transactions, {} rolled back, {:.2f} s until the "
        "last was seen)\n",
        name, way.rows_per_s(), way.written.rows(), way.written.transactions, way.written.failed,
        way.seconds);
    auto const latencies = latency_line("intended time to seen at the peer", way.visible) +
                           latency_line("intended time to committed at the peer", way.applied) +
                           latency_line("committed at the source to at the peer", way.replicated) +
                           latency_line("intended time to the source's answer", way.committed);
    if (!latencies.empty()) {
        text += fmt::format("      {:<44} {:>8} {:>8} {:>8} {:>8} {:>8}   {}\n", "ms", "p50", "p90",
                            "p99", "p99.9", "max", "of") +
                latencies;
    }
    return text +
           fmt::format("      decoded for sending {:.0f} bytes per row\n", way.sent_bytes / rows);
}

std::string cpu_text(run_result const& result) {
    auto const million = static_cast<double>(std::max<std::int64_t>(result.rows(), 1)) / 1e6;
    std::string text = "  CPU s per million rows:";
    for (auto const& [part, seconds] : result.used.cpu_seconds) {
        if (seconds / million >= 0.005) {
            text += fmt::format(" {} {:.2f}", part, seconds / million);
        }
    }
    text += fmt::format("\n  WAL of both masters {:.0f} bytes per row",
                        result.wal_bytes / million / 1e6);
    text += fmt::format("\n  others {:.2f} cores, stolen {:.2f}", result.used.others_cores,
                        result.used.stolen_cores);
    for (auto const& [part, mb] : result.used.peak_mb) {
        text += fmt::format("; peak memory of {} {:.0f} MB", part, mb);
    }
    return text + "\n";
}

std::string first_line(char const* path, std::string_view begins) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(begins)) {
            return line;
        }
    }
    return {};
}

std::string file_name(run_result const& result, std::size_t number) {
    return fmt::format("{}-{}-{}", number + 1, result.target, result.profile);
}

void write(fs::path const& path, std::string const& text) {
    std::ofstream file(path);
    file << text;
    if (!file.flush()) {
        throw std::runtime_error(fmt::format("{} can't be written", path.string()));
    }
}

} // namespace

std::string report_text(run_result const& result) {
    auto text = fmt::format("{} · {} · {}\n", result.target, result.profile, result.mode);
    for (std::size_t way = 0; way < 2; ++way) {
        if (result.ways[way]) {
            text += way_text(way_names[way], *result.ways[way]);
        }
    }
    text += cpu_text(result);
    if (result.figures.applied) {
        text += fmt::format(
            "  tandem tells: applied {:.0f} rows, stopped {:.0f} echoed transactions, conflicts {:.0f}\n",
            *result.figures.applied, result.figures.echoes.value_or(0),
            result.figures.conflicts.value_or(0));
    }
    text +=
        fmt::format("  check: {}: {}\n", result.good() ? "equal" : "FAILED", result.check.said());
    for (auto const& why : result.void_because) {
        text += fmt::format("  void: {}\n", why);
    }
    return text;
}

threshold_report report_thresholds(std::vector<threshold> const& wanted,
                                   measured_values const& got) {
    threshold_report found;
    for (auto const& each : wanted) {
        auto const one = judge(each, got);
        found.met = found.met && one.met;
        found.text += fmt::format("  {} {} ({})\n", one.met ? "✓" : "✗", one.text,
                                  one.got ? fmt::format("{:.4g}", *one.got) : "not measured");
    }
    return found;
}

json circumstances(masters const& servers) {
    utsname system{};
    uname(&system);
    std::array<char, 32> at{};
    std::time_t const now = std::time(nullptr);
    std::strftime(at.data(), at.size(), "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
    std::array<double, 3> loads{};
    getloadavg(loads.data(), 3);
    auto const model = first_line("/proc/cpuinfo", "model name");
    json settings = json::object();
    for (int const node : {node_a, node_b}) {
        session own(servers.uri(node, "postgres"));
        for (auto const* name :
             {"server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers",
              "max_wal_size", "autovacuum"}) {
            settings[std::string(1, node_name(node))][name] =
                own.value(fmt::format("SHOW {}", name));
        }
    }
    return {{"at", at.data()},
            {"version", TANDEM_VERSION},
            {"cpu", model.substr(std::min(model.size(), model.find(": ") + 2))},
            {"cores", sysconf(_SC_NPROCESSORS_ONLN)},
            {"kernel", system.release},
            {"load", loads},
            {"masters", settings},
            {"made_here", servers.made()}};
}

std::vector<fs::path> write_files(fs::path const& folder, json const& record,
                                  std::vector<run_result> const& runs) {
    fs::create_directories(folder);
    std::vector<fs::path> written;
    for (std::size_t number = 0; number < runs.size(); ++number) {
        for (std::size_t way = 0; way < 2; ++way) {
            auto const& one = runs[number].ways[way];
            if (one && one->visible.count() > 0) {
                written.push_back(folder / fmt::format("{}-{}.hgrm",
                                                       file_name(runs[number], number),
                                                       way == 0 ? "ab" : "ba"));
                write(written.back(), one->visible.hgrm());
            }
        }
    }
    written.push_back(folder / "result.json");
    write(written.back(), record.dump(1) + "\n");
    written.push_back(folder / "report.html");
    write(written.back(), html_of({record}));
    return written;
}

} // namespace tandem::perf
