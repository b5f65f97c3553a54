#include "engine/flow/row_log.hpp"

#include <gtest/gtest.h>

namespace tandem::engine {
namespace {

TEST(RowLog, WhatIsFetchedAheadHasABoundOverAllPartitions) {
    EXPECT_EQ(ahead_kib(0), 0U);
    EXPECT_EQ(ahead_kib(1), 4'096U);
    EXPECT_EQ(ahead_kib(16), 4'096U);
    EXPECT_EQ(ahead_kib(64), 1'024U);
    EXPECT_EQ(ahead_kib(512), 128U);
    EXPECT_EQ(ahead_kib(100'000), 128U);
}

} // namespace
} // namespace tandem::engine
