#include "engine/core/outage_watch.hpp"

#include <gtest/gtest.h>

namespace tandem::engine {
namespace {

using verdict = outage_watch::verdict;

class OutageWatch : public testing::Test {
protected:
    verdict after(std::chrono::seconds passed, outage_watch::seen const& what) {
        now_ += passed;
        return watch_.look(what, now_);
    }

    outage_watch watch_;
    outage_watch::time now_{};
};

TEST_F(OutageWatch, BrokersThatAreAwayForLongAreAnOutage) {
    using namespace std::chrono_literals;
    EXPECT_EQ(after(0s, {3, false, 0}), verdict::none);
    EXPECT_EQ(after(1s, {0, false, 0}), verdict::none);
    EXPECT_EQ(after(4s, {0, false, 0}), verdict::none);
    EXPECT_EQ(after(1s, {0, false, 0}), verdict::unreachable);
    EXPECT_EQ(after(9s, {1, false, 0}), verdict::none);
    EXPECT_EQ(after(9s, {0, false, 0}), verdict::none); // anew
}

TEST_F(OutageWatch, WhatIsNotKnownIsNone) {
    using namespace std::chrono_literals;
    EXPECT_EQ(after(0s, {-1, false, 0}), verdict::none);
    EXPECT_EQ(after(60s, {-1, false, 0}), verdict::none);
}

TEST_F(OutageWatch, NothingAcknowledgedForLongIsOne) {
    using namespace std::chrono_literals;
    EXPECT_EQ(after(0s, {3, true, 7}), verdict::none);
    EXPECT_EQ(after(3s, {3, true, 7}), verdict::none);
    EXPECT_EQ(after(3s, {3, true, 8}), verdict::none); // it goes on
    EXPECT_EQ(after(4s, {3, true, 8}), verdict::none);
    EXPECT_EQ(after(5s, {3, true, 8}), verdict::unacknowledged);
    EXPECT_EQ(after(0s, {3, false, 9}), verdict::none);
    EXPECT_EQ(after(60s, {3, false, 9}), verdict::none); // nothing waits
}

} // namespace
} // namespace tandem::engine
