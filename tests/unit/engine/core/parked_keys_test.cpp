#include "engine/core/parked_keys.hpp"

#include "tests/support/changes.hpp"

#include <gtest/gtest.h>

namespace tandem::engine {
namespace {

using wire::null;
using wire::text;
using wire::unchanged;

class ParkedKeys : public testing::Test {
protected:
    table_plan plan = text_table("t", 0, 3, 2); // key (c0, c1)
    change_maker make;
    parked_keys parked;
};

TEST_F(ParkedKeys, OnlyTheSameKeyOfTheSameTableIsBehind) {
    parked.park_key("public.t", {{"c0", "1"}, {"c1", "x"}});
    EXPECT_TRUE(parked.behind(make.insert(plan, {text("1"), text("x"), null()}), plan));
    EXPECT_TRUE(parked.behind(make.remove(plan, {text("1"), text("x"), null()}), plan));
    EXPECT_FALSE(parked.behind(make.insert(plan, {text("1"), text("y"), null()}), plan));
    auto const other = text_table("u", 1, 3, 2);
    EXPECT_FALSE(parked.behind(make.insert(other, {text("1"), text("x"), null()}), other));
    EXPECT_TRUE(parked.touches("public.t"));
    EXPECT_FALSE(parked.touches("public.u"));
}

TEST_F(ParkedKeys, EverythingOfAParkedTableIsBehind) {
    parked.park_table("public.t");
    EXPECT_TRUE(parked.behind(make.insert(plan, {text("9"), text("z"), null()}), plan));
}

TEST_F(ParkedKeys, ATableThatIsCalledOtherwiseHereIsBehindItsNameThere) {
    auto there = std::make_shared<pgoutput::relation_shape>(*plan.shape);
    there->name = "older";
    plan.described = there;
    auto const row = make.insert(plan, {text("9"), text("z"), null()});
    parked.park_key("public.older", {{"c0", "9"}, {"c1", "z"}});
    EXPECT_FALSE(parked.behind(row, plan));
    parked.park_table("public.older");
    EXPECT_TRUE(parked.behind(row, plan) && parked.as_described(plan));
    plan.described = nullptr;
    EXPECT_FALSE(parked.behind(row, plan) || parked.as_described(plan));
}

TEST_F(ParkedKeys, AKeyUpdateIsBehindItsOldAndItsNewKey) {
    parked.park_key("public.t", {{"c0", "1"}, {"c1", "x"}});
    auto const away =
        make.move(plan, {text("1"), text("x"), null()}, {text("2"), text("x"), null()});
    auto const here =
        make.move(plan, {text("3"), text("x"), null()}, {text("1"), text("x"), null()});
    EXPECT_TRUE(parked.behind(away, plan));
    EXPECT_TRUE(parked.behind(here, plan));
}

TEST_F(ParkedKeys, AParkedKeyUpdateTakesTheQueueToItsNewKey) {
    auto const away =
        make.move(plan, {text("1"), text("x"), null()}, {text("2"), text("x"), null()});
    parked.park_key("public.t", {{"c0", "1"}, {"c1", "x"}});
    parked.follow(away, plan);
    EXPECT_TRUE(parked.behind(make.insert(plan, {text("2"), text("x"), null()}), plan));
}

TEST_F(ParkedKeys, AKeyUpdateOntoAParkedKeyHoldsItsOldKeyToo) {
    auto const here =
        make.move(plan, {text("3"), text("x"), null()}, {text("1"), text("x"), null()});
    parked.park_key("public.t", {{"c0", "1"}, {"c1", "x"}});
    parked.follow(here, plan);
    EXPECT_TRUE(parked.behind(make.insert(plan, {text("3"), text("x"), null()}), plan))
        << "a new row of that key must not meet the one that has not moved yet";
}

TEST_F(ParkedKeys, AnUnchangedPartOfTheNewKeyIsTheOldOne) {
    auto const away =
        make.move(plan, {text("1"), text("long"), null()}, {text("2"), unchanged(), null()});
    parked.park_key("public.t", {{"c0", "1"}, {"c1", "long"}});
    parked.follow(away, plan);
    EXPECT_TRUE(parked.behind(make.insert(plan, {text("2"), text("long"), null()}), plan));
}

} // namespace
} // namespace tandem::engine
