#include "engine/admin/doctor.hpp"

#include "engine/admin/read_catalog.hpp"
#include "engine/admin/schema_check.hpp"
#include "engine/admin/spool_check.hpp"
#include "engine/admin/workbench.hpp"
#include "engine/config/load.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>

namespace tandem::engine {
namespace {

constexpr int round_trips = 5;
constexpr std::size_t column_width_max = 40;

// A server's clock against ours, as of the quickest round trip: what lies in the middle of it.
awaitable<clock_offset> measure_against_us(session& node) {
    using namespace std::chrono;
    clock_offset best;
    best.uncertainty = microseconds::max();
    for (int trip = 0; trip < round_trips; ++trip) {
        auto const began = system_clock::now();
        auto const answer =
            co_await node.run("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
                              "reading the clock");
        auto const ended = system_clock::now();
        auto const half = duration_cast<microseconds>(ended - began) / 2;
        if (half < best.uncertainty) {
            auto const middle = duration_cast<microseconds>(began.time_since_epoch()) + half;
            best.offset = microseconds{answer.integer(0, 0)} - middle;
            best.uncertainty = half;
        }
    }
    co_return best;
}

// Characters, not bytes: names may be in any script.
std::size_t width_of(std::string const& text) noexcept {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char each) {
        return (static_cast<unsigned char>(each) & 0xC0U) != 0x80U;
    }));
}

std::string padded(std::string const& text, std::size_t width) {
    std::size_t const used = width_of(text);
    return text + std::string(used < width ? width - used : 0, ' ');
}

} // namespace

awaitable<clock_offset> measure_clocks(session& source, session& target) {
    clock_offset const left = co_await measure_against_us(source);
    clock_offset const right = co_await measure_against_us(target);
    clock_offset between;
    between.offset = right.offset - left.offset;
    between.uncertainty = left.uncertainty + right.uncertainty;
    co_return between;
}

awaitable<std::vector<finding>> examine(io::asio::any_io_executor executor, options set) {
    validate_nodes(set, 1);
    workbench bench = co_await open_workbench(std::move(executor), set);
    std::vector<finding> found = check_nodes(bench.nodes, set);
    if (auto const spool = check_spool(set)) {
        found.push_back(*spool);
    }
    if (bench.nodes.size() < 2) {
        co_return found;
    }
    for (node_catalog& node : bench.nodes) {
        co_await read_sequence_states(bench.of(node.name), node);
    }
    auto const choices = choose_all(bench.nodes, set);
    for (finding& each : check_contents(bench.nodes, choices, set)) {
        found.push_back(std::move(each));
    }
    for (table_choice const& choice : choices) {
        bool const any = !choice.synced.empty();
        found.push_back({choice.source, "tables to sync to " + choice.target, "1 or more",
                         std::to_string(choice.synced.size()), any ? severity::ok : severity::error,
                         any ? "" : "create a table with a primary key on both nodes",
                         exit_status::usage});
    }
    auto checking = check_schemas(bench, choices, set);
    auto const schemas = co_await std::move(checking);
    found.insert(found.end(), schemas.begin(), schemas.end());
    std::string const& source = bench.nodes[0].name;
    std::string const& target = bench.nodes[1].name;
    clock_offset const measured = co_await measure_clocks(bench.of(source), bench.of(target));
    found.push_back(check_clocks(source, target, measured, set));
    co_return found;
}

bool any_error(std::vector<finding> const& findings) noexcept {
    return std::any_of(findings.begin(), findings.end(),
                       [](finding const& each) { return each.level == severity::error; });
}

std::string doctor_text(std::vector<finding> const& findings) {
    std::vector<std::vector<std::string>> lines{
        {"Node", "Condition", "Required", "Current", "Severity"}};
    for (finding const& each : findings) {
        lines.push_back({each.node, each.condition, each.required, each.current,
                         std::string{to_string(each.level)}});
    }
    std::vector<std::size_t> widths(lines.front().size(), 0);
    for (auto const& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i) {
            widths[i] = std::min(column_width_max, std::max(widths[i], width_of(line[i])));
        }
    }
    std::string text;
    for (std::size_t row = 0; row < lines.size(); ++row) {
        std::string line;
        for (std::size_t i = 0; i < widths.size(); ++i) {
            bool const last = i + 1 == widths.size();
            line += last ? lines[row][i] : padded(lines[row][i], widths[i]) + "  ";
        }
        text += line + "\n";
        if (row > 0 && !findings[row - 1].cure.empty()) {
            text +=
                fmt::format("{}-> {}\n", std::string(widths[0] + 2, ' '), findings[row - 1].cure);
        }
    }
    auto const count = [&findings](severity level) {
        return std::count_if(findings.begin(), findings.end(),
                             [level](finding const& each) { return each.level == level; });
    };
    return text + fmt::format("{} conditions: {} errors, {} warnings\n", findings.size(),
                              count(severity::error), count(severity::warning));
}

std::string doctor_json(std::vector<finding> const& findings) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (finding const& each : findings) {
        nlohmann::ordered_json one;
        one["node"] =
            each.node.empty() ? nlohmann::ordered_json{} : nlohmann::ordered_json(each.node);
        one["condition"] = each.condition;
        one["required"] = each.required;
        one["current"] = each.current;
        one["severity"] = to_string(each.level);
        one["cure"] = each.cure;
        list.push_back(std::move(one));
    }
    nlohmann::ordered_json text;
    text["ok"] = !any_error(findings);
    text["findings"] = std::move(list);
    return text.dump(2) + "\n";
}

} // namespace tandem::engine
