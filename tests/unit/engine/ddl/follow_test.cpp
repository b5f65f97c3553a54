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

std::vector<logged> log(std::vector<message> own, bool seen = false) {
    std::vector<logged> made;
    for (auto& each : own) {
        made.push_back({std::move(each), true, false, seen});
    }
    return made;
}

logged peer(shape before, shape after) {
    return {of(std::move(before), std::move(after)), false, false};
}

followed_table columns_of(std::vector<std::string> const& described,
                          std::vector<std::string> const& here, std::vector<logged> const& log) {
    return follow_columns({"s", "t", false, {}}, {"s", "t", described}, here, log);
}

TEST(DdlFollow, RenamesDropsAndTypesOneAfterTheOther) {
    auto const own = log({
        of(table("other", column(1, "a")), table("other", column(1, "z"))),
        of(table("t", column(1, "a") + "," + column(2, "b")),
           table("t", column(1, "x") + "," + column(2, "b"))),
        of(table("t", column(1, "x") + "," + column(2, "b")), table("u", column(1, "x", "text"))),
        of(table("u", column(1, "x", "text")), table("u", column(1, "y", "text"))),
    });
    auto const at = follow_table("s", "t", own);
    EXPECT_EQ(at.name, "u");
    EXPECT_FALSE(at.gone);
    auto const found = follow_columns(at, {"s", "t", {"a", "b", "c"}}, {"y"}, own);
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
    EXPECT_FALSE(columns_of({"a", "b"}, {"a", "b"}, log({change})).columns[0].computed);
    change.changes.front().by_using = true;
    auto const found = columns_of({"a", "b"}, {"a", "b"}, log({change}));
    EXPECT_TRUE(found.columns[0].computed);
    EXPECT_FALSE(found.columns[1].computed);
}

TEST(DdlFollow, ATableThatWasDroppedIsGone) {
    auto const dropped = log({of(table("t", column(1, "a")), nullptr)});
    EXPECT_TRUE(follow_table("s", "t", dropped).gone);
    EXPECT_FALSE(follow_table("s", "u", dropped).gone);
    auto again = dropped;
    again.push_back(
        peer(nullptr, table("t", column(1, "a")))); // which this node has not carried out
    EXPECT_FALSE(follow_table("s", "t", again).gone);
}

TEST(DdlFollow, ASchemaTakesItsTablesAlong) {
    shape const was{{"kind", "schema"}, {"schema", "s"}, {"name", "s"}};
    shape const is{{"kind", "schema"}, {"schema", "r"}, {"name", "r"}};
    EXPECT_EQ(follow_table("s", "t", log({of(was, is)})).schema, "r");
    EXPECT_EQ(follow_table("q", "t", log({of(was, is)})).schema, "q");
}

TEST(DdlFollow, WhatThePeerRenamedMeanwhileIsFoundByItsOlderName) {
    auto const a = table("t", column(1, "a"));
    auto const named = std::vector<logged>{{of(a, table("t", "")), true, false},
                                           peer(a, table("t", column(1, "b")))};
    EXPECT_TRUE(columns_of({"b"}, {}, named).columns[0].gone);

    auto const moved = std::vector<logged>{{of(a, table("u", column(1, "a"))), true, false},
                                           peer(a, table("v", column(1, "a")))};
    EXPECT_EQ(follow_table("s", "v", moved).name, "u");
    auto const dropped =
        std::vector<logged>{{of(a, nullptr), true, false}, peer(a, table("v", column(1, "a")))};
    EXPECT_TRUE(follow_table("s", "v", dropped).gone);
}

TEST(DdlFollow, ATypeIsThisNodesUnderTheNameThatThePeerGaveSince) {
    auto const was = table("t", column(1, "a"));
    auto const typed = table("t", column(1, "a", "text"));
    auto const both = std::vector<logged>{{of(was, typed), true, false},
                                          peer(typed, table("t", column(1, "b", "text")))};
    EXPECT_TRUE(columns_of({"b"}, {"b"}, both).columns[0].retyped);
    EXPECT_FALSE(columns_of({"b"}, {"b"}, {both[1]}).columns[0].retyped);
    auto const table_too = std::vector<logged>{{of(was, typed), true, false},
                                               peer(typed, table("u", column(1, "a", "text")))};
    EXPECT_TRUE(follow_columns({"s", "u", false, {}}, {"s", "u", {"a"}}, {"a"}, table_too)
                    .columns[0]
                    .retyped);
}

