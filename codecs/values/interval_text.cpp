#include "codecs/values/text_cursor.hpp"
#include "codecs/values/time_text.hpp"

#include <fmt/format.h>

#include <limits>

namespace tandem::values {
namespace {

constexpr std::int64_t us_per_second = 1'000'000;

// What the server keeps for infinite intervals since version 17.
constexpr interval infinite{std::numeric_limits<std::int32_t>::max(),
                            std::numeric_limits<std::int32_t>::max(),
                            std::numeric_limits<std::int64_t>::max()};
constexpr interval minus_infinite{std::numeric_limits<std::int32_t>::min(),
                                  std::numeric_limits<std::int32_t>::min(),
                                  std::numeric_limits<std::int64_t>::min()};

// hh:mm:ss[.ffffff], any number of hours; the sign stands before it.
std::int64_t take_clock(text_cursor& in, std::int64_t hours, bool negative) noexcept {
    std::int64_t const minutes = in.bounded(2, 2, 59);
    in.expect(":");
    std::int64_t const seconds = in.bounded(2, 2, 59);
    std::int64_t fraction = 0;
    if (in.take(".")) {
        std::size_t const start = in.place();
        fraction = in.digits(1, 6);
        for (std::size_t count = in.place() - start; count < 6; ++count) {
            fraction *= 10;
        }
    }
    std::int64_t us = 0;
    std::int64_t const factor = negative ? -us_per_second : us_per_second;
    bool const beyond =
        __builtin_mul_overflow(hours * 3600 + minutes * 60 + seconds, factor, &us) ||
        __builtin_add_overflow(us, negative ? -fraction : fraction, &us);
    if (beyond) {
        in.fail();
    }
    return us;
}

// One of "2 years", "-1 mons", "3 days", "04:05:06"; true when it was the clock, which is the last.
bool take_part(text_cursor& in, interval& into) noexcept {
    bool const negative = in.take("-");
    if (!negative) {
        in.take("+");
    }
    std::int64_t const value = in.digits(1, 12);
    if (in.take(":")) {
        into.us = take_clock(in, value, negative);
        return true;
    }
    std::int64_t const number = negative ? -value : value;
    in.expect(" ");
    if (in.take("year")) {
        into.months += number * 12;
    } else if (in.take("mon")) {
        into.months += number;
    } else if (in.take("day")) {
        into.days += number;
    } else {
        in.fail();
    }
    in.take("s");
    return false;
}

} // namespace

result<interval> parse_interval(std::string_view text) noexcept {
    text_cursor in{text};
    if (text == "infinity") {
        return infinite;
    }
    if (text == "-infinity") {
        return minus_infinite;
    }
    interval value;
    bool last = take_part(in, value);
    while (!in.failed() && !in.done()) {
        if (last) {
            in.fail();
        }
        in.expect(" ");
        last = take_part(in, value);
    }
    codec_error const error = in.finish();
    return error.code == codec_errc::ok ? result<interval>{value} : result<interval>{error};
}

std::string interval_text(interval const& value) {
    if (value == infinite || value == minus_infinite) {
        return value == infinite ? "infinity" : "-infinity";
    }
    std::string text;
    bool before_negative = false; // a positive part behind a negative one shows its sign
    auto const add = [&](std::int64_t number, char const* unit) {
        if (number != 0) {
            text += fmt::format("{}{}{} {}{}", text.empty() ? "" : " ",
                                before_negative && number > 0 ? "+" : "", number, unit,
                                number == 1 ? "" : "s");
            before_negative = number < 0;
        }
    };
    add(value.months / 12, "year");
    add(value.months % 12, "mon");
    add(value.days, "day");
    if (value.us != 0 || text.empty()) {
        // The least number has no positive twin.
        auto const us = value.us < 0 ? ~static_cast<std::uint64_t>(value.us) + 1
                                     : static_cast<std::uint64_t>(value.us);
        std::uint64_t const seconds = us / us_per_second;
        text += fmt::format("{}{}{:02}:{:02}:{:02}", text.empty() ? "" : " ",
                            value.us < 0      ? "-"
                            : before_negative ? "+"
                                              : "",
                            seconds / 3600, seconds / 60 % 60, seconds % 60);
        if (us % us_per_second != 0) {
            text += fmt::format(".{:06}", us % us_per_second);
            text.erase(text.find_last_not_of('0') + 1);
        }
    }
    return text;
}

} // namespace tandem::values
