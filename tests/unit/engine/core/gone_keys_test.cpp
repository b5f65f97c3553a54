#include "engine/core/key_set.hpp"
#include "tests/support/changes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace tandem::engine {
namespace {

using ::testing::ElementsAre;
using wire::null;
using wire::text;

constexpr pg_time at{1'000};

sql::foreign_key referring(std::string name, std::vector<sql::reference_column> columns) {
    return {std::move(name), {"public", "child"}, {"public", "t"}, std::move(columns), {"id"}};
}

table_plan referred() {
    auto plan = text_table("t", 0, 2, 1);
    plan.referred_by = {referring("by_key", {{"above", "c0"}})};
    return plan;
}

TEST(GoneKeys, OnlyForeignKeysByTheMatchKeyAreKept) {
    target_relation target;
    target.exists = true;
    auto shape = std::make_shared<pgoutput::relation_shape>();
    shape->schema = "public";
    shape->name = "t";
    for (auto const* name : {"x", "y", "z"}) {
        bool const key = std::string_view{name} != "z";
        shape->columns.push_back({name, oid{25}, -1, key});
        target.columns.push_back({name, oid{25}, "text", -1, false, false});
        if (key) {
            target.primary_key.emplace_back(name);
        }
    }
    target.referred_by = {referring("whole", {{"p", "y"}, {"q", "x"}}),
                          referring("part", {{"p", "x"}}), referring("other", {{"p", "z"}}),
                          referring("more", {{"p", "x"}, {"q", "y"}, {"r", "z"}})};
    auto const plan = make_plan(std::move(shape), target, 0);
    ASSERT_TRUE(plan.usable) << plan.why_not;
    ASSERT_EQ(plan.referred_by.size(), 1U);
    EXPECT_EQ(plan.referred_by.front().name, "whole");
    EXPECT_EQ(key_shape_of(plan).referred_by.size(), 1U);
}

TEST(GoneKeys, AreThoseDeletedAndThoseMovedFrom) {
    auto const plan = referred();
    change_maker make;
    batch_builder batch;
    batch.begin({xid{1}, at, lsn{1}});
    batch.add(make.insert(plan, {text("1"), text("a")}), plan);
    batch.add(make.update(plan, {text("2"), text("a")}), plan);
    batch.add(make.remove(plan, {text("3"), null()}), plan);
    batch.add(make.move(plan, {text("4"), null()}, {text("5"), text("a")}), plan);
    batch.commit(lsn{10});
    key_sets gone{false};
    ASSERT_TRUE(gone.add_gone(batch));
    ASSERT_EQ(gone.sets().size(), 1U);
    auto copy = gone.sets().front().copy();
    EXPECT_EQ(copy.size(), 2U);
    EXPECT_EQ(copy.newest(), at);
    auto const bytes = copy.arrays().front().finish();
    EXPECT_THAT((std::vector{bytes[bytes.size() - 6], bytes.back()}), ElementsAre('3', '4'));
}

TEST(GoneKeys, WhatComesBackInTheSameBatchIsNotGone) {
    auto const plan = referred();
    change_maker make;
    batch_builder batch;
    batch.begin({xid{1}, at, lsn{1}});
    batch.add(make.remove(plan, {text("3"), null()}), plan);
    batch.add(make.insert(plan, {text("3"), text("a")}), plan);
    batch.commit(lsn{10});
    key_sets gone{false};
    ASSERT_TRUE(gone.add_gone(batch));
    EXPECT_TRUE(gone.empty());
}

TEST(GoneKeys, OfTablesThatNobodyRefersToNoneIsKept) {
    auto const plan = text_table("t", 0, 2, 1);
    change_maker make;
    batch_builder batch;
    batch.begin({xid{1}, at, lsn{1}});
    batch.add(make.remove(plan, {text("3"), null()}), plan);
    batch.commit(lsn{10});
    key_sets gone{false};
    ASSERT_TRUE(gone.add_gone(batch));
    EXPECT_TRUE(gone.empty());
}

} // namespace
} // namespace tandem::engine
