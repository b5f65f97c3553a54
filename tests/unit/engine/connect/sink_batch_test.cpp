#include "engine/connect/sink_batch.hpp"

#include <gtest/gtest.h>

namespace tandem::connect {
namespace {

sink_table table() {
    sink_table made;
    made.schema = "public";
    made.name = "t";
    made.columns = {{"id", "integer", true}, {"a", "text"}, {"b", "text"}};
    return made;
}

using cell = std::optional<std::optional<std::string>>;

sink_values row(cell id, cell a, cell b) {
    sink_values made;
    made.columns = {std::move(id), std::move(a), std::move(b)};
    return made;
}

// As two batches would leave it.
TEST(SinkBatch, WhatALaterRowDoesNotSayStays) {
    auto const of = table();
    sink_batch batch{insert_mode::upsert};
    batch.add(of, row("1", "x", "y"));
    batch.add(of, row("1", std::nullopt, "z"));
    auto const made = batch.statements();
    ASSERT_EQ(made.size(), 1U);
    EXPECT_EQ(made[0].arrays, (std::vector<std::string>{R"({"1"})", R"({"x"})", R"({"z"})"}));
}

TEST(SinkBatch, ARowThatWasRemovedDoesNotComeBackInPart) {
    auto const of = table();
    sink_batch batch{insert_mode::upsert};
    batch.add(of, row("1", "x", "y"));
    auto removed = row("1", std::nullopt, std::nullopt);
    removed.removed = true;
    batch.add(of, std::move(removed));
    batch.add(of, row("1", std::nullopt, "z"));
    auto const made = batch.statements();
    ASSERT_EQ(made.size(), 2U);
    EXPECT_TRUE(made[0].sql.starts_with("DELETE ")) << made[0].sql;
    EXPECT_EQ(made[1].arrays, (std::vector<std::string>{R"({"1"})", R"({"z"})"}));
}

TEST(SinkBatch, WhatWasNotSentIsOnlyUpdated) {
    auto const of = table();
    sink_batch batch{insert_mode::upsert};
    auto part = row("1", std::nullopt, "z");
    part.whole = false;
    batch.add(of, std::move(part));
    auto const made = batch.statements();
    ASSERT_EQ(made.size(), 1U);
    EXPECT_TRUE(made[0].sql.starts_with("UPDATE ")) << made[0].sql;
}

} // namespace
} // namespace tandem::connect
