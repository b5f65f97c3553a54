#include "io/runtime/rate_gauge.hpp"

#include <gtest/gtest.h>

namespace tandem::io {
namespace {

using namespace std::chrono_literals;

TEST(RateGauge, SteadyFlowIsHighAndEndsWithIt) {
    rate_gauge gauge;
    rate_gauge::time_point now{100s};
    bool high = gauge.note(0, now);
    EXPECT_FALSE(high);
    for (int step = 0; step < 20; ++step) { // 3 KB every 100 µs: 30 MB/s
        now += 100us;
        high = gauge.note(3'000, now);
    }
    EXPECT_TRUE(high);
    now += 5ms;
    EXPECT_TRUE(gauge.note(0, now)); // the server may be decoding
    now += 6ms;
    EXPECT_FALSE(gauge.note(300, now));
}

TEST(RateGauge, BurstAfterARestIsLow) {
    rate_gauge gauge;
    rate_gauge::time_point now{100s};
    static_cast<void>(gauge.note(0, now));
    for (int burst = 0; burst < 10; ++burst) {
        now += 20ms;
        EXPECT_FALSE(gauge.note(60'000, now)); // 3 MB/s
    }
}

} // namespace
} // namespace tandem::io
