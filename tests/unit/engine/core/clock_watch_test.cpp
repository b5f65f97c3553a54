#include "engine/core/clock_watch.hpp"

#include <gtest/gtest.h>

namespace tandem::engine {
namespace {

TEST(ClockWatch, TheFirstCommitTimeIsTakenAsItIs) {
    clock_watch clock;
    EXPECT_EQ(clock.note(pg_time{5'000}), 0);
}

TEST(ClockWatch, TellsHowFarATimeLiesBehindTheGreatest) {
    clock_watch clock;
    EXPECT_EQ(clock.note(pg_time{1'000}), 0);
    EXPECT_EQ(clock.note(pg_time{3'000}), 0);
    EXPECT_EQ(clock.note(pg_time{3'000}), 0);
    EXPECT_EQ(clock.note(pg_time{2'400}), 600);
    EXPECT_EQ(clock.note(pg_time{2'900}), 100) << "still behind 3000";
    EXPECT_EQ(clock.note(pg_time{3'001}), 0);
}

TEST(ClockWatch, WhatAStreamRepeatsIsNoStepBack) {
    clock_watch clock;
    EXPECT_EQ(clock.note(pg_time{9'000'000}), 0);
    clock.restart(pg_time{1'000'000});
    EXPECT_EQ(clock.note(pg_time{2'000'000}), 0);
    EXPECT_EQ(clock.note(pg_time{1'500'000}), 500'000);
}

TEST(ClockWatch, AStepBackBetweenTwoStartsIsSeen) {
    clock_watch clock;
    EXPECT_EQ(clock.note(pg_time{9'000'000}), 0);
    clock.restart(pg_time{9'000'000});
    EXPECT_EQ(clock.note(pg_time{2'000'000}), 7'000'000);
}

TEST(ClockWatch, ANewProcessTakesTheClockAsItFindsIt) {
    clock_watch clock;
    clock.restart(pg_time{9'000'000});
    EXPECT_EQ(clock.note(pg_time{2'000'000}), 0);
}

} // namespace
} // namespace tandem::engine
