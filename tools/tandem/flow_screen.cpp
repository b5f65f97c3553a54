#include "tools/tandem/flow_screen.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

namespace tandem::tool {
namespace {

using screen_json = nlohmann::ordered_json;

constexpr char const* bold = "1";
constexpr char const* dim = "2";
constexpr char const* red = "31";
constexpr char const* green = "32";
constexpr char const* yellow = "33";
constexpr char const* blue = "34";
constexpr char const* clear_rest = "\x1b[K\n";
constexpr std::size_t remembered = 120;

std::string amount(double bytes) {
    constexpr std::array<char const*, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    for (; bytes >= 1024 && unit + 1 < units.size(); ++unit) {
        bytes /= 1024;
    }
    return fmt::format("{:.{}f} {}", bytes, unit == 0 ? 0 : 1, units[unit]);
}

std::string per_second(double value) {
    return value >= 1e6   ? fmt::format("{:.2f}M/s", value / 1e6)
           : value >= 1e4 ? fmt::format("{:.1f}k/s", value / 1e3)
                          : fmt::format("{:.0f}/s", value);
}

std::string span(screen_json const& seconds) {
    if (!seconds.is_number()) {
        return "?";
    }
    auto const value = seconds.get<double>();
    return value <= 0     ? "0"
           : value < 1e-3 ? fmt::format("{:.0f} us", value * 1e6)
           : value < 1    ? fmt::format("{:.1f} ms", value * 1e3)
           : value < 120  ? fmt::format("{:.1f} s", value)
                          : fmt::format("{:.0f} min", value / 60);
}

double number(screen_json const& from, char const* name) {
    return from.contains(name) && from[name].is_number() ? from[name].get<double>() : 0;
}

// What a server wrote must not act on the terminal.
std::string harmless(std::string text, std::size_t most) {
    std::erase_if(text, [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
    });
    if (text.size() > most) {
        while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) {
            --most;
        }
        text.resize(most);
    }
    return text;
}

} // namespace

std::string spark_text(std::deque<double> const& numbers, std::size_t width) {
    constexpr std::array<char const*, 8> steps{"\u2581", "\u2582", "\u2583", "\u2584",
                                               "\u2585", "\u2586", "\u2587", "\u2588"};
    auto const shown = std::min(width, numbers.size());
    auto const first = numbers.end() - static_cast<std::ptrdiff_t>(shown);
    double const most = shown == 0 ? 0 : *std::max_element(first, numbers.end());
    std::string text(width - shown, ' ');
    for (auto at = first; at != numbers.end(); ++at) {
        auto const step = most > 0 ? static_cast<std::size_t>(*at / most * 7.0) : 0;
        text += steps[std::min<std::size_t>(step, 7)];
    }
    return text;
}

namespace {

constexpr char escape = '\x1b';

// Behind the code that begins at `at`: \x1b[...m
std::size_t behind_code(std::string_view line, std::size_t at) noexcept {
    auto const end = line.find_first_of("mKHJ", at);
    return end == std::string_view::npos ? line.size() : end + 1;
}

std::string cut_line(std::string_view line, std::size_t width) {
    std::string made;
    std::size_t columns = 0;
    for (std::size_t at = 0; at < line.size();) {
        if (line[at] == escape) { // those behind the cut too: they end colors
            auto const next = behind_code(line, at);
            made += line.substr(at, next - at);
            at = next;
            continue;
        }
        bool const begins = (static_cast<unsigned char>(line[at]) & 0xC0U) != 0x80U;
        columns += begins ? 1 : 0;
        if (columns <= width) {
            made += line[at];
        }
        ++at;
    }
    return made;
}

} // namespace

std::string fitted(std::string_view text, std::size_t width, std::size_t height) {
    std::vector<std::string> lines;
    for (;;) {
        auto const end = text.find('\n');
        lines.push_back(cut_line(text.substr(0, end), width));
        if (end == std::string_view::npos) {
            break;
        }
        text.remove_prefix(end + 1);
    }
    if (height > 0 && lines.size() > height) {
        lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(height) - 1, lines.end() - 1);
    }
    return fmt::format("{}", fmt::join(lines, "\n"));
}

