#include "codecs/base/civil_date.hpp"
#include "codecs/event/debezium_values.hpp"
#include "codecs/event/value_kind.hpp"
#include "codecs/values/time_text.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <limits>

namespace tandem::event::debezium {
namespace {

constexpr auto greatest = std::numeric_limits<std::int64_t>::max();
constexpr auto least = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t us_per_day = 86'400'000'000;

char* number(char* out, std::int64_t value) {
    return fmt::format_to(out, "{}", value);
}

std::int64_t floor_by(std::int64_t value, std::int64_t by) noexcept {
    return value / by - (value % by < 0 ? 1 : 0);
}

// Years of ISO 8601: four digits, more with a sign, 1 BC is 0000.
char* iso_date(char* out, std::int64_t days) {
    civil_date const date = date_of(days);
    char const* const sign = date.year > 9'999 ? "+" : date.year < 0 ? "-" : "";
    return fmt::format_to(out, "{}{:04}-{:02}-{:02}", sign, date.year < 0 ? -date.year : date.year,
                          date.month, date.day);
}

// `digits` of a second at least; six when there are more.
char* iso_time(char* out, std::int64_t us, std::int32_t digits) {
    out = fmt::format_to(out, "{:02}:{:02}:{:02}", us / 3'600'000'000, us / 60'000'000 % 60,
                         us / 1'000'000 % 60);
    std::int64_t fraction = us % 1'000'000;
    std::int32_t size = 6;
    while (size > digits && fraction % 10 == 0) {
        fraction /= 10;
        --size;
    }
    return size == 0 ? out : fmt::format_to(out, ".{:0{}}", fraction, size);
}

result<std::int64_t> unix_micros(std::string_view text) noexcept {
    auto const read = values::parse_timestamp(text);
    if (!read) {
        return read.error();
    }
    if (read->us == greatest) {
        return infinite_micros;
    }
    if (read->us == least) {
        return minus_infinite_micros;
    }
    std::int64_t us = 0;
    if (__builtin_add_overflow(read->us, pg_time::unix_offset_us, &us)) {
        return codec_error{codec_errc::bad_value, 0}; // later than 294247: no 64 bits hold it
    }
    return us;
}

char* infinity(char* out, bool negative) {
    return fmt::format_to(out, R"("{}infinity")", negative ? "-" : "");
}

// "2016-11-04T11:51:30.123Z"
char* iso_timestamp(char* out, pg_time instant, std::int32_t digits) {
    if (instant.us == greatest || instant.us == least) {
        return infinity(out, instant.us == least);
    }
    constexpr std::int64_t days_to_2000 = pg_time::unix_offset_us / us_per_day;
    std::int64_t const day = floor_by(instant.us, us_per_day);
    *out++ = '"';
    out = iso_date(out, day + days_to_2000);
    *out++ = 'T';
    out = iso_time(out, instant.us - day * us_per_day, digits);
    return fmt::format_to(out, "Z\"");
}

} // namespace

char* date_days(column_plan const&, std::string_view text, char* out) {
    auto const read = values::parse_date(text);
    if (!read) {
        return nullptr;
    }
    // Infinity has no day: the greatest and the least that the type holds stand for it.
    constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
    constexpr std::int64_t fewest = std::numeric_limits<std::int32_t>::min();
    return number(out, *read == greatest ? most : *read == least ? fewest : *read);
}

char* date_iso(column_plan const&, std::string_view text, char* out) {
    auto const read = values::parse_date(text);
    if (!read) {
        return nullptr;
    }
    if (*read == greatest || *read == least) {
        return infinity(out, *read == least);
    }
    *out++ = '"';
    return fmt::format_to(iso_date(out, *read), "Z\"");
}

char* time_millis(column_plan const&, std::string_view text, char* out) {
    auto const read = values::parse_time(text);
    return read ? number(out, *read / 1'000) : nullptr;
}

char* time_micros(column_plan const&, std::string_view text, char* out) {
    auto const read = values::parse_time(text);
    return read ? number(out, *read) : nullptr;
}

char* time_nanos(column_plan const&, std::string_view text, char* out) {
    auto const read = values::parse_time(text);
    return read ? number(out, *read * 1'000) : nullptr;
}

char* time_iso(column_plan const&, std::string_view text, char* out) {
    auto const read = values::parse_time(text);
    if (!read) {
        return nullptr;
    }
    *out++ = '"';
    return fmt::format_to(iso_time(out, *read, 0), "Z\"");
}

char* time_utc(column_plan const&, std::string_view text, char* out) {
    auto const read = values::parse_timetz(text);
    if (!read) {
        return nullptr;
    }
    std::int64_t const us = read->us - std::int64_t{read->east} * 1'000'000;
    *out++ = '"';
    out = iso_time(out, us - floor_by(us, us_per_day) * us_per_day, 0);
    return fmt::format_to(out, "Z\"");
}

char* timestamp_millis(column_plan const&, std::string_view text, char* out) {
    auto const read = unix_micros(text);
    return read ? number(out, floor_by(*read, 1'000)) : nullptr;
}

char* timestamp_micros(column_plan const&, std::string_view text, char* out) {
    auto const read = unix_micros(text);
    return read ? number(out, *read) : nullptr;
}

// 64 bits of nanoseconds end in 2262; their ends are the infinite ones.
char* timestamp_nanos(column_plan const&, std::string_view text, char* out) {
    auto const read = values::parse_timestamp(text);
    if (read && (read->us == greatest || read->us == least)) {
        return number(out, read->us);
    }
    auto const us = unix_micros(text);
    std::int64_t ns = 0;
    return us && !__builtin_mul_overflow(*us, std::int64_t{1'000}, &ns) ? number(out, ns) : nullptr;
}

char* timestamp_iso(column_plan const&, std::string_view text, char* out) {
    auto const read = values::parse_timestamp(text);
    return read ? iso_timestamp(out, *read, 0) : nullptr;
}

char* timestamp_utc(column_plan const& column, std::string_view text, char* out) {
    auto const read = values::parse_timestamptz(text);
    return read ? iso_timestamp(out, *read, column.parameter) : nullptr;
}

// A month is the twelfth part of 365.25 days. What 64 bits do not hold becomes their end, as with Debezium.
char* interval_micros(column_plan const&, std::string_view text, char* out) {
    auto const read = values::parse_interval(text);
    if (!read) {
        return nullptr;
    }
    constexpr std::int64_t us_per_month = 2'629'800'000'000;
    __extension__ using wide = __int128;
    wide const us = wide{read->months} * us_per_month + wide{read->days} * us_per_day + read->us;
    return number(out, us > greatest ? greatest
                       : us < least  ? least
                                     : static_cast<std::int64_t>(us));
}

// P1Y2M3DT4H5M6.78S: every part is there, as Debezium writes it.
char* interval_iso(column_plan const&, std::string_view text, char* out) {
    auto const read = values::parse_interval(text);
    if (!read) {
        return nullptr;
    }
    std::int64_t const seconds = read->us / 1'000'000;
    out = fmt::format_to(out, R"("P{}Y{}M{}DT{}H{}M)", read->months / 12, read->months % 12,
                         read->days, seconds / 3'600, seconds / 60 % 60);
    std::int64_t const us = read->us % 60'000'000;
    std::string text_of =
        fmt::format("{}{}.{:06}", us < 0 ? "-" : "", (us < 0 ? -us : us) / 1'000'000,
                    (us < 0 ? -us : us) % 1'000'000);
    text_of.erase(text_of.find_last_not_of('0') + 1);
    if (text_of.ends_with('.')) {
        text_of.pop_back();
    }
    return fmt::format_to(out, "{}S\"", text_of);
}

} // namespace tandem::event::debezium