// Renamed long ago, which the peer has seen; another one of that name came and went.
TEST(DdlFollow, WhichOfTwoColumnsOfANameIsMeantIsNotGuessed) {
    auto const renamed = of(table("t", column(1, "a")), table("t", column(1, "b")));
    auto const two = table("t", column(1, "b") + "," + column(2, "a"));
    auto const dropped = of(two, table("t", column(1, "b")));
    auto const found = columns_of({"a", "b"}, {"b"}, log({renamed, dropped}, true)).columns[0];
    EXPECT_EQ(found.name, "a");
    EXPECT_FALSE(found.gone);
    // Of neither it knows: it means the first. Of the first it knows: the second.
    EXPECT_EQ(columns_of({"a"}, {"b"}, log({renamed, dropped})).columns[0].name, "b");
    auto second = log({renamed, dropped});
    second[0].seen = true;
    EXPECT_TRUE(columns_of({"a", "b"}, {"b"}, second).columns[0].gone);
    EXPECT_EQ(columns_of({"a"}, {"b"}, log({renamed})).columns[0].name, "b");
    EXPECT_TRUE(columns_of({"a", "b"}, {"b"}, log({dropped})).columns[0].gone);
}

// What waits is not here; and what the peer gave the name to is none of what this node took away.
TEST(DdlFollow, ANameThatThePeerGaveAgainIsNotFollowed) {
    auto const a = table("t", column(1, "a"));
    auto const both = table("t", column(1, "b") + "," + column(2, "a"));
    auto const renamed = of(a, table("t", column(1, "b")));
    for (bool const waits : {false, true}) {
        std::vector<logged> const added{{renamed, true, false},
                                        {of(table("t", column(1, "b")), both), false, waits}};
        EXPECT_EQ(columns_of({"a"}, {"b"}, added).columns[0].name, "a") << waits;
        std::vector<logged> const made{{of(a, nullptr), true, false},
                                       {of(nullptr, a), false, waits}};
        EXPECT_FALSE(follow_table("s", "t", made).gone) << waits;
        std::vector<logged> const moved{{of(a, table("u", column(1, "a"))), false, waits}};
        EXPECT_EQ(follow_table("s", "t", moved).name, "t") << waits;
    }
    // It waits because this node named that column otherwise.
    std::vector<logged> const waits{
        {of(table("t", column(1, "b")), table("t", column(1, "c"))), true, false},
        {of(table("t", column(1, "b")), a), false, true}};
    EXPECT_EQ(columns_of({"a"}, {"c"}, waits).columns[0].name, "a");
    std::vector<logged> const named{{of(a, table("w", column(1, "a"))), true, false},
                                    {of(table("x", ""), table("t", "")), false, true}};
    EXPECT_EQ(follow_table("s", "t", named).name, "t");
}

TEST(DdlFollow, WhatWaitsWithAChangeOrBehindItIsNotKnownBeforeIt) {
    auto const t = table("t", column(1, "a"));
    auto const u = table("u", column(1, "a"));
    std::vector<logged> const all{{of(t, u), false, true},
                                  {of(t, nullptr), true, false},
                                  {of(u, t), false, true},
                                  {of(u, nullptr), false, true}};
    auto const before = known_before(all, object_change{u, t});
    ASSERT_EQ(before.size(), 2U);
    EXPECT_EQ(before[0].what.changes[0].after, u);
    EXPECT_TRUE(before[1].own);
    // Together with what is behind it, it ends otherwise.
    EXPECT_EQ(known_before(all, object_change{t, nullptr}).size(), 1U);
    EXPECT_EQ(known_before(all, object_change{table("v", ""), u}).size(), 4U);
}

TEST(DdlFollow, WhichOfTwoTablesOfANameIsMeantIsNotGuessed) {
    auto const t = table("t", column(1, "a"));
    auto const u = table("u", column(1, "a"));
    auto const gone = log({of(t, u), of(nullptr, t), of(t, nullptr)});
    EXPECT_FALSE(follow_table("s", "t", gone).gone);
    EXPECT_EQ(follow_table("s", "t", gone).name, "t");
    auto const moved = log({of(t, u), of(nullptr, t), of(t, table("v", column(1, "a")))});
    EXPECT_EQ(follow_table("s", "t", moved).name, "t");
    // Gone under the name that it got.
    EXPECT_TRUE(follow_table("s", "t", log({of(t, u), of(u, nullptr)})).gone);
}

