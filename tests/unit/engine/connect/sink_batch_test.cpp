#include "engine/connect/sink_batch.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>
#include <vector>

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

sink_values row(cell const& id, cell const& a, cell const& b) {
    static std::deque<std::string> texts; // which batches do not copy
    sink_values made;
    for (auto const* each : {&id, &a, &b}) {
        auto& into = made.columns.emplace_back();
        if (*each && **each) {
            into = {sink_field::state::text, texts.emplace_back(***each)};
        } else if (*each) {
            into.is = sink_field::state::null;
        }
    }
    return made;
}

// As two batches would leave it.
TEST(SinkBatch, WhatALaterRowDoesNotSayStays) {
    auto const of = table();
    sink_batch batch{insert_mode::upsert};
    batch.add(of, row("1", "x", "y"));
    batch.add(of, row("1", std::nullopt, "z"));
    auto const made = batch.statements(nullptr);
    ASSERT_EQ(made.size(), 1U);
    EXPECT_EQ(made[0].arrays, (std::vector<std::string>{R"({"1"})", R"({"x"})", R"({"z"})"}));
}

TEST(SinkBatch, ARowThatWasRemovedDoesNotComeBackInPart) {
    auto const of = table();
    sink_batch batch{insert_mode::upsert};
    batch.add(of, row("1", "x", "y"));
    auto removed = row("1", std::nullopt, std::nullopt);
    removed.removed = true;
    batch.add(of, removed);
    batch.add(of, row("1", std::nullopt, "z"));
    auto const made = batch.statements(nullptr);
    ASSERT_EQ(made.size(), 2U);
    EXPECT_TRUE(made[0].sql.starts_with("DELETE ")) << made[0].sql;
    EXPECT_EQ(made[1].arrays, (std::vector<std::string>{R"({"1"})", R"({"z"})"}));
}

TEST(SinkBatch, WhatWasNotSentIsOnlyUpdated) {
    auto const of = table();
    sink_batch batch{insert_mode::upsert};
    auto part = row("1", std::nullopt, "z");
    part.whole = false;
    batch.add(of, part);
    auto const made = batch.statements(nullptr);
    ASSERT_EQ(made.size(), 1U);
    EXPECT_TRUE(made[0].sql.starts_with("UPDATE ")) << made[0].sql;
}

sink_batch of_rows(sink_table const& of, insert_mode mode, int count) {
    sink_batch batch{mode};
    for (int each = 0; each < count; ++each) {
        batch.add(of, row(std::to_string(each), each == 1 ? cell{std::nullopt} : cell{"x"}, "y"));
    }
    return batch;
}

TEST(SinkBatch, ManyNewRowsGoByCopyAsLongAsThatIsTrusted) {
    auto const of = table();
    engine::insert_trust trust;
    auto const batch = of_rows(of, insert_mode::upsert, 200);
    auto made = batch.statements(&trust);
    ASSERT_EQ(made.size(), 2U); // the row that lacks a column comes in a statement of its own
    EXPECT_TRUE(made[0].sql.starts_with("COPY ") || made[1].sql.starts_with("COPY "));
    trust.collided(R"("public"."t")");
    trust.collided("public.t");
    for (auto const& each : batch.statements(&trust)) {
        EXPECT_TRUE(each.sql.starts_with("INSERT ")) << each.sql;
        EXPECT_FALSE(each.is_copy);
    }
}

TEST(SinkBatch, FewRowsOrUpdatesDoNotGoByCopy) {
    auto const of = table();
    engine::insert_trust trust;
    for (auto const& each : of_rows(of, insert_mode::upsert, 50).statements(&trust)) {
        EXPECT_TRUE(each.sql.starts_with("INSERT ")) << each.sql;
    }
    for (auto const& each : of_rows(of, insert_mode::update, 500).statements(&trust)) {
        EXPECT_TRUE(each.sql.starts_with("UPDATE ")) << each.sql;
    }
}

