#include "engine/admin/topic_place.hpp"

#include "engine/config/error.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace tandem::engine {
namespace {

using kind = topic_place::kind;

TEST(TopicPlace, ReadsEveryForm) {
    std::pair<char const*, topic_place> const cases[] = {
        {"newest", {kind::newest, 0}},
        {"oldest", {kind::oldest, 0}},
        {"-1", {kind::last, 1}},
        {"-250", {kind::last, 250}},
        {"0", {kind::offset, 0}},
        {"9223372036854775807", {kind::offset, 9'223'372'036'854'775'807}},
        {"@0", {kind::time, 0}},
        {"@1764165600123", {kind::time, 1'764'165'600'123}},
        {"@1970-01-02", {kind::time, 86'400'000}},
        {"@2025-11-26T14:00Z", {kind::time, 1'764'165'600'000}},
        {"@2025-11-26T14:00:00", {kind::time, 1'764'165'600'000}},
        {"@2025-11-26 14:00:00.1234z", {kind::time, 1'764'165'600'123}},
        {"@2025-11-26T14:00:00.1", {kind::time, 1'764'165'600'100}},
        {"@2025-11-26t16:30:00,5+02:30", {kind::time, 1'764'165'600'500}},
        {"@2025-11-26T09:00:00-0500", {kind::time, 1'764'165'600'000}},
        {"@2024-02-29", {kind::time, 1'709'164'800'000}},
    };
    for (auto const& [text, expected] : cases) {
        EXPECT_EQ(parse_topic_place(text), expected) << text;
    }
}

TEST(TopicPlace, MistakesNameWhatIsExpected) {
    for (char const* text : {"",
                             "-",
                             "@",
                             "--1",
                             "-x",
                             "1x",
                             "+1",
                             "@-1",
                             "latest",
                             "9223372036854775808",
                             "@2025-02-29",
                             "@2025-13-01",
                             "@2025-00-01",
                             "@2025-11-26T",
                             "@2025-11-26T14",
                             "@2025-11-26T24:00",
                             "@2025-11-26T14:60",
                             "@2025-11-26T14:00:60",
                             "@2025-11-26T14:00:00.",
                             "@2025-11-26T14:00Zx",
                             "@2025-11-26T14:00+1",
                             "@1969-12-31",
                             "@2025/11/26",
                             "@1970-01-01T00:00+01:00"}) {
        try {
            static_cast<void>(parse_topic_place(text));
            ADD_FAILURE() << text;
        } catch (config_error const& error) {
            EXPECT_NE(std::string{error.what()}.find("expected newest, oldest, -N"),
                      std::string::npos);
        }
    }
}

} // namespace
} // namespace tandem::engine
