#include "codecs/base/civil_date.hpp"
#include "codecs/base/lsn.hpp"

#include <fmt/format.h>

#include <limits>

namespace tandem {
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
