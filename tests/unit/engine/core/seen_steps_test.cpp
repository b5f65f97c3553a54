#include "engine/core/seen_steps.hpp"

#include <gtest/gtest.h>

namespace {

using tandem::lsn;
using tandem::pg_time;
using tandem::engine::seen_of_target;
using tandem::engine::seen_steps;

seen_of_target seen(std::uint64_t position) {
    return {lsn{position}, pg_time{static_cast<std::int64_t>(position) * 10}};
}

TEST(SeenSteps, BeginWithWhatIsKnown) {
    seen_steps steps{seen(5)};
    EXPECT_EQ(steps.newest().position, lsn{5});
    EXPECT_EQ(steps.behind(lsn{1000}).position, lsn{5});
}

TEST(SeenSteps, HoldForWhatEndsBehindTheCommitThatTellsThem) {
    seen_steps steps{seen(5)};
    steps.told(lsn{100}, seen(7));
    steps.told(lsn{200}, seen(9));
    EXPECT_EQ(steps.newest().position, lsn{9});
    EXPECT_EQ(steps.newest().at, pg_time{90});
    EXPECT_EQ(steps.behind(lsn{100}).position, lsn{5}) << "that commit itself ends behind it";
    EXPECT_EQ(steps.behind(lsn{108}).position, lsn{7});
    EXPECT_EQ(steps.behind(lsn{200}).position, lsn{7});
    EXPECT_EQ(steps.behind(lsn{208}).position, lsn{9});
    EXPECT_EQ(steps.newest().position, lsn{9}) << "all of them are passed";
}

TEST(SeenSteps, DoNotGoBack) {
    seen_steps steps{seen(5)};
    steps.told(lsn{100}, seen(4));
    steps.told(lsn{200}, seen(5));
    EXPECT_EQ(steps.newest().position, lsn{5});
    EXPECT_EQ(steps.behind(lsn{300}).position, lsn{5});
}

} // namespace
