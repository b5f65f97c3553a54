#include "engine/admin/sequence_overlap.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace tandem::engine {
namespace {

constexpr auto most = std::numeric_limits<std::int64_t>::max();
constexpr auto least = std::numeric_limits<std::int64_t>::min();

sequence_info sequence(std::int64_t start, std::int64_t increment, std::int64_t next) {
    sequence_info made;
    made.start = start;
    made.increment = increment;
    made.next = next;
    made.minimum = increment > 0 ? 1 : least;
    made.maximum = increment > 0 ? most : -1;
    return made;
}

// Either way round it is the same answer.
bool meet(sequence_info const& left, sequence_info const& right) {
    EXPECT_EQ(share_numbers(left, right), share_numbers(right, left));
    return share_numbers(left, right);
}

TEST(SequenceOverlap, Defaults) {
    EXPECT_TRUE(meet(sequence(1, 1, 1), sequence(1, 1, 500)));
}

TEST(SequenceOverlap, StridesWithTheSamePhase) {
    EXPECT_TRUE(meet(sequence(2, 16, 2), sequence(2, 16, 2)));
    EXPECT_TRUE(meet(sequence(1, 16, 1'601), sequence(1, 16, 1)));
    EXPECT_TRUE(meet(sequence(1, 2, 1), sequence(2, 3, 2)));
}

TEST(SequenceOverlap, StridesApart) {
    EXPECT_FALSE(meet(sequence(1, 16, 1'601), sequence(2, 16, 34)));
    EXPECT_FALSE(meet(sequence(1, 2, 7), sequence(2, 16, 2)));
    EXPECT_FALSE(meet(sequence(1, 2, most), sequence(1, 2, 2)));
}

TEST(SequenceOverlap, WhatComesNextDecidesThePhaseNotTheStart) {
    EXPECT_FALSE(meet(sequence(1, 2, 101), sequence(1, 2, 102)));
    EXPECT_TRUE(meet(sequence(1, 2, 102), sequence(2, 2, 102)));
}

TEST(SequenceOverlap, SplitRanges) {
    sequence_info low = sequence(1, 1, 77);
    low.maximum = 1'000'000;
    EXPECT_FALSE(meet(low, sequence(1'000'001, 1, 1'000'001)));
    EXPECT_TRUE(meet(low, sequence(1'000'000, 1, 1'000'000)));
    EXPECT_TRUE(meet(sequence(1, 1, 77), sequence(1'000'001, 1, 1'000'001)));
}

TEST(SequenceOverlap, OneCountsDown) {
    EXPECT_FALSE(meet(sequence(1, 1, 1), sequence(-1, -1, -1)));
    sequence_info down = sequence(100, -1, 90);
    down.maximum = 100;
    EXPECT_TRUE(meet(sequence(1, 1, 1), down));
    EXPECT_FALSE(meet(sequence(101, 1, 101), down));
}

TEST(SequenceOverlap, CyclesHaveNoPhaseButARange) {
    sequence_info cycling = sequence(1, 2, 1);
    cycling.cycles = true;
    EXPECT_TRUE(meet(cycling, sequence(2, 2, 2)));
    cycling.maximum = 9;
    EXPECT_FALSE(meet(cycling, sequence(10, 2, 10)));
}

TEST(SequenceOverlap, TheGreatestIncrementsAndNumbers) {
    EXPECT_FALSE(meet(sequence(1, most, 1), sequence(2, most, 2)));
    sequence_info down = sequence(-1, least, -1);
    EXPECT_FALSE(meet(down, sequence(1, 1, 1)));
    down.maximum = most;
    down.start = down.next = most;
    EXPECT_TRUE(meet(down, sequence(1, 1, 1)));
}

} // namespace
} // namespace tandem::engine
