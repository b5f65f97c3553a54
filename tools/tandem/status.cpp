// status: asks a running instance.

#include "engine/admin/failure.hpp"
#include "tools/tandem/command.hpp"
#include "tools/tandem/http_ask.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdio>
#include <thread>

namespace tandem::tool {
namespace {

using json = nlohmann::ordered_json;

std::string bytes_text(double bytes) {
    constexpr char const* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    while (bytes >= 1024 && unit + 1 < std::size(units)) {
        bytes /= 1024;
        ++unit;
    }
    return unit == 0 ? fmt::format("{:.0f} B", bytes)
                     : fmt::format("{:.1f} {}", bytes, units[unit]);
}

std::string node_text(std::string const& name, json const& node) {
    std::string text =
        fmt::format("node {}: {}, PostgreSQL {}", name, node.value("up", false) ? "up" : "down",
                    node.value("version", 0) / 10'000);
    if (node.contains("slot")) {
        json const& slot = node["slot"];
        text += fmt::format(", slot {}, {} of WAL kept",
                            slot.value("active", false) ? "active" : "not active",
                            bytes_text(slot.value("retained_wal_bytes", 0.0)));
    }
    return text + "\n";
}

std::string direction_text(std::string const& name, json const& one) {
    std::string const lag = one["lag_seconds"].is_number()
                                ? fmt::format("{:.1f} s", one["lag_seconds"].get<double>())
                                : "unknown";
    std::string text = fmt::format(
        "{}: {}, lag {} ({}), {:.0f} rows/s, applied {}, conflicts {}, parked {}, echoes stopped {}\n",
        name, one.value("state", "unknown"), lag, bytes_text(one.value("lag_bytes", 0.0)),
        one.value("rows_per_second", 0.0), one.value("applied", 0ULL), one.value("conflicts", 0ULL),
        one.value("parked_now", 0ULL), one.value("echoes_stopped", 0ULL));
    if (auto const kept = one.value("spool_bytes", 0.0); kept > 0) {
        text += fmt::format("  large transactions still open: {} kept aside\n", bytes_text(kept));
    }
    if (std::string const reason = one.value("reason", ""); !reason.empty()) {
        text += "  " + reason + "\n";
    }
    for (json const& table : one.value("left_out", json::array())) {
        text +=
            fmt::format("  left out {}: {}\n", table.value("table", ""), table.value("reason", ""));
    }
    return text;
}

std::string status_text(std::string const& body) {
    json const seen = json::parse(body, nullptr, false);
    if (seen.is_discarded() || !seen.contains("directions") || !seen.contains("nodes")) {
        throw engine::command_failed{engine::exit_status::environment,
                                     "what answers is no tandem instance; check --url"};
    }
    std::string text = fmt::format("policy {}\n", seen.value("policy", ""));
    for (auto const& warning : seen.value("warnings", nlohmann::json::array())) {
        text += fmt::format("warning: {}\n", warning.get<std::string>());
    }
    for (auto const& [name, node] : seen["nodes"].items()) {
        text += node_text(name, node);
    }
    for (auto const& [name, direction] : seen["directions"].items()) {
        text += direction_text(name, direction);
    }
    return text;
}

int show(call const& now) {
    if (now.ready) {
        http_answer const answer = http_ask(now, {.path = "/readyz?verbose"});
        fmt::print("{}", answer.body);
        return answer.status == 200 ? engine::exit_status::ok : engine::exit_status::check;
    }
    http_answer const answer = http_ask(now, {.path = "/api/v1/status"});
    fmt::print("{}", now.json ? answer.body : status_text(answer.body));
    return engine::exit_status::ok;
}

} // namespace

int status(call const& now) {
    if (!now.watch) {
        return show(now);
    }
    while (true) { // until a signal ends the process
        show(now);
        fmt::print("\n");
        std::fflush(stdout);
        std::this_thread::sleep_for(std::chrono::seconds{1});
    }
}

} // namespace tandem::tool
