#pragma once
// Dates and times between PostgreSQL's text (DateStyle ISO) and numbers.
// Text form: https://www.postgresql.org/docs/current/datatype-datetime.html

#include "codecs/base/lsn.hpp"
#include "codecs/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::values {

// Errors of all parse functions: bad_value, at the byte that cannot be right. They accept what the server
// writes, and nothing else: no other order, no names of months, no missing parts.

// The server's bounds, as it counts: days since 1970-01-01 from 4714-11-24 BC to 5874897-12-31, microseconds
// since 2000-01-01 up to the end of 294276. Infinities are not within.
[[nodiscard]] bool is_date(std::int64_t days) noexcept;
[[nodiscard]] bool is_timestamp(pg_time instant) noexcept;

// Days since 1970-01-01; the greatest and the least number for infinity and -infinity.
[[nodiscard]] result<std::int64_t> parse_date(std::string_view text) noexcept;
[[nodiscard]] std::string date_text(std::int64_t days);

// Microseconds since midnight, 24:00:00 included.
[[nodiscard]] result<std::int64_t> parse_time(std::string_view text) noexcept;
[[nodiscard]] std::string time_text(std::int64_t us);

struct zoned_time {
    std::int64_t us = 0;   // since midnight, where it was written
    std::int32_t east = 0; // seconds that zone is ahead of UTC
    friend bool operator==(zoned_time const&, zoned_time const&) = default;
};
[[nodiscard]] result<zoned_time> parse_timetz(std::string_view text) noexcept;
[[nodiscard]] std::string timetz_text(zoned_time value);

// Of a timestamp, which has no zone, and of a timestamptz in any zone, as UTC.
[[nodiscard]] result<pg_time> parse_timestamp(std::string_view text) noexcept;
[[nodiscard]] result<pg_time> parse_timestamptz(std::string_view text) noexcept;
// As the server writes a timestamp; with "+00" behind the time when `zone`.
[[nodiscard]] std::string timestamp_text(pg_time instant, bool zone);
// The same behind what is in `into`.
void append_timestamp(pg_time instant, bool zone, std::string& into);

// months, days and microseconds are kept apart, as PostgreSQL does: a month has no fixed length.
struct interval {
    std::int64_t months = 0;
    std::int64_t days = 0;
    std::int64_t us = 0;
    friend bool operator==(interval const&, interval const&) = default;
};
// IntervalStyle postgres: "1 year 2 mons -3 days +04:05:06.78".
[[nodiscard]] result<interval> parse_interval(std::string_view text) noexcept;
[[nodiscard]] std::string interval_text(interval const& value);

} // namespace tandem::values
