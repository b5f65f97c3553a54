#include "engine/admin/choose.hpp"

#include "engine/config/error.hpp"
#include "engine/config/pattern.hpp"
#include "tests/unit/engine/admin/catalogs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace tandem::engine {
namespace {

using testing::both_ways;
using testing::column;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::node;
using testing::table;

// The reason why `left` is not synced to `right`, or "synced".
std::string verdict(
    table_info const& left, table_info const& right,
    std::function<void(node_catalog&)> const& change_target = [](node_catalog&) {}) {
    node_catalog const source = node("a", {left});
    node_catalog target = node("b", {right});
    change_target(target);
    table_choice const choice = choose_tables(source, target, both_ways());
    if (choice.synced.size() == 1 && choice.left_out.empty()) {
        return "synced";
    }
    return choice.left_out.empty() ? "not looked at" : choice.left_out.front().reason;
}

std::string verdict_on(std::function<void(table_info&)> const& change) {
    table_info both = table("item");
    change(both);
    return verdict(both, both);
}

TEST(ChooseTables, AnOrdinaryTableIsSyncedByItsKey) {
    node_catalog const a = node("a", {table("item")});
    node_catalog const b = node("b", {table("item")});
    table_choice const choice = choose_tables(a, b, both_ways());
    ASSERT_EQ(choice.synced.size(), 1U);
    EXPECT_THAT(choice.synced[0].columns, ElementsAre("id", "v"));
    EXPECT_THAT(choice.synced[0].key, ElementsAre("id"));
    EXPECT_EQ(choice.source + choice.target, "ab");
}

TEST(ChooseTables, KindsThatAreNotSynced) {
    EXPECT_THAT(verdict_on([](table_info& t) { t.persistence = 'u'; }), HasSubstr("unlogged"));
    EXPECT_THAT(verdict_on([](table_info& t) { t.kind = 'f'; }), HasSubstr("foreign table"));
    EXPECT_THAT(verdict_on([](table_info& t) { t.kind = 'm'; }), HasSubstr("materialized view"));
    EXPECT_THAT(verdict_on([](table_info& t) { t.extension = "postgis"; }),
                HasSubstr("extension postgis"));
    EXPECT_EQ(verdict_on([](table_info& t) { t.kind = 'p'; }), "not looked at");
}

TEST(ChooseTables, Keys) {
    auto const no_key = [](table_info& t) { t.keys.clear(); };
    EXPECT_THAT(verdict_on(no_key),
                HasSubstr("it has no primary key and no replica identity index on node a"));
    EXPECT_THAT(verdict_on([](table_info& t) { t.replica_identity = 'n'; }), HasSubstr("NOTHING"));
    EXPECT_THAT(verdict_on([](table_info& t) {
                    t.keys.clear();
                    t.deferrable_primary_key = true;
                }),
                HasSubstr("DEFERRABLE"));
    EXPECT_THAT(verdict_on([](table_info& t) { t.replica_identity = 'i'; }),
                HasSubstr("index is gone"));
    EXPECT_EQ(verdict_on([](table_info& t) { t.replica_identity = 'f'; }), "synced");
    EXPECT_THAT(verdict_on([](table_info& t) {
                    t.keys.clear();
                    t.replica_identity = 'f';
                }),
                HasSubstr("no primary key"));
    // A unique index that may hold nulls tells no rows apart.
    EXPECT_THAT(verdict_on([](table_info& t) {
                    t.replica_identity = 'f';
                    t.keys = {{"u", {"v"}, false, false, false}};
                }),
                HasSubstr("no primary key"));
}

TEST(ChooseTables, ReplicaIdentityIndexIsTheKey) {
    table_info item = table("item");
    item.replica_identity = 'i';
    item.keys.push_back({"item_v", {"v"}, false, true, true});
    table_choice const choice = choose_tables(node("a", {item}), node("b", {item}), both_ways());
    ASSERT_EQ(choice.synced.size(), 1U);
    EXPECT_THAT(choice.synced[0].key, ElementsAre("v"));
}

TEST(ChooseTables, TheTargetNeedsTheSameKey) {
    table_info other = table("item");
    other.keys = {{"item_v", {"v"}, true, false, true}};
    EXPECT_THAT(verdict(table("item"), other),
                HasSubstr("node b has no primary key or unique index on exactly (id)"));
    table_info reordered = table("item");
    table_info left = table("item");
    left.keys[0].columns = {"id", "v"};
    reordered.keys[0].columns = {"v", "id"};
    EXPECT_EQ(verdict(left, reordered), "synced");
}

TEST(ChooseTables, Columns) {
    table_info more = table("item");
    more.columns.push_back(column("extra"));
    EXPECT_THAT(verdict(more, table("item")), HasSubstr("column extra is missing on node b"));
    EXPECT_EQ(verdict(table("item"), more), "synced") << "an extra column that may be null";
    more.columns.back().not_null = true;
    EXPECT_THAT(verdict(table("item"), more), HasSubstr("NOT NULL without a default"));
    more.columns.back().has_default = true;
    EXPECT_EQ(verdict(table("item"), more), "synced");

    table_info other = table("item");
    other.columns[1].type_name = "integer";
    EXPECT_THAT(verdict(table("item"), other),
                HasSubstr("column v is text here and integer on node b"));

    table_info computed = table("item");
    computed.columns[1].generated = true;
    EXPECT_EQ(verdict(computed, computed), "synced");
    EXPECT_EQ(verdict(computed, table("item")), "synced");
    EXPECT_THAT(verdict(table("item"), computed), HasSubstr("generated column on node b only"));
}

TEST(ChooseTables, GeneratedColumnsAreNotSent) {
    table_info item = table("item");
    item.columns[1].generated = true;
    table_choice const choice = choose_tables(node("a", {item}), node("b", {item}), both_ways());
    ASSERT_EQ(choice.synced.size(), 1U);
    EXPECT_THAT(choice.synced[0].columns, ElementsAre("id"));
}

TEST(ChooseTables, MissingOnThePeer) {
    table_choice const choice = choose_tables(node("a", {table("item")}), node("b"), both_ways());
    ASSERT_EQ(choice.left_out.size(), 1U);
    EXPECT_EQ(choice.left_out[0].table, "public.item");
    EXPECT_EQ(choice.left_out[0].reason, "it does not exist on node b; create it there");
}

TEST(ChooseTables, RightsOnTheTarget) {
    table_info item = table("item");
    item.triggers = {{"audit", 'O'}};
    auto const no_replica_role = [](node_catalog& target) { target.role.set_replica_role = false; };
    EXPECT_EQ(verdict(item, item), "synced");
    EXPECT_THAT(verdict(item, item, no_replica_role), HasSubstr("trigger audit would fire"));
    item.triggers[0].enabled = 'A';
    EXPECT_EQ(verdict(item, item, no_replica_role), "synced")
        << "it fires always, as its owner wants";

    table_info secured = table("item");
    secured.row_security = true;
    EXPECT_THAT(verdict(secured, secured), HasSubstr("BYPASSRLS"));
    EXPECT_EQ(verdict(secured, secured, [](node_catalog& t) { t.role.bypass_row_security = true; }),
              "synced");
}

TEST(ChooseTables, PatternsAndExclusion) {
    std::vector<table_info> const tables{table("item", 1), table("item_log", 2), table("other", 3)};
    auto const names = [&tables](options const& set) {
        std::vector<std::string> all;
        for (chosen_table const& each :
             choose_tables(node("a", tables), node("b", tables), set).synced) {
            all.push_back(each.source.name);
        }
        return all;
    };
    options set = both_ways();
    EXPECT_THAT(names(set), ElementsAre("item", "item_log", "other"));
    set.tables = {parse_table_pattern("item*")};
    EXPECT_THAT(names(set), ElementsAre("item", "item_log"));
    set.exclude = {parse_table_pattern("*_log")};
    EXPECT_THAT(names(set), ElementsAre("item"));
    set.tables.clear();
    EXPECT_THAT(names(set), ElementsAre("item", "other"));
}

TEST(ChooseTables, LeavesAreNamedByTheirRoot) {
    table_info root = table("measure", 1);
    root.kind = 'p';
    table_info leaf = table("measure_kr", 2);
    leaf.leaf = true;
    leaf.ancestors = {{1}};
    std::vector<table_info> const tables{root, leaf};
    options set = both_ways();
    set.tables = {parse_table_pattern("measure")};
    table_choice const choice = choose_tables(node("a", tables), node("b", tables), set);
    ASSERT_EQ(choice.synced.size(), 1U);
    EXPECT_EQ(choice.synced[0].source.name, "measure_kr");
    EXPECT_THAT(choice.left_out, IsEmpty());
}

TEST(ChooseTables, ColumnListsAndFilters) {
    options set = both_ways();
    set.tables = {parse_table_pattern("item (id) where id > 5")};
    table_choice const choice =
        choose_tables(node("a", {table("item")}), node("b", {table("item")}), set);
    ASSERT_EQ(choice.synced.size(), 1U);
    EXPECT_THAT(choice.synced[0].columns, ElementsAre("id"));
    EXPECT_EQ(choice.synced[0].where, "id > 5");

    auto const why = [&set](std::string const& pattern, int version) {
        set.tables = {parse_table_pattern(pattern)};
        node_catalog a = node("a", {table("item")});
        a.server_version = version;
        a.version = std::to_string(version / 10'000);
        try {
            static_cast<void>(choose_tables(a, node("b", {table("item")}), set));
        } catch (config_error const& error) {
            return std::string{error.what()};
        }
        return std::string{"accepted"};
    };
    EXPECT_THAT(why("item (id)", 140'000), HasSubstr("need PostgreSQL 15; node a is 14"));
    EXPECT_THAT(why("item where id > 1", 140'000), HasSubstr("need PostgreSQL 15"));
    EXPECT_THAT(why("item (v)", 150'000), HasSubstr("lacks key column id"));
    EXPECT_THAT(why("item (id, nonsense)", 150'000), HasSubstr("no column nonsense"));
}

TEST(ChooseAll, BothWaysATableIsInBothDirectionsOrInNone) {
    table_info lacking = table("item"); // on a: b's extra column is missing there
    table_info more = table("item");
    more.columns.push_back(column("extra"));
    auto const choices = choose_all({node("a", {lacking}), node("b", {more})}, both_ways());
    ASSERT_EQ(choices.size(), 2U);
    for (table_choice const& each : choices) {
        EXPECT_THAT(each.synced, IsEmpty());
        ASSERT_EQ(each.left_out.size(), 1U);
        EXPECT_THAT(each.left_out[0].reason, HasSubstr("column extra is missing on node a"));
    }
    options one_way = both_ways();
    one_way.one_way.emplace("a", "b");
    auto const only = choose_all({node("a", {lacking}), node("b", {more})}, one_way);
    ASSERT_EQ(only.size(), 1U);
    EXPECT_EQ(only[0].synced.size(), 1U);
}

TEST(ChooseAll, APatternThatMatchesNothingIsAMistake) {
    options set = both_ways();
    set.tables = {parse_table_pattern("itme")};
    EXPECT_THROW(static_cast<void>(
                     choose_all({node("a", {table("item")}), node("b", {table("item")})}, set)),
                 config_error);
}

TEST(ChoosePolicy, FollowsWhatTheServersCan) {
    std::vector<node_catalog> nodes{node("a"), node("b")};
    options set = both_ways();
    EXPECT_EQ(choose_policy(nodes, set).policy, conflict_policy::last_update_wins);
    EXPECT_EQ(choose_policy(nodes, set).why, "");
    set.conflict = conflict_policy::apply_remote;
    EXPECT_EQ(choose_policy(nodes, set).policy, conflict_policy::apply_remote);

    nodes[1].track_commit_timestamp = false;
    set.conflict.reset();
    EXPECT_EQ(choose_policy(nodes, set).policy, conflict_policy::apply_remote);
    EXPECT_EQ(choose_policy(nodes, set).why, "node b has track_commit_timestamp off");
    set.conflict = conflict_policy::last_update_wins;
    EXPECT_THROW(static_cast<void>(choose_policy(nodes, set)), config_error);

    nodes[1].track_commit_timestamp = true;
    nodes[0].server_version = 130'000;
    set.conflict.reset();
    EXPECT_THAT(choose_policy(nodes, set).why, HasSubstr("node a is PostgreSQL 13"));
}

} // namespace
} // namespace tandem::engine
