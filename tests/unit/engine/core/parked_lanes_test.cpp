#include "engine/core/parked_lanes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

parked_row change_of(std::string const& table, std::string const& key) {
    parked_row row;
    row.table = table;
    row.key = {{"id", key}};
    return row;
}

parked_row move_of(std::string const& table, std::string const& from, std::string const& to) {
    auto row = change_of(table, from);
    row.new_key = {{"id", to}};
    return row;
}

parked_row truncate_of(std::string const& table) {
    parked_row row;
    row.table = table;
    row.whole_table = true;
    return row;
}

parked_row asked(parked_row row, parked_request what) {
    row.asked = what;
    return row;
}

using rows = std::vector<parked_row>;

TEST(ParkedLanes, AKeyIsALaneInItsTableOnly) {
    rows const parked{change_of("s.t", "1"), change_of("s.t", "2"), change_of("s.u", "1"),
                      change_of("s.t", "1")};
    EXPECT_THAT(lanes_of(parked, false), ElementsAre(0, 1, 2, 0));
}

TEST(ParkedLanes, NullIsNoText) {
    auto null = change_of("s.t", "");
    null.key = {{"id", std::nullopt}};
    EXPECT_THAT(lanes_of(rows{change_of("s.t", ""), null}, false), ElementsAre(0, 1));
}

TEST(ParkedLanes, KeyUpdatesJoinTheLanesOfTheirKeys) {
    rows const parked{change_of("s.t", "1"), change_of("s.t", "5"), change_of("s.t", "9"),
                      move_of("s.t", "1", "5"), change_of("s.t", "5")};
    EXPECT_THAT(lanes_of(parked, false), ElementsAre(0, 0, 2, 0, 0));
}

TEST(ParkedLanes, LanesJoinedByALaterRowAreOne) {
    rows const parked{change_of("s.t", "1"), change_of("s.t", "2"), change_of("s.t", "3"),
                      move_of("s.t", "2", "3"), move_of("s.t", "1", "3")};
    EXPECT_THAT(lanes_of(parked, false), ElementsAre(0, 0, 0, 0, 0));
}

TEST(ParkedLanes, AWholeTableIsALaneUnlessItIsTakenApart) {
    rows const parked{change_of("s.t", "1"), change_of("s.u", "1"), truncate_of("s.t"),
                      change_of("s.t", "2"), change_of("s.t", "1")};
    EXPECT_THAT(lanes_of(parked, false), ElementsAre(0, 1, 0, 0, 0));
    EXPECT_THAT(lanes_of(parked, true), ElementsAre(0, 1, 2, 3, 0));
}

TEST(ParkedLanes, ARetryTakesTheWholeLaneInSourceOrder) {
    rows const parked{change_of("s.t", "2"), change_of("s.t", "1"),
                      change_of("s.t", "2"), asked(change_of("s.t", "1"), parked_request::retry),
                      change_of("s.t", "1"), asked(change_of("s.u", "1"), parked_request::retry)};
    EXPECT_THAT(lanes_to_retry(parked), ElementsAre(ElementsAre(1, 3, 4), ElementsAre(5)));
}

TEST(ParkedLanes, ADropIsNoRetry) {
    EXPECT_THAT(lanes_to_retry(rows{asked(change_of("s.t", "1"), parked_request::drop)}),
                IsEmpty());
}

TEST(ParkedLanes, WhatCameToTheLaneAfterTheDropWasAskedForIsRetried) {
    rows const parked{asked(change_of("s.t", "1"), parked_request::drop), change_of("s.t", "2"),
                      change_of("s.t", "1")};
    auto const decided = decide_drop(parked);
    EXPECT_THAT(decided.dropped, ElementsAre(0));
    EXPECT_THAT(decided.retried, ElementsAre(2));
    EXPECT_THAT(decided.now_whole, IsEmpty());
}

TEST(ParkedLanes, ADroppedCauseFreesTheRestOfItsTable) {
    auto cause = asked(change_of("s.t", "1"), parked_request::drop);
    cause.whole_table = true;
    rows const parked{cause, change_of("s.t", "2"), change_of("s.u", "2"), change_of("s.t", "3")};
    auto const decided = decide_drop(parked);
    EXPECT_THAT(decided.dropped, ElementsAre(0));
    EXPECT_THAT(decided.retried, ElementsAre(1, 3));
    EXPECT_THAT(decided.now_whole, ElementsAre(1)) << "until then the table waits as before";
}

TEST(ParkedLanes, AnotherCauseOfTheTableKeepsIt) {
    auto cause = asked(change_of("s.t", "1"), parked_request::drop);
    cause.whole_table = true;
    rows const parked{cause, change_of("s.t", "2"), truncate_of("s.t")};
    auto const decided = decide_drop(parked);
    EXPECT_THAT(decided.retried, IsEmpty());
    EXPECT_THAT(decided.now_whole, IsEmpty());
}

TEST(ParkedLanes, LaterChangesWaitBehindBothKeysOfAnUpdateAndBehindTables) {
    auto const keys = keys_of(rows{move_of("s.t", "1", "5"), truncate_of("s.u")});
    parked_keys expected;
    expected.park_key("s.t", {{"id", "1"}});
    expected.park_key("s.t", {{"id", "5"}});
    expected.park_table("s.u");
    EXPECT_EQ(keys, expected);
}

parked_row failed(parked_row row, std::string sqlstate) {
    row.sqlstate = std::move(sqlstate);
    return row;
}

TEST(ParkedLanes, ThoseThatWaitForAUniqueValueAndNothingElse) {
    auto const taken = [](std::string const& key) {
        return failed(change_of("s.t", key), "23505");
    };
    auto const behind = [](std::string const& key) {
        return failed(change_of("s.t", key), "TD011");
    };
    rows const parked{taken("1"),  behind("1"), taken("2"), failed(change_of("s.t", "3"), "23514"),
                      behind("3"), behind("2"), taken("4"), failed(change_of("s.t", "4"), "23514")};
    EXPECT_THAT(colliding_lanes(parked), ElementsAre(ElementsAre(0, 1), ElementsAre(2, 5)));
}

TEST(ParkedLanes, ATruncateThatWaitsBehindAUniqueValueMakesOneLaneOfTheTable) {
    rows const parked{failed(change_of("s.u", "1"), "23505"), failed(truncate_of("s.u"), "TD011"),
                      failed(change_of("s.u", "2"), "TD011")};
    EXPECT_THAT(colliding_lanes(parked), ElementsAre(ElementsAre(0, 1, 2)));
}

TEST(ParkedLanes, APersonsRequestComesFirst) {
    rows const parked{asked(failed(change_of("s.t", "1"), "23505"), parked_request::drop),
                      failed(change_of("s.t", "1"), "TD011")};
    EXPECT_THAT(colliding_lanes(parked), IsEmpty());
}

} // namespace
} // namespace tandem::engine
