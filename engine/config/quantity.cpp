#include "engine/config/quantity.hpp"

#include <charconv>
#include <limits>

namespace tandem::engine {
namespace {

struct unit {
    std::string_view name;
    std::uint64_t factor;
};

constexpr std::uint64_t kibi = 1024;
constexpr unit size_units[] = {
    {"", 1},
    {"B", 1},
    {"K", kibi},
    {"KB", kibi},
    {"KiB", kibi},
    {"k", kibi},
    {"kB", kibi},
    {"M", kibi* kibi},
    {"MB", kibi* kibi},
    {"MiB", kibi* kibi},
    {"G", kibi* kibi* kibi},
    {"GB", kibi* kibi* kibi},
    {"GiB", kibi* kibi* kibi},
};
constexpr unit duration_units[] = {{"ms", 1},       {"s", 1'000},     {"m", 60'000},
                                   {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};

// Longest fraction read: thousandths, the resolution of a duration.
constexpr int fraction_digits_max = 3;

struct number {
    std::uint64_t whole = 0;
    std::uint64_t thousandths = 0;
    std::string_view rest;
};

std::optional<number> read_number(std::string_view text) noexcept {
    number read;
    char const* const end = text.data() + text.size();
    auto const [stop, failed] = std::from_chars(text.data(), end, read.whole);
    if (failed != std::errc{}) {
        return std::nullopt;
    }
    read.rest = {stop, static_cast<std::size_t>(end - stop)};
    if (!read.rest.starts_with('.')) {
        return read;
    }
    read.rest.remove_prefix(1);
    std::uint64_t worth = 100;
    int digits = 0;
    for (; !read.rest.empty() && read.rest.front() >= '0' && read.rest.front() <= '9'; ++digits) {
        read.thousandths += worth * static_cast<std::uint64_t>(read.rest.front() - '0');
        worth /= 10;
        read.rest.remove_prefix(1);
    }
    if (digits == 0 || digits > fraction_digits_max) {
        return std::nullopt;
    }
    return read;
}

template <std::size_t Count>
std::optional<std::uint64_t> scaled(number const& read, unit const (&units)[Count]) noexcept {
    for (unit const& each : units) {
        if (each.name != read.rest) {
            continue;
        }
        if (read.thousandths * each.factor % 1'000 != 0) {
            return std::nullopt; // "1.5ms", "0.1B": finer than we count
        }
        std::uint64_t const fraction = read.thousandths * each.factor / 1'000;
        if (read.whole > (std::numeric_limits<std::int64_t>::max() - fraction) / each.factor) {
            return std::nullopt;
        }
        return read.whole * each.factor + fraction;
    }
    return std::nullopt;
}

} // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
    auto const read = read_number(text);
    if (!read) {
        return std::nullopt;
    }
    return scaled(*read, size_units);
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept {
    if (text == "0") {
        return std::chrono::milliseconds{0};
    }
    auto const read = read_number(text);
    if (!read) {
        return std::nullopt;
    }
    auto const value = scaled(*read, duration_units);
    if (!value) {
        return std::nullopt;
    }
    return std::chrono::milliseconds{static_cast<std::int64_t>(*value)};
}

std::string format_size(std::uint64_t bytes) {
    constexpr unit steps[] = {{"GiB", kibi * kibi * kibi}, {"MiB", kibi * kibi}, {"KiB", kibi}};
    for (unit const& each : steps) {
        if (bytes >= each.factor && bytes % each.factor == 0) {
            return std::to_string(bytes / each.factor).append(each.name);
        }
    }
    return std::to_string(bytes) + "B";
}

std::string format_duration(std::chrono::milliseconds duration) {
    constexpr unit steps[] = {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}};
    auto const ms = static_cast<std::uint64_t>(duration.count());
    for (unit const& each : steps) {
        if (ms >= each.factor && ms % each.factor == 0) {
            return std::to_string(ms / each.factor).append(each.name);
        }
    }
    return ms == 0 ? "0" : std::to_string(ms) + "ms";
}

} // namespace tandem::engine
