#include "engine/admin/winner.hpp"

#include "codecs/sql/repair_statements.hpp"

#include <gtest/gtest.h>

namespace tandem::engine {
namespace {

constexpr std::uint32_t from_target = 1; // at the source
constexpr std::uint32_t from_source = 2; // at the target

row_look own(std::optional<std::int64_t> at) {
    return {true, "x", "100", at, 0};
}
row_look brought(std::int64_t at, std::uint32_t origin) {
    return {true, "y", "200", at, origin};
}

repair_rules rules() {
    repair_rules made;
    made.source_origin = from_target;
    made.target_origin = from_source;
    return made;
}

TEST(Winner, TheNewerOfTwoOwnVersions) {
    EXPECT_EQ(decide({own(7), own(6)}, rules()), repair_deed::resend_source);
    EXPECT_EQ(decide({own(6), own(7)}, rules()), repair_deed::resend_target);
}

TEST(Winner, TheRankWhereTimesAreTheSame) {
    repair_rules ranked = rules();
    EXPECT_EQ(decide({own(7), own(7)}, ranked), repair_deed::resend_target);
    ranked.source_outranks = true;
    EXPECT_EQ(decide({own(7), own(7)}, ranked), repair_deed::resend_source);
    EXPECT_EQ(decide({own({}), own({})}, ranked), repair_deed::resend_source);
}

TEST(Winner, AVersionThatIsNotKnownIsTheOldest) {
    EXPECT_EQ(decide({own(1), own({})}, rules()), repair_deed::resend_source);
    EXPECT_EQ(decide({own({}), own(1)}, rules()), repair_deed::resend_target);
}

TEST(Winner, TheNodeThatWroteARowKnowsItsVersion) {
    EXPECT_EQ(decide({own(5), brought(9, from_source)}, rules()), repair_deed::resend_source);
    EXPECT_EQ(decide({brought(9, from_target), own(5)}, rules()), repair_deed::resend_target);
    EXPECT_EQ(decide({brought(9, from_target), brought(8, from_source)}, rules()),
              repair_deed::resend_source)
        << "neither: the newer";
    EXPECT_EQ(decide({own(5), brought(9, 77)}, rules()), repair_deed::resend_target)
        << "somebody else's origin is a write of that node";
}

TEST(Winner, WhatAFillingBroughtCameFromThePeer) {
    constexpr std::uint32_t silent_at_target = 3;
    repair_rules rule = rules();
    rule.target_silent = silent_at_target;
    auto const filled = brought(sql::oldest_us, silent_at_target);
    EXPECT_EQ(decide({own({}), filled}, rule), repair_deed::resend_source);
    EXPECT_EQ(decide({{}, filled}, rule), repair_deed::resend_target) << "nobody knows, later";
    rule.peer_deletes = true;
    EXPECT_EQ(decide({{}, filled}, rule), repair_deed::resend_target);
    rule.filled_deletes = true;
    EXPECT_EQ(decide({{}, filled}, rule), repair_deed::remove_target);
    EXPECT_EQ(decide({{}, brought(7, silent_at_target)}, rule), repair_deed::resend_target)
        << "by the SQL of a repair";
    EXPECT_EQ(decide({filled, {}}, rule), repair_deed::resend_source)
        << "an origin's number is one node's";
}

TEST(Winner, ARowOnOneNodeOnlyStays) {
    EXPECT_EQ(decide({own(5), {}}, rules()), repair_deed::resend_source);
    EXPECT_EQ(decide({{}, own(5)}, rules()), repair_deed::resend_target);
    EXPECT_EQ(decide({{}, brought(5, from_source)}, rules()), repair_deed::resend_target);
}

TEST(Winner, WhatThePeerDeletedGoes) {
    repair_rules after_gap = rules();
    after_gap.peer_deletes = true;
    EXPECT_EQ(decide({{}, brought(5, from_source)}, after_gap), repair_deed::remove_target);
    EXPECT_EQ(decide({brought(5, from_target), {}}, after_gap), repair_deed::remove_source);
    EXPECT_EQ(decide({own(5), {}}, after_gap), repair_deed::resend_source) << "its own";
    after_gap.source_origin = 0;
    EXPECT_EQ(decide({own(5), {}}, after_gap), repair_deed::resend_source) << "no origin is known";
}

TEST(Winner, ANodeThatIsRightIsFollowedInEverything) {
    repair_rules source_is_right = rules();
    source_is_right.prefer = repair_side::source;
    EXPECT_EQ(decide({own(1), own(9)}, source_is_right), repair_deed::resend_source);
    EXPECT_EQ(decide({{}, own(9)}, source_is_right), repair_deed::remove_target);
    repair_rules target_is_right = rules();
    target_is_right.prefer = repair_side::target;
    EXPECT_EQ(decide({own(9), own(1)}, target_is_right), repair_deed::resend_target);
    EXPECT_EQ(decide({own(9), {}}, target_is_right), repair_deed::remove_source);
}

} // namespace
} // namespace tandem::engine
