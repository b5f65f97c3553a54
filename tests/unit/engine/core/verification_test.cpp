#include "engine/core/ack_watermark.hpp"
#include "engine/core/horizon_probe.hpp"
#include "engine/core/node_deletes.hpp"
#include "engine/core/open_verifications.hpp"
#include "tests/support/changes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace tandem::engine {
namespace {

written_rows written(std::uint64_t end, std::int64_t first, std::int64_t next) {
    written_rows rows;
    rows.end = lsn{end};
    rows.first = first;
    rows.next = next;
    return rows;
}

TEST(OpenVerifications, AreDueOnceTheDecoderHasPassedThem) {
    open_verifications open;
    open.add(written(10, 100, 101));
    EXPECT_EQ(open.due(lsn{1'000}), nullptr) << "where it was written is not known";
    EXPECT_TRUE(open.unplaced());
    open.placed(lsn{10}, lsn{500});
    EXPECT_FALSE(open.unplaced());
    EXPECT_EQ(open.waits_for(), lsn{500});
    EXPECT_EQ(open.due(lsn{499}), nullptr);
    ASSERT_NE(open.due(lsn{500}), nullptr);
    EXPECT_EQ(open.verified(), lsn{});
    open.close();
    EXPECT_EQ(open.verified(), lsn{10});
    EXPECT_TRUE(open.empty());
    EXPECT_EQ(open.bytes(), 0U);
}

TEST(OpenVerifications, OnlyWhatWasCommittedIsPlaced) {
    open_verifications open;
    open.add(written(10, 100, 101));
    open.add(written(20, 101, 102));
    open.placed(lsn{10}, lsn{500});
    EXPECT_TRUE(open.unplaced());
    open.placed(lsn{20}, lsn{600});
    ASSERT_NE(open.due(lsn{550}), nullptr);
    open.close();
    EXPECT_EQ(open.due(lsn{550}), nullptr);
}

TEST(OpenVerifications, TransactionsWithoutAnEndReachToTheNext) {
    open_verifications open;
    open.add(written(10, 100, 0));
    open.add(written(20, 107, 108));
    open.placed(lsn{20}, lsn{500});
    EXPECT_EQ(open.due(lsn{500})->next, 107);
}

TEST(OpenVerifications, WhatIsSentAgainEndsWhereThisStartBegan) {
    open_verifications open;
    open.add(written(10, 100, 0));
    open.add(written(20, 120 - (std::int64_t{1} << 31), 120)); // all that was written before 120
    open.placed(lsn{20}, lsn{500});
    EXPECT_EQ(open.due(lsn{500})->next, 120);
}

TEST(OpenVerifications, WhatACrashOfTheTargetTookBackIsForgotten) {
    open_verifications open;
    open.add(written(10, 100, 101));
    open.add(written(20, 101, 102));
    open.forget_beyond(lsn{15});
    open.placed(lsn{15}, lsn{500});
    open.close();
    EXPECT_TRUE(open.empty());
    EXPECT_EQ(open.bytes(), 0U);
}

TEST(KeySets, ATableThatWasDescribedAnewIsOneSet) {
    key_sets first{false};
    key_sets second{false};
    auto const plan = text_table("t", 0, 2, 1);
    auto const anew = text_table("t", 1, 3, 1);
    auto const other = text_table("u", 2, 2, 1);
    ASSERT_TRUE(first.add("k", plan, pg_time{10}));
    ASSERT_TRUE(first.add("long key", other, pg_time{5}));
    ASSERT_TRUE(second.add("k", anew, pg_time{30}));
    ASSERT_TRUE(second.add("m", anew, pg_time{20}));
    auto sets = first.take();
    std::ranges::move(second.take(), std::back_inserter(sets));
    auto const made = merged(std::move(sets));
    ASSERT_EQ(made.size(), 2U);
    EXPECT_EQ(made[0].size(), 3U);
    EXPECT_EQ(made[0].earliest(), pg_time{10});
    EXPECT_EQ(made[0].newest(), pg_time{30});
    EXPECT_EQ(made[1].size(), 1U);
}

TEST(AckWatermark, WhatIsNotVerifiedIsNotConfirmed) {
    ack_watermark mark{lsn{100}, lsn{100}, lsn{100}};
    mark.received(lsn{110});
    mark.hold({});
    mark.durable(lsn{110});
    mark.keepalive(lsn{200});
    EXPECT_EQ(mark.confirmable(), lsn{100});
    EXPECT_EQ(mark.idle_position(), std::nullopt);
    mark.received(lsn{210});
    mark.durable(lsn{210});
    mark.hold(lsn{110});
    EXPECT_EQ(mark.confirmable(), lsn{110});
    mark.let_go();
    EXPECT_EQ(mark.confirmable(), lsn{210});
}

TEST(AckWatermark, WhatIsVerifiedAndNotDurableIsNotConfirmed) {
    ack_watermark mark{lsn{100}, lsn{100}, lsn{100}};
    mark.received(lsn{110});
    mark.received(lsn{120});
    mark.hold(lsn{110});
    EXPECT_EQ(mark.confirmable(), lsn{100});
    mark.durable(lsn{120});
    EXPECT_EQ(mark.confirmable(), lsn{110});
}

TEST(NodeDeletes, ATombstoneMayBeatARowThatIsNotNewer) {
    node_deletes deletes;
    deletes.noted("public.t", pg_time{50});
    deletes.noted("public.t", pg_time{40});
    EXPECT_TRUE(deletes.may_beat("public.t", pg_time{49}));
    EXPECT_TRUE(deletes.may_beat("public.t", pg_time{50})) << "the rank decides";
    EXPECT_FALSE(deletes.may_beat("public.t", pg_time{51}));
    EXPECT_FALSE(deletes.may_beat("public.u", pg_time{1}));
}

TEST(NodeDeletes, PositionsOnlyGrow) {
    node_deletes deletes;
    deletes.stored(lsn{50});
    deletes.stored(lsn{40});
    EXPECT_EQ(deletes.stored(), lsn{50});
}

TEST(NodeDeletes, TombstonesAreNeededUntilThePeersStreamHasComeToWhereItKnewOfThem) {
    node_deletes deletes;
    deletes.peer_said({lsn{10}, lsn{900}});
    deletes.peer_said({lsn{20}, lsn{990}}); // the first one is waited for
    EXPECT_EQ(deletes.awaited(), lsn{900});
    EXPECT_EQ(deletes.droppable(lsn{899}), lsn{});
    EXPECT_EQ(deletes.droppable(lsn{900}), lsn{10});
    EXPECT_EQ(deletes.awaited(), lsn{});
    deletes.peer_said({lsn{10}, lsn{950}});
    EXPECT_EQ(deletes.awaited(), lsn{}) << "it is known";
}

TEST(NodeDeletes, WhatThePeerHadSeenIsKnownFromWherePairsBegin) {
    node_deletes deletes;
    constexpr std::int64_t second = 1'000'000;
    EXPECT_EQ(deletes.seen_before(lsn{1'000}), pg_time{});
    deletes.peer_said({lsn{10}, lsn{900}, pg_time{50 * second}});
    deletes.peer_said({lsn{20}, lsn{990}, pg_time{60 * second}});
    EXPECT_EQ(deletes.seen_before(lsn{899}), pg_time{});
    EXPECT_EQ(deletes.seen_before(lsn{900}), pg_time{49 * second})
        << "commit times may be out of order by a moment";
    EXPECT_EQ(deletes.seen_before(lsn{989}), pg_time{49 * second});
    EXPECT_EQ(deletes.seen_before(lsn{5'000}), pg_time{59 * second});
    EXPECT_EQ(deletes.seen_before(lsn{950}), pg_time{}) << "forgotten";
}

TEST(HorizonProbe, TellsTheTimeOfItsQuestion) {
    horizon_probe probe;
    probe.said(lsn{10}, lsn{500}, 9, 9, pg_time{77});
    probe.said(lsn{12}, lsn{600}, 9, 12, pg_time{88});
    EXPECT_EQ(probe.last(), (horizon{lsn{10}, lsn{600}, pg_time{77}}));
}

TEST(HorizonProbe, WaitsForTransactionsThatRanBeside) {
    horizon_probe probe;
    EXPECT_TRUE(probe.due(lsn{10}));
    probe.said(lsn{10}, lsn{500}, 7, 9);
    EXPECT_EQ(probe.last(), std::nullopt);
    probe.said(lsn{12}, lsn{600}, 8, 12);
    EXPECT_EQ(probe.last(), std::nullopt);
    probe.said(lsn{12}, lsn{700}, 9, 12);
    EXPECT_EQ(probe.last(), (horizon{lsn{10}, lsn{700}}));
    EXPECT_TRUE(probe.due(lsn{12}));
    EXPECT_FALSE(probe.due(lsn{10}));
}

} // namespace
} // namespace tandem::engine
