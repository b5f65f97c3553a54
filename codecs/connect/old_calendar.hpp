#pragma once
// Java's GregorianCalendar: the Julian calendar up to 1582-10-04, the Gregorian from the day after it, 1582-10-15.
// https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/util/GregorianCalendar.html

#include "codecs/base/civil_date.hpp"

#include <cstdint>

namespace tandem::connect {

inline constexpr std::int64_t day_ms = 86'400'000;

// Of milliseconds since 1970: the day, and what has passed of it.
struct day_and_rest {
    std::int64_t day = 0;
    std::int64_t rest = 0;
};
[[nodiscard]] constexpr day_and_rest split_ms(std::int64_t ms) noexcept {
    std::int64_t const rest = ms % day_ms;
    return {ms / day_ms - (rest < 0 ? 1 : 0), rest < 0 ? rest + day_ms : rest};
}

inline constexpr std::int64_t first_gregorian_day = -141'427; // since 1970

[[nodiscard]] civil_date old_date_of(std::int64_t day_number) noexcept;
// Months and days beyond their range count on, as with a lenient calendar.
[[nodiscard]] std::int64_t old_day_of(std::int64_t year, std::int64_t month,
                                      std::int64_t day) noexcept;

} // namespace tandem::connect
