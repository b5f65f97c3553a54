#include "perf/harness/figures/threshold.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace tandem::perf {

namespace {

std::string_view trimmed(std::string_view text) {
    auto const first = text.find_first_not_of(' ');
    if (first == text.npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::optional<double> factor_of(std::string_view unit) {
    static constexpr std::array<std::pair<std::string_view, double>, 5> units{
        {{"", 1}, {"us", 0.001}, {"ms", 1}, {"s", 1000}, {"%", 0.01}}};
    for (auto const& [name, factor] : units) {
        if (unit == name) {
            return factor;
        }
    }
    return {};
}

bool holds(double got, std::string_view comparison, double value) {
    if (comparison == "<") {
        return got < value;
    }
    if (comparison == "<=") {
        return got <= value;
    }
    if (comparison == ">") {
        return got > value;
    }
    return comparison == ">=" ? got >= value : got == value;
}

} // namespace

threshold parse_threshold(std::string_view text) {
    auto const wrong = [&](std::string_view why) {
        return std::invalid_argument(fmt::format("threshold '{}': {}", text, why));
    };
    auto const at = text.find_first_of("<>=");
    if (at == text.npos) {
        throw wrong("no comparison; one is like 'p99<6ms'");
    }
    std::size_t const length = text[at] != '=' && text.substr(at + 1).starts_with('=') ? 2 : 1;
    threshold found{std::string(trimmed(text)), std::string(trimmed(text.substr(0, at))),
                    std::string(text.substr(at, length)), 0};
    if (found.name.empty()) {
        throw wrong("no name");
    }
    auto const rest = trimmed(text.substr(at + length));
    auto const [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), found.value);
    if (error != std::errc()) {
        throw wrong("no number");
    }
    auto const unit = trimmed(rest.substr(static_cast<std::size_t>(end - rest.data())));
    auto const factor = factor_of(unit);
    if (!factor) {
        throw wrong(fmt::format("no unit '{}'; there are us, ms, s and %", unit));
    }
    found.value *= *factor;
    return found;
}

verdict judge(threshold const& wanted, measured_values const& got) {
    auto const found = got.find(wanted.name);
    if (found == got.end()) {
        return {wanted.text, std::nullopt, false};
    }
    return {wanted.text, found->second, holds(found->second, wanted.comparison, wanted.value)};
}

} // namespace tandem::perf
