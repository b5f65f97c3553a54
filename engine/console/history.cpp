#include "engine/console/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

namespace tandem::console {
namespace {

constexpr float unknown = std::numeric_limits<float>::quiet_NaN();

// Short, and never what is no JSON.
void append_number(std::string& to, float value) {
    if (!std::isfinite(value)) {
        to += "null";
    } else if (std::abs(value) >= 1'000 || value == std::floor(value)) {
        fmt::format_to(std::back_inserter(to), "{:.0f}", value);
    } else {
        fmt::format_to(std::back_inserter(to), "{:.4g}", value);
    }
}

float rate(std::uint64_t now, std::uint64_t before, double passed) noexcept {
    return now >= before ? static_cast<float>(static_cast<double>(now - before) / passed) : 0;
}

} // namespace

void history::take(lane& into, engine::direction_view const& seen, double passed) {
    counts const now{
        seen.applied,    seen.captured, seen.captured_bytes, seen.echoes_stopped, seen.conflicts,
        seen.end_to_end, true};
    auto const& last = into.last;
    std::array<float, figures.size()> values{};
    values.fill(unknown);
    if (last.known && passed > 0) {
        values[0] = rate(now.applied, last.applied, passed);
        values[1] = rate(now.captured, last.captured, passed);
        values[2] = rate(now.bytes, last.bytes, passed);
        values[7] = rate(now.echoes, last.echoes, passed);
        values[8] = rate(now.conflicts, last.conflicts, passed);
        auto const latency = now.latency.since(last.latency);
        if (latency.count() > 0) {
            auto const of = [&latency](double share) {
                return static_cast<float>(engine::quantile(latency, engine::latency_bounds, share) /
                                          1e6);
            };
            values[3] = of(0.5);
            values[4] = of(0.99);
            values[5] = of(0.999);
        }
    }
    if (seen.lag_seconds) {
        values[6] = static_cast<float>(*seen.lag_seconds);
    }
    for (std::size_t figure = 0; figure < values.size(); ++figure) {
        into.columns[figure][next_] = values[figure];
    }
    into.last = now;
}

void history::add(engine::status_view const& seen) {
    if (at_.empty()) {
        at_.resize(seconds);
        for (auto const& each : seen.directions) {
            auto& made = lanes_.emplace_back();
            made.name = each.source + ":" + each.target;
            for (auto& column : made.columns) {
                column.resize(seconds, unknown);
            }
        }
        for (auto const& each : seen.nodes) {
            nodes_.push_back({each.name, std::vector<float>(seconds, unknown)});
        }
    }
    auto const passed = static_cast<double>(seen.at_us - last_us_) / 1e6;
    last_us_ = seen.at_us;
    at_[next_] = seen.at_us / 1'000'000;
    for (std::size_t at = 0; at < lanes_.size() && at < seen.directions.size(); ++at) {
        take(lanes_[at], seen.directions[at], passed);
    }
    for (std::size_t at = 0; at < nodes_.size() && at < seen.nodes.size(); ++at) {
        auto const& each = seen.nodes[at];
        nodes_[at].wal[next_] =
            each.has_slot ? static_cast<float>(each.slot_retained_wal_bytes) : unknown;
    }
    next_ = (next_ + 1) % seconds;
    count_ = std::min(count_ + 1, seconds);
}

std::size_t history::place(std::size_t nth_oldest, std::size_t shown) const noexcept {
    return (next_ + seconds - shown + nth_oldest) % seconds;
}

void history::append_column(std::string& to, std::vector<float> const& column,
                            std::size_t shown) const {
    to += '[';
    for (std::size_t nth = 0; nth < shown; ++nth) {
        if (nth > 0) {
            to += ',';
        }
        append_number(to, column[place(nth, shown)]);
    }
    to += ']';
}

std::string history::json(std::size_t most) const {
    auto const shown = std::min(most, count_);
    std::string text = "{\"seconds\":[";
    for (std::size_t nth = 0; nth < shown; ++nth) {
        fmt::format_to(std::back_inserter(text), "{}{}", nth > 0 ? "," : "",
                       at_[place(nth, shown)]);
    }
    text += "],\"directions\":{";
    for (auto const& one : lanes_) {
        fmt::format_to(std::back_inserter(text), "{}\"{}\":{{", &one == &lanes_.front() ? "" : ",",
                       one.name);
        for (std::size_t figure = 0; figure < figures.size(); ++figure) {
            fmt::format_to(std::back_inserter(text), "{}\"{}\":", figure > 0 ? "," : "",
                           figures[figure]);
            append_column(text, one.columns[figure], shown);
        }
        text += '}';
    }
    text += "},\"nodes\":{";
    for (auto const& one : nodes_) {
        fmt::format_to(std::back_inserter(text),
                       "{}\"{}\":{{\"wal\":", &one == &nodes_.front() ? "" : ",", one.name);
        append_column(text, one.wal, shown);
        text += '}';
    }
    return text + "}}";
}

std::string history::newest_json() const {
    if (count_ == 0) {
        return "null";
    }
    auto const newest = place(0, 1);
    std::string text = fmt::format("{{\"at\":{},\"directions\":{{", at_[newest]);
    for (auto const& one : lanes_) {
        fmt::format_to(std::back_inserter(text), "{}\"{}\":{{", &one == &lanes_.front() ? "" : ",",
                       one.name);
        for (std::size_t figure = 0; figure < figures.size(); ++figure) {
            fmt::format_to(std::back_inserter(text), "{}\"{}\":", figure > 0 ? "," : "",
                           figures[figure]);
            append_number(text, one.columns[figure][newest]);
        }
        text += '}';
    }
    text += "},\"nodes\":{";
    for (auto const& one : nodes_) {
        fmt::format_to(std::back_inserter(text),
                       "{}\"{}\":{{\"wal\":", &one == &nodes_.front() ? "" : ",", one.name);
        append_number(text, one.wal[newest]);
        text += '}';
    }
    return text + "}}";
}

} // namespace tandem::console