TEST(SinkBatch, WhatWasThereDoesNotGoByCopy) {
    auto const of = table();
    sink_batch batch{insert_mode::upsert};
    engine::insert_trust trust;
    for (int each = 0; each < 400; ++each) {
        auto one = row(std::to_string(each), "x", "y");
        one.is_update = each % 2 == 0;
        batch.add(of, one);
    }
    auto again = row("1", "x", "z"); // new in this batch
    again.is_update = true;
    batch.add(of, again);
    auto const made = batch.statements(&trust);
    ASSERT_EQ(made.size(), 2U);
    EXPECT_TRUE(made[0].is_copy);
    EXPECT_TRUE(made[0].copied.starts_with("1\tx\tz\n3\tx\ty\n"));
    EXPECT_TRUE(made[1].sql.starts_with("INSERT ") &&
                made[1].sql.find("ON CONFLICT") != std::string::npos);
    EXPECT_EQ(made[1].rows, 200U);
}

TEST(SinkBatch, CopiedTextIsEscaped) {
    auto const of = table();
    sink_batch batch{insert_mode::insert};
    engine::insert_trust trust;
    auto null = row("0", cell{std::optional<std::string>{}}, "");
    batch.add(of, null);
    batch.add(of, row("1", "a\tb\nc\rd\\e", R"(\N)"));
    for (int each = 2; each < 100; ++each) {
        batch.add(of, row(std::to_string(each), "x", "y"));
    }
    auto const made = batch.statements(&trust);
    ASSERT_EQ(made.size(), 1U);
    ASSERT_TRUE(made[0].is_copy);
    EXPECT_TRUE(made[0].copied.starts_with("0\t\\N\t\n1\ta\\tb\\nc\\rd\\\\e\t\\\\N\n2\tx\ty\n"))
        << made[0].copied.substr(0, 60);
}

TEST(SinkBatch, RowsThatChangePlacesKeepTheirOrderWhereNothingIsPutTogether) {
    auto const of = table();
    sink_batch batch{insert_mode::insert};
    auto removed = row("1", std::nullopt, std::nullopt);
    removed.removed = true;
    batch.add(of, row("1", "x", "y"));
    batch.add(of, removed);
    batch.add(of, row("1", "z", "y"));
    batch.end_with("TRUNCATE t");
    auto const made = batch.statements(nullptr);
    ASSERT_EQ(made.size(), 4U);
    EXPECT_TRUE(made[0].sql.starts_with("INSERT "));
    EXPECT_TRUE(made[1].sql.starts_with("DELETE "));
    EXPECT_TRUE(made[2].sql.starts_with("INSERT "));
    EXPECT_EQ(made[3].sql, "TRUNCATE t");
}

TEST(SinkBatch, KeysOfSeveralColumnsAreTold) {
    sink_table of;
    of.schema = "public";
    of.name = "t";
    of.columns = {{"id", "text", true}, {"a", "text", true}, {"b", "text"}};
    sink_batch batch{insert_mode::upsert};
    batch.add(of, row("ab", "c", "1"));
    batch.add(of, row("a", "bc", "2"));
    batch.add(of, row("ab", "c", "3"));
    auto const made = batch.statements(nullptr);
    ASSERT_EQ(made.size(), 1U);
    EXPECT_EQ(made[0].arrays[2], R"({"3","2"})");
}

TEST(SinkBatch, IsFilledAnewAfterItWasCleared) {
    auto const of = table();
    auto batch = of_rows(of, insert_mode::upsert, 10);
    batch.clear();
    EXPECT_TRUE(batch.empty());
    EXPECT_TRUE(batch.statements(nullptr).empty());
    batch.add(of, row("1", "x", "y"));
    ASSERT_EQ(batch.statements(nullptr).size(), 1U);
    EXPECT_EQ(batch.statements(nullptr)[0].arrays[0], R"({"1"})");
}

} // namespace
} // namespace tandem::connect
