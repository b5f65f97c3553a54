#include "engine/core/lease_watch.hpp"

#include <gtest/gtest.h>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;
using verdict = lease_watch::verdict;

lease_watch::clock::time_point at(std::chrono::milliseconds time) {
    return lease_watch::clock::time_point{} + time;
}

TEST(LeaseWatch, ASignThatChangesIsLife) {
    lease_watch watch{8s};
    EXPECT_EQ(watch.seen("17 10:00:00", at(0s)), verdict::unclear);
    EXPECT_EQ(watch.seen("17 10:00:02", at(2s)), verdict::alive);
    EXPECT_EQ(watch.seen("17 10:00:04", at(30s)), verdict::alive);
}

TEST(LeaseWatch, ASignThatStaysIsSilenceAfterThePatience) {
    lease_watch watch{8s};
    EXPECT_EQ(watch.seen("17 10:00:00", at(1s)), verdict::unclear);
    EXPECT_EQ(watch.seen("17 10:00:00", at(8'999ms)), verdict::unclear);
    EXPECT_EQ(watch.seen("17 10:00:00", at(9s)), verdict::silent);
    EXPECT_EQ(watch.seen("18 10:00:00", at(20s)), verdict::alive) << "another session";
    EXPECT_EQ(watch.seen("18 10:00:00", at(27s)), verdict::unclear) << "time begins anew";
}

TEST(LeaseWatch, WhatCannotBeSeenIsNeverSilent) {
    lease_watch watch{8s};
    EXPECT_EQ(watch.seen("", at(0s)), verdict::unclear);
    EXPECT_EQ(watch.seen("", at(1h)), verdict::unclear);
    EXPECT_EQ(watch.seen("17 x", at(2h)), verdict::unclear);
    EXPECT_EQ(watch.seen("", at(2h + 1s)), verdict::unclear);
    EXPECT_EQ(watch.seen("17 x", at(3h)), verdict::unclear) << "nothing was known in between";
}

TEST(LeaseWatch, ForgottenIsNew) {
    lease_watch watch{8s};
    EXPECT_EQ(watch.seen("17 x", at(0s)), verdict::unclear);
    watch.forget();
    EXPECT_EQ(watch.seen("17 x", at(10s)), verdict::unclear);
    EXPECT_EQ(watch.seen("17 x", at(18s)), verdict::silent);
}

} // namespace
} // namespace tandem::engine
