#include "codecs/values/time_text.hpp"

#include "codecs/base/civil_date.hpp"
#include "codecs/values/text_cursor.hpp"

#include <fmt/format.h>

#include <limits>

namespace tandem::values {
namespace {

constexpr std::int64_t us_per_second = 1'000'000;
constexpr std::int64_t us_per_minute = 60 * us_per_second;
constexpr std::int64_t us_per_hour = 60 * us_per_minute;
constexpr std::int64_t us_per_day = 24 * us_per_hour;
constexpr std::int64_t unix_days_at_2000 = pg_time::unix_offset_us / us_per_day;
constexpr std::int64_t first_day = -2'440'588;
constexpr std::int64_t last_day = 2'145'042'905;
constexpr std::int64_t first_us = -211'813'488'000'000'000;
constexpr std::int64_t behind_us = 9'223'371'331'200'000'000;
constexpr auto greatest = std::numeric_limits<std::int64_t>::max();
constexpr auto least = std::numeric_limits<std::int64_t>::min();

template <class T>
result<T> finished(text_cursor const& in, T value) noexcept {
    codec_error const error = in.finish();
    return error.code == codec_errc::ok ? result<T>{value} : result<T>{error};
}

// infinity and -infinity, which are the whole text.
bool take_infinity(text_cursor& in, std::int64_t& into) noexcept {
    if (in.take("infinity")) {
        into = greatest;
        return true;
    }
    if (in.take("-infinity")) {
        into = least;
        return true;
    }
    return false;
}

// The year as it is written; BC follows at the end of the text.
civil_date take_date(text_cursor& in) noexcept {
    civil_date date;
    date.year = in.digits(4, 7);
    in.expect("-");
    date.month = static_cast<unsigned>(in.bounded(2, 2, 12));
    in.expect("-");
    date.day = static_cast<unsigned>(in.bounded(2, 2, 31));
    if (date.year == 0 || date.month == 0 || date.day == 0) {
        in.fail();
        date = {};
    }
    return date;
}

std::int64_t take_day(text_cursor& in, civil_date date) noexcept {
    if (in.take(" BC")) {
        date.year = 1 - date.year;
    }
    if (!in.failed() && date.day > days_of_month(date.year, date.month)) {
        in.fail();
    }
    return in.failed() ? 0 : day_of(date);
}

// .5 is 500000 microseconds.
std::int64_t take_fraction(text_cursor& in) noexcept {
    if (!in.take(".")) {
        return 0;
    }
    std::size_t const start = in.place();
    std::int64_t us = in.digits(1, 6);
    for (std::size_t count = in.place() - start; count < 6; ++count) {
        us *= 10;
    }
    return us;
}

std::int64_t take_clock(text_cursor& in, std::size_t hour_digits,
                        std::int64_t hours_most) noexcept {
    std::int64_t us = in.bounded(2, hour_digits, hours_most) * us_per_hour;
    in.expect(":");
    us += in.bounded(2, 2, 59) * us_per_minute;
    in.expect(":");
    us += in.bounded(2, 2, 59) * us_per_second;
    return us + take_fraction(in);
}

std::int64_t take_time(text_cursor& in) noexcept {
    std::size_t const start = in.place();
    std::int64_t const us = take_clock(in, 2, 24);
    if (!in.failed() && us > us_per_day) {
        in.back_to(start);
        in.fail();
    }
    return us;
}

// +09, -03:30, +00:19:32
std::int32_t take_zone(text_cursor& in) noexcept {
    bool const west = in.take("-");
    if (!west) {
        in.expect("+");
    }
    std::int64_t seconds = in.bounded(2, 2, 15) * 3600;
    if (in.take(":")) {
        seconds += in.bounded(2, 2, 59) * 60;
        if (in.take(":")) {
            seconds += in.bounded(2, 2, 59);
        }
    }
    return static_cast<std::int32_t>(west ? -seconds : seconds);
}

std::string zone_text(std::int32_t east) {
    std::int32_t const seconds = east < 0 ? -east : east;
    std::string text = fmt::format("{}{:02}", east < 0 ? '-' : '+', seconds / 3600);
    if (seconds % 3600 != 0) {
        text += fmt::format(":{:02}", seconds / 60 % 60);
    }
    if (seconds % 60 != 0) {
        text += fmt::format(":{:02}", seconds % 60);
    }
    return text;
}

// Without the zeros at the end, as the server writes seconds.
std::string clock_text(std::int64_t us) {
    std::string text = fmt::format("{:02}:{:02}:{:02}", us / us_per_hour, us / us_per_minute % 60,
                                   us / us_per_second % 60);
    if (us % us_per_second != 0) {
        text += fmt::format(".{:06}", us % us_per_second);
        text.erase(text.find_last_not_of('0') + 1);
    }
    return text;
}

std::string day_text(std::int64_t days) {
    civil_date const date = date_of(days);
    return fmt::format("{:04}-{:02}-{:02}", date.year < 1 ? 1 - date.year : date.year, date.month,
                       date.day);
}

std::string era_text(std::int64_t days) {
    return date_of(days).year < 1 ? " BC" : "";
}

result<pg_time> parse_instant(std::string_view text, bool zone) noexcept {
    text_cursor in{text};
    std::int64_t us = 0;
    if (take_infinity(in, us)) {
        return finished(in, pg_time{us});
    }
    civil_date const date = take_date(in);
    in.expect(" ");
    std::int64_t of_day = take_time(in);
    of_day -= zone ? take_zone(in) * us_per_second : 0;
    std::int64_t const days = take_day(in, date) - unix_days_at_2000;
    if (!in.failed() && (__builtin_mul_overflow(days, us_per_day, &us) ||
                         __builtin_add_overflow(us, of_day, &us) || !is_timestamp({us}))) {
        in.back_to(0);
        in.fail();
    }
    return finished(in, pg_time{us});
}

} // namespace

bool is_date(std::int64_t days) noexcept {
    return days >= first_day && days <= last_day;
}

bool is_timestamp(pg_time instant) noexcept {
    return instant.us >= first_us && instant.us < behind_us;
}

result<std::int64_t> parse_date(std::string_view text) noexcept {
    text_cursor in{text};
    std::int64_t days = 0;
    if (!take_infinity(in, days)) {
        civil_date const date = take_date(in);
        days = take_day(in, date);
        if (!in.failed() && !is_date(days)) {
            in.back_to(0);
            in.fail();
        }
    }
    return finished(in, days);
}

std::string date_text(std::int64_t days) {
    if (days == greatest || days == least) {
        return days == greatest ? "infinity" : "-infinity";
    }
    return day_text(days) + era_text(days);
}

result<std::int64_t> parse_time(std::string_view text) noexcept {
    text_cursor in{text};
    return finished(in, take_time(in));
}

std::string time_text(std::int64_t us) {
    return clock_text(us);
}

result<zoned_time> parse_timetz(std::string_view text) noexcept {
    text_cursor in{text};
    zoned_time value;
    value.us = take_time(in);
    value.east = take_zone(in);
    return finished(in, value);
}

std::string timetz_text(zoned_time value) {
    return clock_text(value.us) + zone_text(value.east);
}

result<pg_time> parse_timestamp(std::string_view text) noexcept {
    return parse_instant(text, false);
}

result<pg_time> parse_timestamptz(std::string_view text) noexcept {
    return parse_instant(text, true);
}

std::string timestamp_text(pg_time instant, bool zone) {
    std::string text;
    append_timestamp(instant, zone, text);
    return text;
}

void append_timestamp(pg_time instant, bool zone, std::string& into) {
    if (instant.us == greatest || instant.us == least) {
        into += instant.us == greatest ? "infinity" : "-infinity";
        return;
    }
    std::int64_t days = instant.us / us_per_day;
    std::int64_t of_day = instant.us % us_per_day;
    if (of_day < 0) {
        of_day += us_per_day;
        --days;
    }
    days += unix_days_at_2000;
    into += day_text(days); // short ones all, without memory of their own
    into += ' ';
    into += clock_text(of_day);
    into += zone ? "+00" : "";
    into += era_text(days);
}

} // namespace tandem::values