TEST(DdlFollow, TwoColumnsAreNeverOne) {
    auto const own = log({of(table("t", column(1, "a") + "," + column(2, "b")),
                             table("t", column(1, "c") + "," + column(2, "b"))),
                          of(table("t", column(1, "c") + "," + column(2, "b")),
                             table("t", column(1, "c") + "," + column(2, "a")))});
    auto const found = columns_of({"a", "b"}, {"c", "a"}, own).columns;
    EXPECT_EQ(found[0].name, "c");
    EXPECT_EQ(found[1].name, "a");
    auto seen = own;
    seen[0].seen = seen[1].seen = true; // and yet it calls one by the older name
    auto const guessed = columns_of({"a", "b"}, {"c", "a"}, seen).columns;
    EXPECT_EQ(guessed[0].name, "a");
    EXPECT_EQ(guessed[1].name, "b");
}

TEST(DdlFollow, ATableThatHasTheNameNowIsNotTheOneThatThePeerKnows) {
    auto const t = table("t", column(1, "a"));
    auto const u = table("u", column(1, "a"));
    auto own = log({of(t, nullptr), of(nullptr, t)});
    EXPECT_TRUE(moved_unseen("s", "t", own).value().gone);
    own = log({of(t, u), of(nullptr, t)});
    EXPECT_EQ(moved_unseen("s", "t", own).value().name, "u");
    EXPECT_EQ(moved_unseen("s", "w", own), std::nullopt);
    own.push_back(log({of(u, nullptr)}).front());
    EXPECT_TRUE(moved_unseen("s", "t", own).value().gone);
    for (auto& each : own) {
        each.seen = true;
    }
    EXPECT_EQ(moved_unseen("s", "t", own), std::nullopt);
    // Of what it had not seen the first counts.
    own = log({of(t, u), of(nullptr, t), of(t, nullptr), of(nullptr, t)});
    EXPECT_EQ(moved_unseen("s", "t", own).value().name, "u");
    own[0].seen = own[1].seen = true;
    EXPECT_TRUE(moved_unseen("s", "t", own).value().gone);
    // What it made itself, it knows.
    own = log({of(t, nullptr), of(nullptr, t)});
    own.push_back(peer(nullptr, t));
    EXPECT_EQ(moved_unseen("s", "t", own), std::nullopt);
    own.push_back(log({of(t, u)}).front());
    own.push_back(peer(t, table("v", column(1, "a"))));
    EXPECT_EQ(moved_unseen("s", "v", own).value().name, "u");
}

TEST(DdlFollow, AColumnThatHasTheNameNowIsNotTheOneThatThePeerKnows) {
    auto const a = table("t", column(1, "a"));
    auto const b = table("t", column(1, "b"));
    auto const both = table("t", column(1, "b") + "," + column(2, "a"));
    auto own = log({of(a, b), of(b, both)});
    EXPECT_EQ(columns_of({"a"}, {"b", "a"}, own).columns[0].name, "b");
    own[0].seen = true;
    EXPECT_EQ(columns_of({"b"}, {"b", "a"}, own).columns[0].name, "b");
    own[1].seen = true;
    EXPECT_EQ(columns_of({"b", "a"}, {"b", "a"}, own).columns[1].name, "a");
    own = log({of(a, table("t", "")), of(table("t", ""), table("t", column(2, "a")))});
    EXPECT_TRUE(columns_of({"a"}, {"a"}, own).columns[0].gone);
    own.push_back(peer(table("t", ""), table("t", column(7, "a")))); // made there as well
    EXPECT_FALSE(columns_of({"a"}, {"a"}, own).columns[0].gone);
    // A type that the peer has seen is no excuse any more.
    auto typed = log({of(a, table("t", column(1, "a", "text")))});
    EXPECT_TRUE(columns_of({"a"}, {"a"}, typed).columns[0].retyped);
    typed[0].seen = true;
    EXPECT_FALSE(columns_of({"a"}, {"a"}, typed).columns[0].retyped);
}

logged idle(shape before, shape after) { // it was so here already
    auto made = peer(std::move(before), std::move(after));
    made.here.emplace();
    return made;
}

