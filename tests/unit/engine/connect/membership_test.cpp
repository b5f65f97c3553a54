#include "engine/connect/membership.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tandem::connect {
namespace {

void tell(membership const& from, std::vector<membership*> const& to) {
    auto const beat = from.beat();
    for (auto* each : to) {
        ASSERT_TRUE(each->take(beat.key, beat.value));
    }
}

std::size_t owned(membership const& by) {
    std::size_t count = 0;
    for (int at = 0; at < 1000; ++at) {
        count += by.is_mine(fmt::format("connector-{}", at)) ? 1U : 0U;
    }
    return count;
}

TEST(Membership, AWorkerAloneHasAllConnectors) {
    membership const one{"a:1", "g", "x"};
    EXPECT_EQ(owned(one), 1000U);
    EXPECT_EQ(one.size(), 1U);
}

TEST(Membership, EveryConnectorHasOneOwner) {
    membership a{"a:1", "g", "x"};
    membership b{"b:1", "g", "y"};
    membership c{"c:1", "g", "z"};
    for (auto* each : {&a, &b, &c}) {
        tell(*each, {&a, &b, &c});
    }
    for (int at = 0; at < 1000; ++at) {
        auto const name = fmt::format("connector-{}", at);
        EXPECT_EQ(int{a.is_mine(name)} + int{b.is_mine(name)} + int{c.is_mine(name)}, 1) << name;
    }
    for (auto const* each : {&a, &b, &c}) {
        EXPECT_GT(owned(*each), 250U);
        EXPECT_LT(owned(*each), 420U);
    }
}

TEST(Membership, WhoLeavesGivesItsOwnAndNothingElseMoves) {
    membership a{"a:1", "g", "x"};
    membership b{"b:1", "g", "y"};
    membership c{"c:1", "g", "z"};
    for (auto* each : {&a, &b, &c}) {
        tell(*each, {&a, &b, &c});
    }
    std::vector<bool> before;
    for (int at = 0; at < 1000; ++at) {
        before.push_back(a.is_mine(fmt::format("connector-{}", at)));
    }
    auto const gone = c.farewell();
    auto const version = a.version();
    ASSERT_TRUE(a.take(gone.key, gone.value));
    EXPECT_NE(a.version(), version);
    EXPECT_FALSE(a.is_live("c:1"));
    for (int at = 0; at < 1000; ++at) {
        if (before[static_cast<std::size_t>(at)]) {
            EXPECT_TRUE(a.is_mine(fmt::format("connector-{}", at)));
        }
    }
}

TEST(Membership, WhoIsSilentForFourOwnBeatsIsDead) {
    membership a{"a:1", "g", "x"};
    membership b{"b:1", "g", "y"};
    tell(b, {&a});
    for (int beat = 0; beat < membership::beats_missed_most - 1; ++beat) {
        tell(a, {&a});
    }
    EXPECT_TRUE(a.is_live("b:1"));
    tell(b, {&a}); // the count begins again
    for (int beat = 0; beat < membership::beats_missed_most - 1; ++beat) {
        tell(a, {&a});
    }
    EXPECT_TRUE(a.is_live("b:1"));
    tell(a, {&a});
    EXPECT_FALSE(a.is_live("b:1"));
    EXPECT_EQ(owned(a), 1000U);
}

TEST(Membership, AWorkerThatWasStartedAgainTakesItsOwnPlace) {
    membership a{"a:1", "g", "x"};
    membership const before{"b:1", "g", "y"};
    membership const after{"b:1", "g", "z"};
    tell(before, {&a});
    tell(after, {&a});
    EXPECT_EQ(a.size(), 2U);
    EXPECT_FALSE(a.has_twin());
    membership again{"a:1", "g", "w"}; // and knows that what it was has ended
    auto const old = a.beat();
    ASSERT_TRUE(again.take_old(old.key, old.value, 10));
    EXPECT_EQ(again.size(), 1U);
}

TEST(Membership, TwoProcessesOfOneNameAreNoticedAndShareNothing) {
    membership a{"a:1", "g", "x"};
    membership b{"a:1", "g", "y"};
    tell(a, {&b});
    tell(b, {&a});
    EXPECT_TRUE(a.has_twin());
    EXPECT_EQ(owned(a) + owned(b), 1000U);
}

TEST(Membership, OldBeatsAndThoseOfOtherGroupsDoNotCount) {
    membership a{"a:1", "g", "x"};
    auto const old = membership{"b:1", "g", "y"}.beat();
    ASSERT_TRUE(a.take_old(old.key, old.value, membership::beat_age_most_ms + 1));
    tell(membership{"c:1", "other", "z"}, {&a});
    EXPECT_EQ(a.size(), 1U);
    ASSERT_TRUE(a.take_old(old.key, old.value, membership::beat_age_most_ms));
    EXPECT_TRUE(a.is_live("b:1"));
}

TEST(Membership, AnythingElseIsPassedOver) {
    membership a{"a:1", "g", "x"};
    for (auto const* value :
         {"", "{", "[]", "{}", R"({"worker": 1, "group": "g"})", R"({"worker": "b:1"})"}) {
        EXPECT_EQ(a.take("tandem-worker-y", value).error().what,
                  "a worker's beat has to be an object with worker and group");
    }
    EXPECT_EQ(a.size(), 1U);
    EXPECT_TRUE(membership::is_beat("tandem-worker-y"));
    EXPECT_FALSE(membership::is_beat("status-connector-y"));
}

} // namespace
} // namespace tandem::connect
