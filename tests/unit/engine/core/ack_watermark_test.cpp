#include "engine/core/ack_watermark.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace tandem::engine {
namespace {

TEST(AckWatermark, StartsAtWhatTheSlotHas) {
    ack_watermark const mark{lsn{100}, lsn{150}, lsn{80}};
    EXPECT_EQ(mark.confirmable(), lsn{80});
    EXPECT_TRUE(mark.settled());
    EXPECT_EQ(mark.idle_position(), std::nullopt);
}

TEST(AckWatermark, ConfirmsWhatTheSinkHasOnlyAsTheStreamComesToIt) {
    ack_watermark mark{lsn{100}, lsn{150}, lsn{80}};
    mark.keepalive(lsn{90});
    EXPECT_EQ(mark.confirmable(), lsn{90});
    mark.begun();
    mark.skipped(lsn{100});
    EXPECT_EQ(mark.confirmable(), lsn{100});
    mark.keepalive(lsn{140});
    EXPECT_EQ(mark.confirmable(), lsn{140});
    EXPECT_EQ(mark.idle_position(), std::nullopt) << "the sink has 150";
    mark.keepalive(lsn{170});
    EXPECT_EQ(mark.confirmable(), lsn{150});
    EXPECT_EQ(mark.idle_position(), lsn{170});
}

TEST(AckWatermark, ConfirmsWhatIsDurableOnly) {
    ack_watermark mark{lsn{100}, lsn{}, lsn{100}};
    mark.begun();
    mark.received(lsn{200});
    EXPECT_EQ(mark.confirmable(), lsn{100});
    EXPECT_FALSE(mark.settled());
    mark.durable(lsn{200});
    EXPECT_EQ(mark.confirmable(), lsn{200});
    EXPECT_TRUE(mark.settled());
}

TEST(AckWatermark, AKeepaliveInsideATransactionIsNoPosition) {
    ack_watermark mark{lsn{100}, lsn{}, lsn{100}};
    mark.begun();
    mark.keepalive(lsn{500});
    mark.received(lsn{200});
    mark.durable(lsn{200});
    EXPECT_EQ(mark.idle_position(), std::nullopt);
}

TEST(AckWatermark, AnIdlePositionWaitsForEverythingBeforeIt) {
    ack_watermark mark{lsn{100}, lsn{}, lsn{100}};
    mark.begun();
    mark.received(lsn{200});
    mark.keepalive(lsn{300});
    EXPECT_EQ(mark.idle_position(), std::nullopt);
    mark.durable(lsn{200});
    EXPECT_EQ(mark.idle_position(), lsn{300});
    EXPECT_EQ(mark.confirmable(), lsn{200}) << "not before it is stored as safe";
    mark.stored_safe(lsn{300});
    EXPECT_EQ(mark.confirmable(), lsn{300});
    EXPECT_EQ(mark.idle_position(), std::nullopt);
}

TEST(AckWatermark, AnEchoIsPassedButNotConfirmedByItself) {
    ack_watermark mark{lsn{100}, lsn{}, lsn{100}};
    mark.begun();
    mark.skipped(lsn{250});
    EXPECT_EQ(mark.confirmable(), lsn{100});
    EXPECT_EQ(mark.idle_position(), lsn{250});
}

TEST(AckWatermark, AnOpenTransactionHoldsTheIdlePositionBack) {
    ack_watermark mark{lsn{100}, lsn{}, lsn{100}};
    mark.keepalive(lsn{300});
    mark.begun();
    EXPECT_EQ(mark.idle_position(), std::nullopt);
    mark.skipped(lsn{400});
    EXPECT_EQ(mark.idle_position(), lsn{400});
}

TEST(AckWatermark, NeverGoesBack) {
    ack_watermark mark{lsn{100}, lsn{900}, lsn{900}};
    mark.begun();
    mark.received(lsn{200});
    mark.durable(lsn{200});
    EXPECT_EQ(mark.confirmable(), lsn{900});
    mark.stored_safe(lsn{300});
    EXPECT_EQ(mark.confirmable(), lsn{900});
}

TEST(FlushTracker, DurableOnceTheProbedPositionIsFlushed) {
    flush_tracker flushes;
    EXPECT_FALSE(flushes.waiting());
    flushes.committed(lsn{10});
    EXPECT_TRUE(flushes.waiting());
    EXPECT_EQ(flushes.probed(flushes.newest(), lsn{1000}, lsn{900}), std::nullopt);
    flushes.committed(lsn{20});
    EXPECT_EQ(flushes.probed(flushes.newest(), lsn{1200}, lsn{999}), std::nullopt);
    EXPECT_EQ(flushes.probed(flushes.newest(), lsn{1300}, lsn{1000}), lsn{10})
        << "20 was committed after the probe";
    EXPECT_TRUE(flushes.waiting());
    EXPECT_EQ(flushes.probed(flushes.newest(), lsn{1300}, lsn{1300}), lsn{20});
    EXPECT_FALSE(flushes.waiting());
}

TEST(FlushTracker, WhatIsCommittedWhileTheProbeIsOnItsWayIsNotDurableByIt) {
    flush_tracker flushes;
    flushes.committed(lsn{10});
    auto const asked_at = flushes.newest();
    flushes.committed(lsn{20}); // its commit record lies behind 1000
    EXPECT_EQ(flushes.probed(asked_at, lsn{1000}, lsn{1000}), lsn{10});
    EXPECT_TRUE(flushes.waiting());
    EXPECT_EQ(flushes.probed(flushes.newest(), lsn{1100}, lsn{1000}), std::nullopt);
    EXPECT_EQ(flushes.probed(flushes.newest(), lsn{1200}, lsn{1100}), lsn{20});
}

TEST(FlushTracker, AllFlushedAtOnce) {
    flush_tracker flushes;
    flushes.committed(lsn{10});
    EXPECT_EQ(flushes.probed(flushes.newest(), lsn{1000}, lsn{1000}), lsn{10});
    EXPECT_EQ(flushes.probed(flushes.newest(), lsn{2000}, lsn{2000}), std::nullopt);
}

TEST(FlushTracker, AStalledProbeIsSaidOncePerPatience) {
    flush_tracker flushes;
    EXPECT_FALSE(flushes.stalled(0));
    flushes.committed(lsn{10});
    EXPECT_EQ(flushes.probed(flushes.newest(), lsn{1000}, lsn{900}), std::nullopt);
    EXPECT_FALSE(flushes.stalled(5'000)) << "seen for the first time";
    EXPECT_FALSE(flushes.stalled(5'999));
    EXPECT_TRUE(flushes.stalled(6'000));
    EXPECT_FALSE(flushes.stalled(6'001)) << "it was said";
    EXPECT_TRUE(flushes.stalled(7'000));
    flushes.committed(lsn{20});
    EXPECT_EQ(flushes.probed(flushes.newest(), lsn{1100}, lsn{1000}), lsn{10});
    EXPECT_FALSE(flushes.stalled(9'000)) << "another probe";
    EXPECT_EQ(flushes.probed(flushes.newest(), lsn{1100}, lsn{1100}), lsn{20});
    EXPECT_FALSE(flushes.stalled(20'000)) << "none waits";
}

struct idle_case {
    char const* name;
    idle_store_input input;
    bool worth;
};

void PrintTo(idle_case const& each, std::ostream* out) {
    *out << each.name;
}
class IdleStore : public testing::TestWithParam<idle_case> {};

TEST_P(IdleStore, Decides) {
    EXPECT_EQ(worth_storing(GetParam().input), GetParam().worth);
}

INSTANTIATE_TEST_SUITE_P(
    All, IdleStore,
    testing::Values(idle_case{"foreign_wal", {lsn{10'000}, lsn{0}, 0, 10'000}, true},
                    idle_case{"too_soon", {lsn{10'000}, lsn{0}, 0, 9'999}, false},
                    idle_case{"nothing_new", {lsn{500}, lsn{500}, 0, 60'000}, false},
                    idle_case{"only_our_own", {lsn{8'500}, lsn{500}, 8'000, 60'000}, false},
                    idle_case{
                        "our_own_and_a_snapshot", {lsn{8'564}, lsn{500}, 8'000, 60'000}, false},
                    idle_case{"our_own_and_more", {lsn{9'500}, lsn{500}, 8'000, 60'000}, true}),
    [](auto const& tested) { return std::string{tested.param.name}; });

} // namespace
} // namespace tandem::engine
