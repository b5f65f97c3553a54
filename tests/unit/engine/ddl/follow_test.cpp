// A peer's changes of an older shape, by what was altered here since.
#include "engine/ddl/follow.hpp"

#include <gtest/gtest.h>

namespace tandem::engine::ddl {
namespace {

shape table(std::string const& name, std::string const& columns) {
    return shape::parse(R"({"kind":"table","schema":"s","name":")" + name + R"(","columns":[)" +
                        columns + "]}");
}

std::string column(int number, std::string const& name, std::string const& type = "integer") {
    return R"({"oid":)" + std::to_string(number) + R"(,"name":")" + name + R"(","type":")" + type +
           "\"}";
}

message of(shape before, shape after) {
    message made;
    made.changes.push_back({std::move(before), std::move(after)});
    return made;
}

TEST(DdlFollow, RenamesDropsAndTypesOneAfterTheOther) {
    std::vector<message> const own{
        of(table("other", column(1, "a")), table("other", column(1, "z"))),
        of(table("t", column(1, "a") + "," + column(2, "b")),
           table("t", column(1, "x") + "," + column(2, "b"))),
        of(table("t", column(1, "x") + "," + column(2, "b")), table("u", column(1, "x", "text"))),
        of(table("u", column(1, "x", "text")), table("u", column(1, "y", "text"))),
    };
    auto const found = follow("s", "t", {"a", "b", "c"}, own);
    EXPECT_EQ(found.name, "u");
    EXPECT_FALSE(found.gone);
    ASSERT_EQ(found.columns.size(), 3U);
    EXPECT_EQ(found.columns[0].name, "y");
    EXPECT_TRUE(found.columns[0].retyped);
    EXPECT_FALSE(found.columns[0].gone);
    EXPECT_TRUE(found.columns[1].gone);
    EXPECT_EQ(found.columns[2].name, "c");
    EXPECT_FALSE(found.columns[2].gone || found.columns[2].retyped);
}

TEST(DdlFollow, ValuesByAnExpressionAreThisNodesAlone) {
    auto const was = table("t", column(1, "a") + "," + column(2, "b"));
    auto const is = table("t", column(1, "a", "text") + "," + column(2, "b"));
    auto change = of(was, is);
    EXPECT_FALSE(follow("s", "t", {"a", "b"}, std::vector{change}).columns[0].computed);
    change.changes.front().by_using = true;
    auto const found = follow("s", "t", {"a", "b"}, std::vector{change});
    EXPECT_TRUE(found.columns[0].computed);
    EXPECT_FALSE(found.columns[1].computed);
}

TEST(DdlFollow, ATableThatWasDroppedIsGoneUntilOneOfItsNameComes) {
    std::vector<message> own{of(table("t", column(1, "a")), nullptr)};
    EXPECT_TRUE(follow("s", "t", {"a"}, own).gone);
    own.push_back(of(table("t", column(1, "a")), table("t", column(1, "b"))));
    EXPECT_FALSE(follow("s", "t", {"a"}, own).gone);
}

TEST(DdlFollow, ASchemaTakesItsTablesAlong) {
    shape const was{{"kind", "schema"}, {"schema", "s"}, {"name", "s"}};
    shape const is{{"kind", "schema"}, {"schema", "r"}, {"name", "r"}};
    EXPECT_EQ(follow("s", "t", {"a"}, std::vector{of(was, is)}).schema, "r");
    EXPECT_EQ(follow("q", "t", {"a"}, std::vector{of(was, is)}).schema, "q");
}

} // namespace
} // namespace tandem::engine::ddl
