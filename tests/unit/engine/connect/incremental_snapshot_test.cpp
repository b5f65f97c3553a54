#include "engine/connect/incremental_snapshot.hpp"

#include "engine/connect/notifications.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>

namespace tandem::connect {
namespace {

using kind = snapshot_news::kind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

snapshot_table table(char const* name) {
    return {"public", name, {}, {}};
}
std::array const captured{table("one"), table("other"), table("twoone")};

signal told(char const* type, char const* data) {
    return read_signal("id", type, data).value();
}

std::vector<kind> kinds_of(std::vector<snapshot_news> const& news) {
    std::vector<kind> made;
    for (auto const& each : news) {
        made.push_back(each.what);
    }
    return made;
}

TEST(Signals, AreReadAsDebeziumHasThem) {
    auto const made =
        told("execute-snapshot",
             R"({"type":"incremental","data-collections":["public.one"],"surrogate-key":"n",)"
             R"("additional-conditions":[{"data-collection":"public.one","filter":"id > 7"}]})");
    EXPECT_EQ(made.what, signal::kind::execute_snapshot);
    EXPECT_THAT(made.collections, ElementsAre("public.one"));
    EXPECT_EQ(made.conditions.at("public.one"), "id > 7");
    EXPECT_EQ(made.surrogate_key, "n");
    EXPECT_EQ(told("log", R"({"message":"so"})").message, "so");
    EXPECT_EQ(told("stop-snapshot", "").what, signal::kind::stop_snapshot);
    EXPECT_EQ(read_signal_record(R"({"id":"7","type":"pause-snapshot","data":{}})")->what,
              signal::kind::pause_snapshot);
    EXPECT_EQ(read_signal_record(R"({"type":"log","data":"{\"message\":\"m\"}"})")->message, "m");
}

TEST(Signals, WhatIsNoneSaysWhy) {
    auto const why = [](char const* type, char const* data) {
        return read_signal("id", type, data).error().what;
    };
    EXPECT_EQ(why("dance", ""), "'dance' is no type of a signal");
    EXPECT_EQ(why("execute-snapshot", "[]"), "its data is no JSON object");
    EXPECT_EQ(why("execute-snapshot", "{}"), "it names no data-collections");
    EXPECT_EQ(why("execute-snapshot", R"({"type":"initial","data-collections":["a"]})"),
              "'initial' is no type of a snapshot: incremental or blocking");
    EXPECT_EQ(why("execute-snapshot", R"({"data-collections":[7]})"),
              "data-collections holds something that is no text");
    EXPECT_EQ(read_signal_record("x").error().what, "it is no JSON object");
}

TEST(IncrementalSnapshot, ReadsTableByTableChunkByChunk) {
    incremental_snapshot now;
    std::vector<snapshot_news> news;
    now.take(told("execute-snapshot", R"({"data-collections":["public.o.*"]})"), captured, news);
    ASSERT_TRUE(now.running());
    EXPECT_EQ(now.table().display(), "public.one");
    now.begin_table({"9"});
    now.chunk_done(4, {"4"}, true, news);
    EXPECT_THAT(now.reached(), ElementsAre("4"));
    now.chunk_done(3, {"9"}, false, news);
    EXPECT_EQ(now.table().display(), "public.other");
    EXPECT_THAT(now.most(), IsEmpty());
    now.skip_table("EMPTY", news);
    EXPECT_FALSE(now.running());
    EXPECT_THAT(kinds_of(news),
                ElementsAre(kind::started, kind::in_progress, kind::in_progress,
                            kind::table_completed, kind::table_completed, kind::completed));
    EXPECT_EQ(news[3].rows, 7U);
    EXPECT_EQ(now.state(), "");
}

TEST(IncrementalSnapshot, TheGreatestKeyEndsATable) {
    incremental_snapshot now;
    std::vector<snapshot_news> news;
    now.take(told("execute-snapshot", R"({"data-collections":["public.one"]})"), captured, news);
    now.begin_table({"4"});
    now.chunk_done(4, {"4"}, true, news);
    EXPECT_FALSE(now.running());
}

TEST(IncrementalSnapshot, IsPausedResumedAndStopped) {
    incremental_snapshot now;
    std::vector<snapshot_news> news;
    now.take(told("pause-snapshot", ""), captured, news);
    now.take(told("execute-snapshot", R"({"data-collections":["public.o.*"]})"), captured, news);
    now.take(told("pause-snapshot", ""), captured, news);
    EXPECT_FALSE(now.running());
    now.take(told("resume-snapshot", ""), captured, news);
    EXPECT_TRUE(now.running());
    now.begin_table({"9"});
    now.chunk_done(1, {"1"}, true, news);
    now.take(told("stop-snapshot", R"({"data-collections":["public.one"]})"), captured, news);
    EXPECT_EQ(now.table().display(), "public.other");
    EXPECT_THAT(now.reached(), IsEmpty());
    now.take(told("stop-snapshot", ""), captured, news);
    EXPECT_FALSE(now.running());
    EXPECT_THAT(kinds_of(news), ElementsAre(kind::started, kind::paused, kind::resumed,
                                            kind::in_progress, kind::aborted));
}

TEST(IncrementalSnapshot, IsKeptAsItIs) {
    incremental_snapshot now;
    std::vector<snapshot_news> news;
    now.take(told("execute-snapshot",
                  R"({"data-collections":["public.o.*"],"additional-conditions":)"
                  R"([{"data-collection":"public.one","filter":"v = 'ü'"}]})"),
             captured, news);
    now.begin_table({"9", "x"});
    now.chunk_done(4, {"4", "'"}, true, news);
    now.signals_from(17);
    incremental_snapshot const again{now.state()};
    EXPECT_EQ(again.state(), now.state());
    EXPECT_EQ(again.table().condition, "v = 'ü'");
    EXPECT_THAT(again.reached(), ElementsAre("4", "'"));
    EXPECT_EQ(again.signals_from(), 17);
    EXPECT_EQ(incremental_snapshot{"{\"tables\":7}"}.state(), "");
    EXPECT_EQ(incremental_snapshot{"?"}.state(), "");
}

TEST(IncrementalSnapshot, TheSameTableIsNotReadTwice) {
    incremental_snapshot now;
    std::vector<snapshot_news> news;
    auto const wish = told("execute-snapshot", R"({"data-collections":["public.one"]})");
    now.take(wish, captured, news);
    now.take(wish, captured, news);
    now.skip_table("EMPTY", news);
    EXPECT_FALSE(now.running());
}

TEST(IncrementalSnapshot, AsksInTheOrderOfItsKey) {
    snapshot_table of{"s", "t", "a OR b", {}};
    std::vector<std::string> const key{"k", "Key 2"};
    std::vector<std::string> const columns{"k", "Key 2", "v"};
    EXPECT_EQ(most_query(of, key), R"(SELECT "k", "Key 2" FROM "s"."t" WHERE (a OR b) ORDER BY )"
                                   R"("k" DESC NULLS LAST, "Key 2" DESC NULLS LAST LIMIT 1)");
    EXPECT_EQ(chunk_query(of, key, columns, {"1", "it's"}, {"9", "z"}, 5),
              R"(SELECT "k", "Key 2", "v" FROM "s"."t" WHERE ("k", "Key 2") > ('1', 'it''s') AND )"
              R"(("k", "Key 2") <= ('9', 'z') AND (a OR b) ORDER BY "k", "Key 2" LIMIT 5)");
}

TEST(Notifications, AreWrittenAsDebeziumDoes) {
    snapshot_news news;
    news.what = kind::in_progress;
    news.tables = {"public.one", "public.other"};
    news.table = "public.one";
    news.most_key = "[9]";
    news.last_key = "[4]";
    auto const of = notification_of(news, "mine", "id-1", 17);
    EXPECT_EQ(notification_key(of, false), R"({"id":"id-1"})");
    EXPECT_EQ(
        notification_value(of, false),
        R"({"id":"id-1","aggregate_type":"Incremental Snapshot","type":"IN_PROGRESS",)"
        R"("additional_data":{"connector_name":"mine","data_collections":"public.one, public.other",)"
        R"("current_collection_in_progress":"public.one","maximum_key":"[9]","last_processed_key":"[4]"},)"
        R"("timestamp":17})");
    auto const with = nlohmann::json::parse(notification_value(of, true));
    EXPECT_EQ(with["payload"]["id"], "id-1");
    EXPECT_EQ(with["schema"]["fields"].size(), 5U);
}

} // namespace
} // namespace tandem::connect
