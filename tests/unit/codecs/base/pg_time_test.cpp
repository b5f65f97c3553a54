#include "codecs/base/lsn.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace tandem {
namespace {

constexpr std::int64_t day_us = 86'400'000'000;

// The expected texts are what a server of version 15 prints for
// `select timestamptz '2000-01-01 00:00+00' + interval '<us> microseconds'` at time zone UTC.
TEST(PgTime, PrintsAsPostgresReadsIt) {
    struct {
        char const* name;
        std::int64_t us;
        char const* text;
    } const cases[] = {
        {"the epoch", 0, "2000-01-01 00:00:00.000000+00"},
        {"one before", -1, "1999-12-31 23:59:59.999999+00"},
        {"microseconds", 848'686'560'123'456, "2026-11-22 18:16:00.123456+00"},
        {"leap day of a century", 59 * day_us, "2000-02-29 00:00:00.000000+00"},
        {"the day after", 60 * day_us, "2000-03-01 00:00:00.000000+00"},
        {"no leap day in 1900", -36'466 * day_us, "1900-02-28 00:00:00.000000+00"},
        {"day after it", -36'465 * day_us, "1900-03-01 00:00:00.000000+00"},
        {"first day of year 1", -730'119 * day_us, "0001-01-01 00:00:00.000000+00"},
        {"last day before Christ", -730'120 * day_us, "0001-12-31 00:00:00.000000+00 BC"},
        {"five digits", 2'921'940 * day_us, "10000-01-01 00:00:00.000000+00"},
        {"the type's least", -211'813'488'000'000'000, "4714-11-24 00:00:00.000000+00 BC"},
        {"the type's greatest", 9'223'371'331'199'999'999, "294276-12-31 23:59:59.999999+00"},
        {"infinity", std::numeric_limits<std::int64_t>::max(), "infinity"},
        {"minus infinity", std::numeric_limits<std::int64_t>::min(), "-infinity"},
    };
    for (auto const& [name, us, text] : cases) {
        EXPECT_EQ(to_string(pg_time{us}), text) << name;
    }
}

TEST(PgTime, ConvertsToAndFromUnixTime) {
    EXPECT_EQ(pg_time::from_unix_us(0).us, -946'684'800'000'000);
    EXPECT_EQ(pg_time{}.unix_us(), 946'684'800'000'000);
    EXPECT_EQ(to_string(pg_time::from_unix_us(0)), "1970-01-01 00:00:00.000000+00");
    EXPECT_EQ(pg_time::from_unix_us(pg_time{-12'345}.unix_us()), pg_time{-12'345});
}

} // namespace
} // namespace tandem
