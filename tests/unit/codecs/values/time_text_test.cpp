#include "codecs/values/time_text.hpp"

#include "codecs/base/civil_date.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace tandem::values {
namespace {

constexpr auto most = std::numeric_limits<std::int64_t>::max();
constexpr auto least = std::numeric_limits<std::int64_t>::min();

TEST(CivilDate, EveryDayOfManyYearsComesBack) {
    std::int64_t day = day_of({-4'800, 1, 1});
    for (std::int64_t year = -4'800; year < 3'300; ++year) {
        for (unsigned month = 1; month <= 12; ++month) {
            for (unsigned of_month = 1; of_month <= days_of_month(year, month); ++of_month, ++day) {
                ASSERT_EQ(day_of({year, month, of_month}), day);
                ASSERT_EQ(date_of(day), (civil_date{year, month, of_month}));
            }
        }
    }
}

TEST(CivilDate, KnownDays) {
    EXPECT_EQ(day_of({1970, 1, 1}), 0);
    EXPECT_EQ(day_of({2000, 1, 1}), 10'957);
    EXPECT_EQ(day_of({-4'713, 11, 24}), -2'440'588) << "day 0 of the Julian count";
    EXPECT_EQ(days_of_month(1900, 2), 28U);
    EXPECT_EQ(days_of_month(2000, 2), 29U);
    EXPECT_EQ(days_of_month(0, 2), 29U);
}

// What the server writes, the number it means, and the server's text again.
struct number_case {
    char const* name;
    std::string text;
    std::int64_t number;
};

void PrintTo(number_case const& each, std::ostream* out) {
    *out << each.name;
}

std::string name_of(testing::TestParamInfo<number_case> const& info) {
    return info.param.name;
}

class DateText : public testing::TestWithParam<number_case> {};
TEST_P(DateText, BothWays) {
    auto const read = parse_date(GetParam().text);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(*read, GetParam().number);
    EXPECT_EQ(date_text(*read), GetParam().text);
}
INSTANTIATE_TEST_SUITE_P(TimeText, DateText,
                         testing::ValuesIn(std::vector<number_case>{
                             {"epoch", "1970-01-01", 0},
                             {"day_before", "1969-12-31", -1},
                             {"leap_day", "2024-02-29", 19'782},
                             {"year_1", "0001-01-01", -719'162},
                             {"year_1_bc", "0001-12-31 BC", -719'163},
                             {"ides_of_march", "0044-03-15 BC", -735'160},
                             {"least", "4714-11-24 BC", -2'440'588},
                             {"greatest", "5874897-12-31", 2'145'042'905},
                             {"five_digits", "10000-01-01", 2'932'897},
                             {"infinity", "infinity", most},
                             {"minus_infinity", "-infinity", least},
                         }),
                         name_of);

class TimeOfDayText : public testing::TestWithParam<number_case> {};
TEST_P(TimeOfDayText, BothWays) {
    auto const read = parse_time(GetParam().text);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(*read, GetParam().number);
    EXPECT_EQ(time_text(*read), GetParam().text);
}
INSTANTIATE_TEST_SUITE_P(TimeText, TimeOfDayText,
                         testing::ValuesIn(std::vector<number_case>{
                             {"midnight", "00:00:00", 0},
                             {"end_of_day", "24:00:00", 86'400'000'000},
                             {"last_microsecond", "23:59:59.999999", 86'399'999'999},
                             {"one_microsecond", "00:00:00.000001", 1},
                             {"half_a_second", "00:00:00.5", 500'000},
                             {"three_digits", "12:34:56.789", 45'296'789'000},
                         }),
                         name_of);

class TimestampText : public testing::TestWithParam<number_case> {};
TEST_P(TimestampText, BothWays) {
    std::string const& text = GetParam().text;
    auto const read = parse_timestamp(text);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->us, GetParam().number);
    EXPECT_EQ(timestamp_text(*read, false), text);
    std::string zoned = text;
    if (text.find("infinity") == std::string::npos) {
        zoned.insert(text.ends_with(" BC") ? text.size() - 3 : text.size(), "+00");
    }
    auto const again = parse_timestamptz(zoned);
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(*again, *read);
    EXPECT_EQ(timestamp_text(*read, true), zoned);
}
INSTANTIATE_TEST_SUITE_P(TimeText, TimestampText,
                         testing::ValuesIn(std::vector<number_case>{
                             {"start_of_count", "2000-01-01 00:00:00", 0},
                             {"epoch", "1970-01-01 00:00:00", -946'684'800'000'000},
                             {"microsecond_before", "1999-12-31 23:59:59.999999", -1},
                             {"now", "2026-11-22 18:16:00.123456", 848'686'560'123'456},
                             {"least", "4714-11-24 00:00:00 BC", -211'813'488'000'000'000},
                             {"bc", "0001-12-31 23:59:59.5 BC", -63'082'281'600'500'000},
                             {"greatest", "294276-12-31 23:59:59.999999",
                              9'223'371'331'199'999'999},
                             {"infinity", "infinity", most},
                             {"minus_infinity", "-infinity", least},
                         }),
                         name_of);

TEST(TimeText, Zones) {
    struct {
        char const* text;
        std::int64_t us;
    } const cases[] = {
        {"2000-01-01 09:00:00+09", 0},          {"1999-12-31 20:30:00-03:30", 0},
        {"2000-01-01 00:19:32+00:19:32", 0},    {"2000-01-02 00:00:00+00", 86'400'000'000},
        {"1999-12-31 09:00:00.25-15", 250'000},
    };
    for (auto const& [text, us] : cases) {
        auto const read = parse_timestamptz(text);
        ASSERT_TRUE(read) << text;
        EXPECT_EQ(read->us, us) << text;
    }
}

TEST(TimeText, TimesWithZone) {
    struct {
        char const* text;
        zoned_time value;
    } const cases[] = {
        {"00:00:00+00", {0, 0}},
        {"24:00:00-15:59", {86'400'000'000, -57'540}},
        {"12:00:00.000001+09", {43'200'000'001, 32'400}},
        {"01:02:03+00:00:01", {3'723'000'000, 1}},
    };
    for (auto const& [text, value] : cases) {
        auto const read = parse_timetz(text);
        ASSERT_TRUE(read) << text;
        EXPECT_EQ(*read, value) << text;
        EXPECT_EQ(timetz_text(value), text);
    }
}

struct refused {
    char const* text;
    std::uint32_t at;
};

TEST(TimeText, DatesThatAreNone) {
    for (auto const& [text, at] : std::vector<refused>{{"", 0},
                                                       {"2000", 4},
                                                       {"200-01-01", 0},
                                                       {"2000-1-01", 5},
                                                       {"2000-13-01", 5},
                                                       {"2000-00-01", 10},
                                                       {"2000-01-32", 8},
                                                       {"2000-01-00", 10},
                                                       {"2001-02-29", 10},
                                                       {"0000-01-01", 10},
                                                       {"2000-01-01x", 10},
                                                       {"2000-01-01 AD", 10},
                                                       {"+2000-01-01", 0},
                                                       {"Infinity", 0},
                                                       {"infinity ", 8},
                                                       {"01.01.2000", 0},
                                                       {"2000/01/01", 4},
                                                       {"99999999-01-01", 7}}) {
        auto const read = parse_date(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error(), (codec_error{codec_errc::bad_value, at})) << text;
    }
}

TEST(TimeText, TimesThatAreNone) {
    for (auto const& [text, at] : std::vector<refused>{{"", 0},
                                                       {"12", 2},
                                                       {"12:34", 5},
                                                       {"1:02:03", 0},
                                                       {"25:00:00", 0},
                                                       {"24:00:01", 0},
                                                       {"24:00:00.000001", 0},
                                                       {"12:60:00", 3},
                                                       {"12:00:60", 6},
                                                       {"12:00:00.", 9},
                                                       {"12:00:00.1234567", 15},
                                                       {"12:00:00 PM", 8},
                                                       {"-1:00:00", 0}}) {
        auto const read = parse_time(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error(), (codec_error{codec_errc::bad_value, at})) << text;
    }
}

TEST(TimeText, BoundsOfTheServer) {
    EXPECT_TRUE(is_date(-2'440'588) && is_date(2'145'042'905));
    EXPECT_FALSE(is_date(-2'440'589) || is_date(2'145'042'906) || is_date(most) || is_date(least));
    EXPECT_TRUE(is_timestamp({-211'813'488'000'000'000}) &&
                is_timestamp({9'223'371'331'199'999'999}));
    EXPECT_FALSE(is_timestamp({-211'813'488'000'000'001}) ||
                 is_timestamp({9'223'371'331'200'000'000}) || is_timestamp({most}));
    for (std::string_view const text : {"4714-11-23 BC", "5874898-01-01", "9999999-12-31"}) {
        EXPECT_EQ(parse_date(text).error(), (codec_error{codec_errc::bad_value, 0})) << text;
    }
}

TEST(TimeText, TimestampsThatAreNone) {
    for (auto const& [text, at] : std::vector<refused>{{"2000-01-01", 10},
                                                       {"2000-01-01T00:00:00", 10},
                                                       {"2000-01-01 00:00:00+00", 19},
                                                       {"2000-01-01 00:00:00 bc", 19},
                                                       {"294277-01-01 00:00:00", 0},
                                                       {"5874897-12-31 00:00:00", 0},
                                                       {"4714-11-23 00:00:00 BC", 0},
                                                       {"-infinit", 0},
                                                       {"2001-02-29 00:00:00", 19}}) {
        auto const read = parse_timestamp(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error(), (codec_error{codec_errc::bad_value, at})) << text;
    }
    for (auto const& [text, at] : std::vector<refused>{{"2000-01-01 00:00:00", 19},
                                                       {"2000-01-01 00:00:00+", 20},
                                                       {"2000-01-01 00:00:00+16", 20},
                                                       {"2000-01-01 00:00:00 UTC", 19},
                                                       {"2000-01-01 00:00:00+00:60", 23},
                                                       {"2000-01-01 00:00:00Z", 19}}) {
        auto const read = parse_timestamptz(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error(), (codec_error{codec_errc::bad_value, at})) << text;
    }
}

struct interval_case {
    char const* name;
    std::string text;
    interval value;
};

void PrintTo(interval_case const& each, std::ostream* out) {
    *out << each.name;
}

class IntervalText : public testing::TestWithParam<interval_case> {};
TEST_P(IntervalText, BothWays) {
    auto const read = parse_interval(GetParam().text);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(*read, GetParam().value);
    EXPECT_EQ(interval_text(*read), GetParam().text);
}
INSTANTIATE_TEST_SUITE_P(
    TimeText, IntervalText,
    testing::ValuesIn(std::vector<interval_case>{
        {"zero", "00:00:00", {0, 0, 0}},
        {"one_of_each", "1 year 1 mon 1 day 01:00:00", {13, 1, 3'600'000'000}},
        {"several", "1 year 2 mons 3 days 04:05:06.78", {14, 3, 14'706'780'000}},
        {"negative", "-1 years -2 mons -3 days -04:05:06.78", {-14, -3, -14'706'780'000}},
        {"sign_behind_a_negative_part", "-1 years +3 days", {-12, 3, 0}},
        {"clock_behind_a_negative_part", "-1 days +00:00:01", {0, -1, 1'000'000}},
        {"negative_clock", "3 days -00:00:00.5", {0, 3, -500'000}},
        {"many_hours", "2562047788:00:54.775807", {0, 0, most}},
        {"least_clock", "-2562047788:00:54.775808", {0, 0, least}},
        {"greatest_months", "178956970 years 7 mons", {2'147'483'647, 0, 0}},
        {"days_only", "100 days", {0, 100, 0}},
        {"mon_only", "-1 mons", {-1, 0, 0}},
        {"infinite", "infinity", {2'147'483'647, 2'147'483'647, most}},
        {"minus_infinite", "-infinity", {-2'147'483'648, -2'147'483'648, least}},
    }),
    [](auto const& each) { return std::string{each.param.name}; });

TEST(TimeText, IntervalsThatAreNone) {
    for (auto const& [text, at] : std::vector<refused>{{"", 0},
                                                       {"1", 1},
                                                       {"1 ", 2},
                                                       {"1 hour", 2},
                                                       {"1 day 2", 7},
                                                       {"00:00:00 1 day", 8},
                                                       {"1  day", 2},
                                                       {"P1Y", 0},
                                                       {"@ 1 year", 0},
                                                       {"1 day ", 6},
                                                       {"01:60:00", 3},
                                                       {"01:00", 5}}) {
        auto const read = parse_interval(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error(), (codec_error{codec_errc::bad_value, at})) << text;
    }
}

} // namespace
} // namespace tandem::values
