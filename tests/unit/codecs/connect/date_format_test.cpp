#include "codecs/connect/date_format.hpp"

#include "codecs/connect/old_calendar.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace tandem::connect {
namespace {

constexpr std::int64_t now_ms = 1'732'000'000'000; // 2024-11-19
constexpr std::int64_t leap = 1'709'251'199'123;   // 2024-02-29T23:59:59.123Z, a Thursday

struct shown {
    std::string pattern;
    std::int64_t ms;
    std::string text; // as SimpleDateFormat of JDK 17 writes it
};

TEST(DateFormat, WritesAsJava) {
    std::vector<shown> const known{
        {"yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", leap, "2024-02-29T23:59:59.123Z"},
        {"yy M d h:m:s a", leap, "24 2 29 11:59:59 PM"},
        {"EEEE EEE MMMM MMM G", leap, "Thursday Thu February Feb AD"},
        {"D F w W u k K", leap, "60 5 9 5 4 23 11"},
        {"YYYY-ww", 1'735'603'200'000, "2025-01"}, // 2024-12-31
        {"Z X z", leap, "+0000 Z UTC"},
        {"S SS SSSSSS", leap, "123 123 000123"},
        {"''yyyy''", leap, "'2024'"},
        {"yyyy-MM-dd G", -62'167'392'000'000, "0001-01-01 BC"},
        {"yyyy-MM-dd", -12'219'292'800'000, "1582-10-15"},
        {"yyyy-MM-dd", -12'219'292'800'001, "1582-10-04"},
        {"k K h", 0, "24 0 12"},
    };
    for (auto const& each : known) {
        auto const format = date_format::of(each.pattern, now_ms);
        ASSERT_TRUE(format) << each.pattern;
        std::string text;
        format->format(each.ms, text);
        EXPECT_EQ(text, each.text) << each.pattern;
    }
}

struct parsed {
    std::string pattern;
    std::string text;
    std::optional<std::int64_t> ms;
};

TEST(DateFormat, ReadsAsJava) {
    std::vector<parsed> const known{
        {"yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", "2024-02-29T23:59:59.123Z", leap},
        {"yyyyMMdd", "20240229", 1'709'164'800'000},
        {"yyyy-MM-dd", "2024-02-30", 1'709'251'200'000}, // lenient
        {"yyyy-MM-dd", "2024-14-01", 1'738'368'000'000},
        {"yyyy-MM-dd", "2024-02-29 and more", 1'709'164'800'000},
        {"yyyy-MM-dd", "abc", std::nullopt},
        {"yyyy-MM-dd", "2024/02/29", std::nullopt},
        {"yy-MM-dd", "44-01-01", 2'335'219'200'000}, // 2044: within 20 years
        {"yy-MM-dd", "45-01-01", -788'918'400'000},  // 1945
        {"d MMM yyyy", "29 feb 2024", 1'709'164'800'000},
        {"d MMMM yyyy", "29 FEBRUARY 2024", 1'709'164'800'000},
        {"HH:mm Z", "12:00 +0130", 37'800'000},
        {"HH:mm X", "12:00 Z", 43'200'000},
        {"HH:mm z", "12:00 GMT-01:00", 46'800'000},
        {"h a", "12 AM", 0},
        {"h a", "12 PM", 43'200'000},
        {"k", "24", 0},
        {"yyyy DDD", "2024 060", 1'709'164'800'000},
        {"yyyy G", "0001 BC", -62'167'392'000'000},
        {"yyyy-MM-dd", "1582-10-04", -12'219'379'200'000},
        {"HHmmss", "123", std::nullopt},
        {"yyyy", "-5", -62'325'158'400'000},
        {"H m", " 5  7", 18'420'000},
        {"yyyy-MM-dd", "2024-2-9", 1'707'436'800'000},
        {"MM", "13", 31'536'000'000},
        {"EEE d", "thu 29", 2'419'200'000},
    };
    for (auto const& each : known) {
        auto const format = date_format::of(each.pattern, now_ms);
        ASSERT_TRUE(format) << each.pattern;
        EXPECT_EQ(format->parse(each.text), each.ms) << each.pattern << ' ' << each.text;
    }
}

TEST(DateFormat, RefusesWhatJavaRefuses) {
    EXPECT_EQ(date_format::of("yyyy b", 0).error().what, "Illegal pattern character 'b'");
    EXPECT_EQ(date_format::of("yyyy 'open", 0).error().what, "Unterminated quote");
    EXPECT_EQ(date_format::of("XXXX", 0).error().what, "invalid ISO 8601 format: length=4");
}

TEST(OldCalendar, CountsDaysBothWays) {
    for (std::int64_t day = -1'000'000; day < 200'000; day += 37) {
        auto const date = old_date_of(day);
        EXPECT_EQ(old_day_of(date.year, date.month, date.day), day);
    }
}

} // namespace
} // namespace tandem::connect
