#include "codecs/base/lsn.hpp"

#include <fmt/format.h>

#include <limits>

namespace tandem {
namespace {

struct civil_date {
    std::int64_t year; // astronomical: 0 is 1 BC
    unsigned month;
    unsigned day;
};

// The proleptic Gregorian date of a day counted from 1970-01-01. By hand because the years that
// PostgreSQL allows do not fit std::chrono::year. Years start in March here, so that the leap day
// comes last; an era is the 400 years after which the calendar repeats.
civil_date date_of(std::int64_t day_number) noexcept {
    constexpr std::int64_t days_per_era = 146'097;
    constexpr std::int64_t days_to_epoch = 719'468; // from 0000-03-01 to 1970-01-01
    std::int64_t const shifted = day_number + days_to_epoch;
    std::int64_t const era = (shifted >= 0 ? shifted : shifted - (days_per_era - 1)) / days_per_era;
    auto const of_era = static_cast<unsigned>(shifted - era * days_per_era);
    unsigned const year_of_era =
        (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
    unsigned const of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned const month_from_march = (5 * of_year + 2) / 153;
    unsigned const day = of_year - (153 * month_from_march + 2) / 5 + 1;
    unsigned const month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    return {era * 400 + year_of_era + (month <= 2 ? 1 : 0), month, day};
}

} // namespace

std::string to_string(pg_time instant) {
    // PostgreSQL's two infinities.
    if (instant.us == std::numeric_limits<std::int64_t>::max()) {
        return "infinity";
    }
    if (instant.us == std::numeric_limits<std::int64_t>::min()) {
        return "-infinity";
    }
    constexpr std::int64_t us_per_second = 1'000'000;
    constexpr std::int64_t us_per_day = 86'400 * us_per_second;
    constexpr std::int64_t unix_days_at_2000 = pg_time::unix_offset_us / us_per_day;
    std::int64_t day = instant.us / us_per_day;
    std::int64_t us_of_day = instant.us % us_per_day;
    if (us_of_day < 0) {
        us_of_day += us_per_day;
        --day;
    }
    civil_date const date = date_of(day + unix_days_at_2000);
    bool const before_christ = date.year < 1;
    std::int64_t const second = us_of_day / us_per_second;
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}+00{}",
                       before_christ ? 1 - date.year : date.year, date.month, date.day,
                       second / 3600, second / 60 % 60, second % 60, us_of_day % us_per_second,
                       before_christ ? " BC" : "");
}

} // namespace tandem
