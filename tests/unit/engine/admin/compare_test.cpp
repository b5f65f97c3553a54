#include "engine/admin/compare.hpp"

#include "engine/admin/verify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tandem::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Compare, ChunksGrowWithTheTable) {
    EXPECT_EQ(chunk_count(0), 1);
    EXPECT_EQ(chunk_count(16'000), 1);
    EXPECT_EQ(chunk_count(16'001), 2);
    EXPECT_EQ(chunk_count(64'000'000), 4'096);
    EXPECT_EQ(chunk_count(std::int64_t{1} << 50), 65'536);
}

TEST(Compare, RestsAreForSoMuchOfTheTime) {
    EXPECT_EQ(rests_of(100, 256'000'000, 1'000'000).rows, 0);
    auto const quarter = rests_of(25, 256'000'000, 1'000'000);
    EXPECT_EQ(quarter.rows, 128);
    EXPECT_DOUBLE_EQ(quarter.seconds, 0.0006) << "three times as long as it works";
    EXPECT_DOUBLE_EQ(rests_of(50, 256'000'000, 1'000'000).seconds, 0.0002);
    EXPECT_EQ(rests_of(25, 0, -1).rows, 128) << "nobody has looked at the table yet";
    auto const wide = rests_of(25, 1'280'000'000, 1'000);
    EXPECT_EQ(wide.rows, 1);
    EXPECT_NEAR(wide.seconds, 0.0006 * 1'280'000 / 32'768, 1e-9) << "each row is worth a rest";
}

TEST(Compare, DifferingChunks) {
    EXPECT_THAT(differing_chunks({}, {}), IsEmpty());
    EXPECT_THAT(differing_chunks({{1, 2, "5"}, {2, 1, "7"}}, {{2, 1, "7"}, {1, 2, "5"}}),
                IsEmpty());
    EXPECT_THAT(differing_chunks({{1, 2, "5"}}, {{1, 2, "6"}}), ElementsAre(1)) << "another hash";
    EXPECT_THAT(differing_chunks({{4, 9, "1"}}, {{4, 2, "1"}}), ElementsAre(4))
        << "the same hash does not hide other counts";
    EXPECT_THAT(differing_chunks({{7, 1, "1"}, {1, 1, "1"}}, {{3, 4, "7"}, {1, 1, "1"}}),
                ElementsAre(3, 7))
        << "only at one side";
}

TEST(Compare, OrderIsThatOfHashesThenOfBytes) {
    keyed_row const low{-5, "", {"z"}};
    keyed_row const high{5, "", {"a"}};
    EXPECT_TRUE(order_of(low, high) < 0) << "hashes are signed, as the server sorts them";
    EXPECT_TRUE(order_of({1, "", {"a", "b"}}, {1, "", {"a", "c"}}) < 0);
    EXPECT_TRUE(order_of({1, "", {"\xc3\xa9"}}, {1, "", {"z"}}) > 0) << "bytes, not letters";
    EXPECT_TRUE(order_of({1, "x", {"a"}}, {1, "y", {"a"}}) == 0) << "the row's hash is no order";
}

TEST(Compare, TheListIsLimitedTheCountIsNot) {
    table_comparison found;
    std::vector<std::string> const columns{"id", "part"};
    note_difference(found, columns, {{"1", "x"}, true, false}, 3);
    note_difference(found, columns, {{"2", "x"}, false, true}, 3);
    note_difference(found, columns, {{"3", "x"}, true, true}, 3);
    note_difference(found, columns, {{"4", "x"}, true, true}, 3);
    EXPECT_EQ(found.different, 4);
    EXPECT_FALSE(found.equal());
    EXPECT_THAT(found.only_source, ElementsAre("(id, part)=(1, x)"));
    EXPECT_THAT(found.only_target, ElementsAre("(id, part)=(2, x)"));
    EXPECT_THAT(found.changed, ElementsAre("(id, part)=(3, x)"));
}

TEST(Compare, WhatMayBeOnItsWayIsNotEqual) {
    table_comparison found;
    found.unsettled = 2;
    EXPECT_TRUE(found.equal()) << "written all the while: nobody said that it differs";
    found.undecided = 1;
    EXPECT_FALSE(found.equal());
}

verification two_tables() {
    verification found;
    found.source = "a";
    found.target = "b";
    table_comparison equal;
    equal.table = "public.item";
    equal.source_rows = equal.target_rows = 7;
    table_comparison other;
    other.table = "public.other";
    other.source_rows = 3;
    other.target_rows = 2;
    other.different = 5;
    other.only_source = {"(id)=(1)"};
    other.changed = {"(id)=(2)"};
    found.tables = {equal, other};
    found.left_out = {{"public.odd", "it is odd", false}};
    return found;
}

TEST(Verify, Text) {
    verification found = two_tables();
    std::string const text = verification_text(found);
    EXPECT_THAT(text, HasSubstr("public.item: equal, 7 rows\n"));
    EXPECT_THAT(text, HasSubstr("public.other: 5 rows differ (3 rows on node a, 2 on node b)\n"
                                "  only on node a: (id)=(1)\n"
                                "  not the same: (id)=(2)\n"
                                "  and 3 more\n"));
    EXPECT_THAT(text, HasSubstr("masters differ in 1 of 2 tables\n"));
    found.tables.pop_back();
    EXPECT_THAT(verification_text(found), HasSubstr("masters equal (1 tables, 7 rows)\n"));
    found.tables[0].different = 1;
    found.tables[0].complete = false;
    EXPECT_THAT(verification_text(found), HasSubstr("at least 1 rows differ"));
}

TEST(Verify, AStreamThatIsLateIsNamed) {
    verification found = two_tables();
    found.tables[1] = {};
    found.tables[1].table = "public.other";
    found.tables[1].undecided = 4;
    found.late = {"a:b"};
    std::string const text = verification_text(found);
    EXPECT_THAT(text, HasSubstr("public.other: not known, 0 rows\n"
                                "  4 rows differ, which may be on their way\n"));
    EXPECT_THAT(text, HasSubstr("stream a:b did not come up to what was compared"));
    EXPECT_THAT(text, HasSubstr("masters differ, or may, in 1 of 2 tables\n"));
    EXPECT_FALSE(found.equal());
}

TEST(Verify, Json) {
    auto const json = nlohmann::json::parse(verification_json(two_tables()));
    EXPECT_EQ(json["equal"], false);
    EXPECT_EQ(json["tables"][0]["equal"], true);
    EXPECT_EQ(json["tables"][1]["rows"]["a"], 3);
    EXPECT_EQ(json["tables"][1]["only_in"]["a"][0], "(id)=(1)");
    EXPECT_EQ(json["tables"][1]["changed"].size(), 1U);
    EXPECT_EQ(json["tables"][1]["unsettled"], 0);
    EXPECT_EQ(json["left_out"][0]["table"], "public.odd");
    EXPECT_THAT(json["streams"]["late"], IsEmpty());
}

} // namespace
} // namespace tandem::engine
