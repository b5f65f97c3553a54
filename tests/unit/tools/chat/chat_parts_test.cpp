#include "tools/chat/service/caused.hpp"
#include "tools/chat/service/id_source.hpp"
#include "tools/chat/service/room_view.hpp"
#include "tools/chat/service/shown.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace tandem::chat {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t some_day_ms = 1'700'000'000'000;

TEST(IdSource, GrowsWhateverTheClockDoes) {
    id_source ids{3};
    std::int64_t last = 0;
    for (std::int64_t const now :
         {some_day_ms, some_day_ms, some_day_ms - 5'000, some_day_ms + 1, std::int64_t{0}}) {
        auto const id = ids.next(now);
        EXPECT_GT(id, last);
        last = id;
    }
}

TEST(IdSource, TwoInstancesNeverGiveOneNumber) {
    std::set<std::int64_t> seen;
    id_source first{0};
    id_source second{15};
    for (int at = 0; at < 1'000; ++at) { // more than fit into the millisecond
        EXPECT_TRUE(seen.insert(first.next(some_day_ms)).second);
        EXPECT_TRUE(seen.insert(second.next(some_day_ms)).second);
    }
}

TEST(IdSource, ABrowserHoldsThem) {
    id_source ids{15};
    constexpr std::int64_t year_2090_ms = 3'786'912'000'000;
    EXPECT_LT(ids.next(year_2090_ms), std::int64_t{1} << 53);
}

TEST(RoomView, TellsWhatIsNewChangedAndGone) {
    room_view view;
    std::vector<row_version> now{{1, "a"}, {2, "a"}};
    EXPECT_THAT(view.stale(now), ElementsAre(1, 2));
    view.show(1, "a");
    view.show(2, "a");
    EXPECT_THAT(view.stale(now), IsEmpty());
    EXPECT_THAT(view.take_gone(now), IsEmpty());
    now = {{2, "b"}, {3, "a"}};
    EXPECT_THAT(view.take_gone(now), ElementsAre(1));
    EXPECT_THAT(view.stale(now), ElementsAre(2, 3));
    EXPECT_EQ(view.size(), 1U);
}

TEST(RoomView, WhatCameLateIsNewAllTheSame) {
    room_view view;
    view.show(10, "x");
    EXPECT_THAT(view.stale({{9, "y"}, {10, "x"}}), ElementsAre(9));
}

TEST(CausedBy, TheInstancesOwnRows) {
    EXPECT_EQ(
        caused_by(
            "chat1",
            R"({"op":"c","source":{"table":"chat_user"},"after":{"user_id":"aa","node":"chat1"}})"),
        "user \"aa\"");
    EXPECT_EQ(
        caused_by(
            "chat1",
            R"({"op":"c","source":{"table":"chat_room"},"after":{"room_id":17,"node":"chat1"}})"),
        "room 17");
    EXPECT_EQ(
        caused_by("chat1", R"({"schema":{},"payload":{"op":"u","source":{"table":"chat_message"},
              "after":{"id":5,"node":"chat1"}}})"),
        "message 5");
}

TEST(CausedBy, NothingElse) {
    for (
        char const* const value : {
            "",
            "null",
            "7",
            "[]",
            "{}",
            "not json",
            R"({"after":null})",
            R"({"payload":null})",
            R"({"after":{"node":1}})",
            R"({"source":{"table":"chat_user"},"after":{"user_id":"aa","node":"chat2"}})",
            R"({"source":{"table":"other"},"after":{"user_id":"aa","node":"chat1"}})",
            R"({"source":{"table":"chat_user"},"before":{"user_id":"aa","node":"chat1"},"after":null})",
        }) {
        EXPECT_EQ(caused_by("chat1", value), std::nullopt) << value;
    }
}

TEST(CausedBy, KeysAreShownEscaped) {
    EXPECT_EQ(
        caused_by(
            "c",
            "{\"source\":{\"table\":\"chat_user\"},\"after\":{\"user_id\":\"a\\nb\",\"node\":\"c\"}}"),
        "user \"a\\nb\"");
}

TEST(TopicMatches, NameOrBeginning) {
    EXPECT_TRUE(topic_matches("tandem.a", "tandem.a"));
    EXPECT_FALSE(topic_matches("tandem.a", "tandem.ab"));
    EXPECT_TRUE(topic_matches("tandem.*", "tandem.a"));
    EXPECT_TRUE(topic_matches("*", "x"));
    EXPECT_FALSE(topic_matches("tandem.*", "other"));
    EXPECT_FALSE(topic_matches("", "x"));
}

TEST(Shown, MarkupAndLongNumbersAreText) {
    message one;
    one.id = 9'007'199'254'740'993;
    one.room_id = 1;
    one.user_id = "aa";
    one.body = "<b>\"x\"</b>";
    one.sent_at = "2023-01-15T00:30:00.000Z";
    EXPECT_EQ(
        view_json(1, {one}, {7}),
        R"({"type":"view","roomId":1,"messages":[{"id":"9007199254740993","roomId":1,"userId":"aa","userName":null,)"
        R"("body":"<b>\"x\"</b>","sentAt":"2023-01-15T00:30:00.000Z","likes":0}],"gone":["7"]})");
}

} // namespace
} // namespace tandem::chat