TEST(DdlFollow, WhatBothMadeIsTheFirstThatThePeerDidNotKnow) {
    auto const x = [](int number) { return table("t", column(number, "x")); };
    auto const none = table("t", "");
    auto own = log({of(x(2), none), of(none, x(3)), of(x(3), none), of(none, x(4))});
    own.push_back(idle(x(2), none));
    own.push_back(idle(none, x(3)));
    EXPECT_TRUE(columns_of({"x"}, {"x"}, own).columns[0].gone);
    auto once = log({of(x(2), none), of(none, x(3))});
    once.push_back(idle(x(2), none));
    once.push_back(idle(none, x(3)));
    EXPECT_FALSE(columns_of({"x"}, {"x"}, once).columns[0].gone);

    auto const t = x(1);
    auto tables =
        log({of(t, nullptr), of(nullptr, t), of(t, table("u", column(1, "x"))), of(nullptr, t)});
    tables.push_back(idle(t, nullptr));
    tables.push_back(idle(nullptr, t));
    EXPECT_EQ(moved_unseen("s", "t", tables).value().name, "u");
    tables.resize(2);
    tables.push_back(idle(nullptr, t));
    EXPECT_EQ(moved_unseen("s", "t", tables), std::nullopt);
}

TEST(DdlFollow, WhatBothRenamedAlikeIsThere) {
    auto const x = table("t", column(1, "x"));
    auto const y = table("t", column(1, "y"));
    auto both = log({of(x, y)});
    both.push_back(idle(x, y));
    EXPECT_EQ(columns_of({"y"}, {"y"}, both).columns[0].name, "y");
    EXPECT_FALSE(columns_of({"y"}, {"y"}, both).columns[0].gone);
}

TEST(DdlFollow, WhatANodeCallsThingsLaterFollowsFromItsLog) {
    names_later names{"s", "t", false, {"a", "b", "c"}};
    go_on(names, of(table("t", column(1, "a") + "," + column(2, "b") + "," + column(3, "c")),
                    table("t", column(1, "b") + "," + column(2, "a"))));
    EXPECT_EQ(names.columns, (std::vector<std::string>{"b", "a", ""}));
    go_on(names, of(table("t", column(1, "b")), table("u", column(1, "b") + "," + column(4, "c"))));
    EXPECT_EQ(names.name, "u");
    EXPECT_EQ(names.columns[2], "");
    go_on(names, of(nullptr, table("t", column(1, "a"))));
    go_on(names, of(table("t", ""), nullptr));
    EXPECT_FALSE(names.gone);
    go_on(names, of(table("u", ""), nullptr));
    go_on(names, of(nullptr, table("u", "")));
    EXPECT_TRUE(names.gone);
}

TEST(DdlFollow, AnAlterationIsPutInTheNamesOfThisNode) {
    object_change const typed{table("t", column(1, "a")), table("t", column(1, "a", "text"))};
    shape const none = shape::array();
    surroundings around;
    around.at_before = table("t", column(4, "b"));
    EXPECT_TRUE(misses_something(typed, around));
    auto const named =
        in_names_here(typed, {"s", "t", false, {{"b", false, false, false}}}, around.at_before);
    EXPECT_EQ(named.before["columns"][0]["name"], "b");
    EXPECT_EQ(named.after["columns"][0]["name"], "b");
    EXPECT_EQ(named.after["columns"][0]["type"], "text");
    EXPECT_FALSE(misses_something(named, around));
    auto const gone =
        in_names_here(typed, {"s", "t", false, {{"a", true, false, false}}}, around.at_before);
    EXPECT_EQ(gone.before["columns"], none);
    EXPECT_EQ(gone.after["columns"], none);
    // What is granted of it.
    auto granted = object_change{table("t", column(1, "a")), table("t", column(1, "a"))};
    granted.after["column_grants"] = shape::parse(R"([["reader", "SELECT", false, "a"]])");
    EXPECT_EQ(
        in_names_here(granted, {"s", "t", false, {{"b", false, false, false}}}, around.at_before)
            .after["column_grants"][0][3],
        "b");
    // What the peer renames itself keeps the name that it got.
    object_change const renamed{table("t", column(1, "a")), table("t", column(1, "c"))};
    EXPECT_EQ(
        in_names_here(renamed, {"s", "t", false, {{"b", false, false, false}}}, around.at_before)
            .after,
        renamed.after);
    // A table that is called otherwise here.
    around.at_before = table("u", column(4, "a"));
    auto const other =
        in_names_here(typed, {"s", "u", false, {{"a", false, false, false}}}, around.at_before);
    EXPECT_EQ(other.before["name"], "u");
    EXPECT_EQ(other.after["name"], "u");
    EXPECT_EQ(other.after["columns"], typed.after["columns"]);
}

} // namespace
} // namespace tandem::engine::ddl
