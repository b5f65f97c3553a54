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
    EXPECT_EQ(chunk_count(640'000), 1);
    EXPECT_EQ(chunk_count(640'001), 2);
    EXPECT_EQ(chunk_count(64'000'000), 128);
    EXPECT_EQ(chunk_count(std::int64_t{1} << 50), 65'536);
}

TEST(Compare, DifferingChunks) {
    EXPECT_THAT(differing_chunks({}, {}), IsEmpty());
    EXPECT_THAT(differing_chunks({{1, 2, "5"}, {2, 1, "7"}}, {{2, 1, "7"}, {1, 2, "5"}}),
                IsEmpty());

    auto const found = differing_chunks({{1, 2, "5"}, {2, 1, "7"}, {4, 9, "1"}},
                                        {{1, 2, "6"}, {3, 4, "7"}, {4, 2, "1"}});
    ASSERT_EQ(found.size(), 4U);
    EXPECT_EQ(found[0].chunk, 1);
    EXPECT_EQ(found[0].at_least, 1) << "as many rows, another hash";
    EXPECT_EQ(found[1].rows, 1) << "only at the source";
    EXPECT_EQ(found[2].chunk, 3);
    EXPECT_EQ(found[2].at_least, 4) << "only at the target";
    EXPECT_EQ(found[3].rows, 9);
    EXPECT_EQ(found[3].at_least, 7) << "the same hash does not hide other counts";
}

TEST(Compare, DifferingRows) {
    table_comparison found;
    add_differing_rows({{"(1)", "a"}, {"(2)", "b"}, {"(4)", "d"}, {"(3)", "c"}},
                       {{"(2)", "b"}, {"(3)", "x"}, {"(5)", "e"}}, "id", 10, found);
    EXPECT_EQ(found.different, 4);
    EXPECT_FALSE(found.equal());
    EXPECT_THAT(found.only_source, ElementsAre("(id)=(1)", "(id)=(4)"));
    EXPECT_THAT(found.only_target, ElementsAre("(id)=(5)"));
    EXPECT_THAT(found.changed, ElementsAre("(id)=(3)"));
}

TEST(Compare, TheListIsLimitedTheCountIsNot) {
    table_comparison found;
    std::vector<row_hash> rows;
    for (int i = 0; i < 100; ++i) {
        rows.push_back({"(" + std::to_string(i) + ")", "x"});
    }
    add_differing_rows(rows, {}, "id", 3, found);
    EXPECT_EQ(found.different, 100);
    EXPECT_EQ(found.only_source.size(), 3U);
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

TEST(Verify, Json) {
    auto const json = nlohmann::json::parse(verification_json(two_tables()));
    EXPECT_EQ(json["equal"], false);
    EXPECT_EQ(json["tables"][0]["equal"], true);
    EXPECT_EQ(json["tables"][1]["rows"]["a"], 3);
    EXPECT_EQ(json["tables"][1]["only_in"]["a"][0], "(id)=(1)");
    EXPECT_EQ(json["tables"][1]["changed"].size(), 1U);
    EXPECT_EQ(json["left_out"][0]["table"], "public.odd");
}

} // namespace
} // namespace tandem::engine