std::string flow_screen::painted(char const* code, std::string_view text) const {
    return color_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string{text};
}

std::string flow_screen::draw(std::string const& status, std::size_t width) {
    auto const seen = screen_json::parse(status, nullptr, false);
    if (!seen.is_object() || !seen.contains("directions") || !seen.contains("nodes")) {
        return draw_gone("what answers is no tandem instance; check --url", width);
    }
    std::string text = fmt::format(
        "{}  {}  up {}  policy {}{}", painted(bold, "tandem " + seen.value("version", "")),
        painted(dim, url_), span(seen.value("uptime_seconds", screen_json{})),
        harmless(seen.value("policy", ""), 60), clear_rest);
    text += clear_rest;
    for (auto const& [name, node] : seen["nodes"].items()) {
        bool const up = node.value("up", false);
        text +=
            fmt::format("  {} {:<8}", painted(up ? green : red, up ? "\u25cf" : "\u25cb"), name);
        text += fmt::format("PostgreSQL {:<4}", node.value("version", 0) / 10'000);
        if (node.contains("slot")) {
            auto const& slot = node["slot"];
            bool const active = slot.value("active", false);
            text += fmt::format("  slot {}  WAL kept {:<11} confirmed {}",
                                painted(active ? green : red, active ? "active" : "not read"),
                                amount(number(slot, "retained_wal_bytes")),
                                slot.value("confirmed_lsn", ""));
        }
        text += clear_rest;
    }
    text += clear_rest;
    for (auto const& [name, one] : seen["directions"].items()) {
        auto& rates = rates_[name];
        rates.push_back(number(one, "rows_per_second"));
        if (rates.size() > remembered) {
            rates.pop_front();
        }
        auto const state = one.value("state", "unknown");
        auto const latency = one.value("latency_seconds", screen_json::object());
        std::string const way = fmt::format("{} \u2192 {}", name.substr(0, name.find(':')),
                                            name.substr(std::min(name.find(':') + 1, name.size())));
        text +=
            fmt::format("  {}  {}  {} rows{}", painted(bold, way),
                        painted(state == "streaming" ? green : red, fmt::format("{:<10}", state)),
                        painted(bold, per_second(rates.back())), clear_rest);
        text += fmt::format(
            "  {}{}", painted(blue, spark_text(rates, std::clamp<std::size_t>(width, 24, 100) - 4)),
            clear_rest);
        auto const eta = one.value("catch_up_seconds", screen_json{});
        bool const grows = eta.is_string();
        text += fmt::format(
            "  latency p50 {} p99 {}   lag {} ({}){}   queue {}{}",
            span(latency.value("p50", screen_json{})), span(latency.value("p99", screen_json{})),
            span(one.value("lag_seconds", screen_json{})), amount(number(one, "lag_bytes")),
            grows             ? painted(red, " growing")
            : eta.is_number() ? " caught up in " + span(eta)
                              : std::string{},
            amount(number(one, "queue_bytes")), clear_rest);
        auto const counted = [&](char const* label, char const* field, char const* paint) {
            auto const value = number(one, field);
            auto const shown = fmt::format("{} {:.0f}", label, value);
            return value > 0 && paint != nullptr ? painted(paint, shown) : shown;
        };
        text += fmt::format("  {}   {}   {}   {}{}", counted("applied", "applied", nullptr),
                            counted("echoes stopped", "echoes_stopped", nullptr),
                            counted("conflicts", "conflicts", yellow),
                            counted("parked", "parked_now", red), clear_rest);
        if (auto const reason = one.value("reason", ""); !reason.empty()) {
            text += "  " + painted(red, harmless(reason, width > 4 ? width - 4 : 1)) + clear_rest;
        }
        text += clear_rest;
    }
    last_ = text;
    return text + painted(dim, "  q ends") + "\x1b[K";
}

std::string flow_screen::draw_gone(std::string const& why, std::size_t width) const {
    return last_ + "  " + painted(red, harmless(why, width > 4 ? width - 4 : 1)) + "\x1b[K\n" +
           painted(dim, "  q ends") + "\x1b[K";
}

} // namespace tandem::tool
