#include "codecs/event/read_time.hpp"

#include "codecs/event/read_scalar.hpp"
#include "codecs/values/text_cursor.hpp"
#include "codecs/values/time_text.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <string_view>

namespace tandem::event {
namespace {

constexpr auto greatest = std::numeric_limits<std::int64_t>::max();
constexpr auto least = std::numeric_limits<std::int64_t>::min();

// A date of ISO 8601 at the front, as PostgreSQL writes it: -0043-03-15 is 0044-03-15 with BC behind what follows.
struct iso_date {
    std::string text;
    std::string_view rest;
    bool before_christ = false;
};

std::optional<iso_date> take_iso_date(std::string_view text) {
    values::text_cursor in{text};
    bool const negative = in.take("-");
    if (!negative) {
        in.take("+");
    }
    std::int64_t const digits = in.digits(4, 7);
    constexpr std::size_t month_and_day = 6; // -03-15
    if (in.failed() || in.rest().size() < month_and_day) {
        return std::nullopt;
    }
    std::int64_t const year = negative ? -digits : digits;
    return iso_date{
        fmt::format("{:04}{}", year < 1 ? 1 - year : year, in.rest().substr(0, month_and_day)),
        in.rest().substr(month_and_day), year < 1};
}

bool is_infinity(field_value const& value) noexcept {
    return value.text == "infinity" || value.text == "-infinity";
}

event_result<void> date_of_iso(field_value const& value, std::string& out) {
    if (value.kind != field_kind::string) {
        return wrong_type;
    }
    if (is_infinity(value)) {
        return set(out, value.text);
    }
    auto const date = take_iso_date(value.text);
    if (!date || date->rest != "Z") {
        return bad_value;
    }
    auto const read = values::parse_date(date->text + (date->before_christ ? " BC" : ""));
    return read ? set(out, values::date_text(*read)) : event_result<void>{bad_value};
}

event_result<void> date(field_value const& value, value_options const& options, std::string& out) {
    if (options.times == time_mode::isostring) {
        return date_of_iso(value, out);
    }
    auto const days = integer(value);
    if (!days) {
        return days.error();
    }
    bool const last = *days == std::numeric_limits<std::int32_t>::max();
    bool const first = *days == std::numeric_limits<std::int32_t>::min();
    if (!last && !first && !values::is_date(*days)) {
        return bad_value;
    }
    return set(out, values::date_text(last ? greatest : first ? least : *days));
}

event_result<void> time_of_iso(field_value const& value, std::string& out) {
    if (value.kind != field_kind::string) {
        return wrong_type;
    }
    if (!value.text.ends_with('Z')) {
        return bad_value;
    }
    auto const read = values::parse_time(value.text.substr(0, value.text.size() - 1));
    return read ? set(out, values::time_text(*read)) : event_result<void>{bad_value};
}

event_result<void> time_of_day(field_value const& value, resolved_type const& type,
                               value_options const& options, std::string& out) {
    time_unit const unit = time_unit_of(type, options.times);
    if (unit == time_unit::iso) {
        return time_of_iso(value, out);
    }
    auto const number = integer(value);
    if (!number) {
        return number.error();
    }
    constexpr std::int64_t us_per_day = 86'400'000'000;
    std::int64_t us = *number;
    bool const fits = unit == time_unit::millis
                          ? !__builtin_mul_overflow(us, std::int64_t{1'000}, &us)
                          : unit == time_unit::micros || us % 1'000 == 0; // PostgreSQL has no finer
    us /= unit == time_unit::nanos ? 1'000 : 1;
    return !fits || us < 0 || us > us_per_day ? event_result<void>{bad_value}
                                              : set(out, values::time_text(us));
}

event_result<void> set_timestamp(std::string& out, pg_time instant, bool zone) {
    out.clear();
    values::append_timestamp(instant, zone, out);
    return {};
}

event_result<void> timestamp_of_iso(field_value const& value, bool zone, std::string& out) {
    if (value.kind != field_kind::string) {
        return wrong_type;
    }
    if (is_infinity(value)) {
        return set(out, value.text);
    }
    // Debezium writes their numbers of microseconds as a date; the first is none of PostgreSQL's.
    if (!zone && value.text == "-290308-12-21T19:59:27.6Z") {
        return set(out, "-infinity");
    }
    auto const date = take_iso_date(value.text);
    if (!date || !date->rest.starts_with('T') || !date->rest.ends_with('Z')) {
        return bad_value;
    }
    out.clear();
    fmt::format_to(std::back_inserter(out), "{} {}{}{}", date->text,
                   date->rest.substr(1, date->rest.size() - 2), zone ? "+00" : "",
                   date->before_christ ? " BC" : "");
    auto const read = zone ? values::parse_timestamptz(out) : values::parse_timestamp(out);
    if (!read) {
        return bad_value;
    }
    bool const last = !zone && read->us == infinite_micros - pg_time::unix_offset_us;
    return last ? set(out, "infinity") : set_timestamp(out, *read, zone);
}

event_result<void> timestamp(field_value const& value, resolved_type const& type,
                             value_options const& options, std::string& out) {
    time_unit const unit = time_unit_of(type, options.times);
    if (unit == time_unit::iso) {
        return timestamp_of_iso(value, false, out);
    }
    auto const number = integer(value);
    if (!number) {
        return number.error();
    }
    std::int64_t us = *number;
    if (unit == time_unit::nanos) {
        if (us == greatest || us == least) {
            return set(out, us > 0 ? "infinity" : "-infinity");
        }
        if (us % 1'000 != 0) { // PostgreSQL has nothing finer than microseconds
            return bad_value;
        }
        us /= 1'000;
    } else {
        std::int64_t const factor = unit == time_unit::millis ? 1'000 : 1;
        if (us == infinite_micros / factor || us == minus_infinite_micros / factor) {
            return set(out, us > 0 ? "infinity" : "-infinity");
        }
        if (__builtin_mul_overflow(us, factor, &us)) {
            return bad_value;
        }
    }
    if (__builtin_sub_overflow(us, pg_time::unix_offset_us, &us) || !values::is_timestamp({us})) {
        return bad_value;
    }
    return set_timestamp(out, pg_time{us}, false);
}

event_result<void> zoned_time(field_value const& value, std::string& out) {
    if (value.kind != field_kind::string || !value.text.ends_with('Z')) {
        return value.kind == field_kind::string ? bad_value : wrong_type;
    }
    auto const read = values::parse_time(value.text.substr(0, value.text.size() - 1));
    return read ? set(out, values::timetz_text({*read, 0})) : event_result<void>{bad_value};
}

// P1Y2M-3DT4H5M6.5S; which of them stand there, and in which order, the server sees to.
bool is_duration(std::string_view text) noexcept {
    return text.size() > 2 && text.front() == 'P' &&
           text.substr(1).find_first_not_of("0123456789.-YMWDTHS") == text.npos &&
           text.find_first_of("0123456789") != text.npos;
}

event_result<void> interval(field_value const& value, value_options const& options,
                            std::string& out) {
    if (options.intervals == interval_mode::string) { // ISO 8601, which PostgreSQL reads as well
        if (value.kind != field_kind::string) {
            return wrong_type;
        }
        return is_duration(value.text) ? set(out, value.text) : event_result<void>{bad_value};
    }
    auto const us = integer(value);
    if (!us) {
        return us.error();
    }
    // The server writes the least number as hours and cannot read them again.
    constexpr std::int64_t us_per_day = 86'400'000'000;
    bool const first = *us == least;
    return set(out, values::interval_text(
                        {0, first ? *us / us_per_day : 0, first ? *us % us_per_day : *us}));
}

} // namespace

event_result<void> read_time(field_value const& value, resolved_type const& type,
                             value_options const& options, std::string& out) {
    switch (type.kind) {
    case value_kind::date:
        return date(value, options, out);
    case value_kind::time:
        return time_of_day(value, type, options, out);
    case value_kind::timetz:
        return zoned_time(value, out);
    case value_kind::timestamp:
        return timestamp(value, type, options, out);
    case value_kind::timestamptz:
        return timestamp_of_iso(value, true, out);
    default:
        return interval(value, options, out);
    }
}

} // namespace tandem::event
