#include "tools/chat/service/asked.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::chat {
namespace {

using testing::HasSubstr;

std::string repeated(std::string_view what, std::size_t times) {
    std::string made;
    for (std::size_t at = 0; at < times; ++at) {
        made += what;
    }
    return made;
}

TEST(AskedUser, TheDocumentsOwn) {
    auto const given = read_user(R"({"userId":"aa","userName":"황보규민"})");
    ASSERT_TRUE(given);
    EXPECT_EQ(given->id, "aa");
    EXPECT_EQ(given->name, "황보규민");
}

TEST(AskedUser, LimitsCountCharactersAndNotBytes) {
    EXPECT_TRUE(
        read_user(fmt::format(R"({{"userId":"{}","userName":"n"}})", repeated("황", id_most))));
    auto const longer =
        read_user(fmt::format(R"({{"userId":"{}","userName":"n"}})", repeated("황", id_most + 1)));
    ASSERT_FALSE(longer);
    EXPECT_EQ(longer.error().status, 400);
    EXPECT_EQ(longer.error().why, R"("userId" has 65 characters, at most 64 are taken)");
}

TEST(AskedUser, WhatIsWrongIsNamed) {
    struct wrong_case {
        std::string json;
        char const* why;
    };
    for (auto const& one : {
             wrong_case{"", "the body is not a JSON object with userId, userName"},
             wrong_case{"[]", "the body is not a JSON object with userId, userName"},
             wrong_case{"{", "the body is not a JSON object with userId, userName"},
             wrong_case{"{\"userId\":\"\xff\",\"userName\":\"n\"}",
                        "the body is not a JSON object with userId, userName"},
             wrong_case{R"({"userName":"n"})", R"("userId" is missing, or no string)"},
             wrong_case{R"({"userId":7,"userName":"n"})", R"("userId" is missing, or no string)"},
             wrong_case{R"({"userId":"","userName":"n"})", R"("userId" is empty)"},
             wrong_case{R"({"userId":"  ","userName":"n"})", R"("userId" is empty)"},
             wrong_case{R"({"userId":"a","userName":null})",
                        R"("userName" is missing, or no string)"},
             wrong_case{R"({"userId":"a\u0000","userName":"n"})",
                        R"("userId" has a control character in it)"},
             wrong_case{R"({"userId":"a","userName":"n\nm"})",
                        R"("userName" has a control character in it)"},
             wrong_case{R"({"userId":"a","username":"n"})",
                        R"(unknown field "username"; there are userId, userName)"},
         }) {
        auto const given = read_user(one.json);
        ASSERT_FALSE(given) << one.json;
        EXPECT_EQ(given.error().status, 400) << one.json;
        EXPECT_EQ(given.error().why, one.why) << one.json;
    }
}

TEST(AskedRoom, TheTopicMayBeLeftOut) {
    EXPECT_EQ(read_room(R"({"title":"t"})")->topic, std::nullopt);
    EXPECT_EQ(read_room(R"({"title":"t","topic":null})")->topic, std::nullopt);
    EXPECT_EQ(read_room(R"({"title":"t","topic":"p"})")->topic, "p");
    EXPECT_EQ(read_room(R"({"title":"t","topic":1})").error().why,
              R"("topic" is missing, or no string)");
}

TEST(AskedMessage, LinesArePartOfIt) {
    auto const given = read_message(R"({"roomId":16,"userId":"a","body":"one\n\ttwo"})");
    ASSERT_TRUE(given);
    EXPECT_EQ(given->room_id, 16);
    EXPECT_EQ(given->body, "one\n\ttwo");
}

TEST(AskedMessage, ARoomIsANumberThatAColumnHolds) {
    for (char const* const number : {"0", "-1", "2147483648", "18446744073709551615"}) {
        auto const given =
            read_message(fmt::format(R"({{"roomId":{},"userId":"a","body":"b"}})", number));
        ASSERT_FALSE(given) << number;
        EXPECT_EQ(given.error().why, R"("roomId" is a number from 1 to 2147483647)") << number;
    }
    for (char const* const no_number : {"1.5", "\"1\"", "null"}) {
        auto const given =
            read_message(fmt::format(R"({{"roomId":{},"userId":"a","body":"b"}})", no_number));
        EXPECT_EQ(given.error().why, R"("roomId" is missing, or no whole number)") << no_number;
    }
    EXPECT_EQ(read_message(R"({"roomId":2147483647,"userId":"a","body":"b"})")->room_id,
              2147483647);
}

TEST(AskedMessage, TheLongestOneFitsIntoARequest) {
    auto const body = repeated("\\ud83d\\ude00", body_most); // a character of two escapes
    auto const text = fmt::format(R"({{"roomId":1,"userId":"a","body":"{}"}})", body);
    EXPECT_LE(text.size(), request_bytes_most);
    EXPECT_TRUE(read_message(text));
}

TEST(AskedOpen, OnlyThat) {
    EXPECT_EQ(*read_open(R"({"type":"open","roomId":3})"), 3);
    EXPECT_THAT(read_open(R"({"type":"say","roomId":3})").error().why, HasSubstr("open"));
    EXPECT_THAT(read_open(R"({"roomId":3})").error().why, HasSubstr("open"));
    EXPECT_FALSE(read_open("open"));
}

TEST(AskedQuery, OneRoom) {
    EXPECT_EQ(*read_room_query("roomId=12"), 12);
    for (char const* const wrong :
         {"", "roomId=", "roomId=0", "roomId=-1", "roomId=1x", "room=1", "roomId=99999999999"}) {
        EXPECT_FALSE(read_room_query(wrong)) << wrong;
    }
}

} // namespace
} // namespace tandem::chat
