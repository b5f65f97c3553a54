#include "engine/admin/plan.hpp"

#include "codecs/sql/schema.hpp"
#include "engine/config/error.hpp"
#include "engine/core/names.hpp"
#include "tests/unit/engine/admin/catalogs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::engine {
namespace {

using testing::both_ways;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::node;
using ::testing::Not;
using testing::table;

std::vector<node_catalog> fresh() {
    return {node("a", {table("item")}), node("b", {table("item")})};
}

// As init leaves two nodes behind.
std::vector<node_catalog> installed() {
    std::vector<node_catalog> nodes = fresh();
    for (node_catalog& each : nodes) {
        std::string const peer = each.name == "a" ? "b" : "a";
        each.installed.schema_exists = true;
        each.installed.schema_version = sql::schema_version;
        each.installed.node = each.name;
        each.installed.incarnation = "token of " + each.name;
        each.installed.publication = publication_info{};
        each.installed.publication->tables = {{each.tables[0].id, {}, {}}};
        each.installed.slots = {
            {slot_name(each.name, peer, each.database), "pgoutput", false, {}, {}, {}}};
        each.installed.origins = {origin_name(each.database, peer)};
        each.installed.progress = {{peer, 0, {}, {}, {16}, {}}};
    }
    return nodes;
}

init_plan plan_of(std::vector<node_catalog> const& nodes, options const& set = both_ways()) {
    return plan_init(nodes, choose_all(nodes, set));
}

TEST(Names, SlotsAndOriginsFitIntoPostgres) {
    std::string const longest(node_name_max, 'x');
    EXPECT_EQ(slot_name("a", "b", {16'384}), "tandem_a_b_16384");
    EXPECT_EQ(origin_name({16'385}, "a"), "tandem_16385_a");
    EXPECT_LE(slot_name(longest, longest, {4'294'967'295}).size(), 63U);
}

TEST(PlanInit, FreshNodesGetEverything) {
    init_plan const plan = plan_of(fresh());
    ASSERT_EQ(plan.nodes.size(), 2U);
    for (node_plan const& each : plan.nodes) {
        EXPECT_TRUE(each.creates_schema && each.creates_publication);
        EXPECT_EQ(each.install.front(), "CREATE SCHEMA tandem");
        EXPECT_EQ(
            each.install.back(),
            "CREATE PUBLICATION tandem FOR TABLE ONLY \"public\".\"item\" WITH (publish = 'insert, "
            "update, delete, truncate', publish_via_partition_root = false)");
        EXPECT_THAT(each.install, Contains(HasSubstr("INSERT INTO tandem.meta")));
        EXPECT_THAT(each.additions, IsEmpty());
    }
    ASSERT_EQ(plan.streams.size(), 2U);
    EXPECT_EQ(plan.streams[0].slot, "tandem_a_b_16384");
    EXPECT_EQ(plan.streams[0].origin, "tandem_16385_a");
    EXPECT_EQ(plan.streams[1].slot, "tandem_b_a_16385");
    for (stream_plan const& each : plan.streams) {
        EXPECT_TRUE(each.create_slot && each.create_origin && each.create_progress &&
                    !each.drop_slot);
        EXPECT_EQ(each.to_compare.size(), 1U);
    }
    EXPECT_THAT(plan.notes, IsEmpty());
}

TEST(PlanInit, ASecondTimeNothingIsToDo) {
    init_plan const plan = plan_of(installed());
    EXPECT_TRUE(plan.empty());
    EXPECT_THAT(plan.streams[0].to_compare, IsEmpty());
    EXPECT_THAT(plan.notes, IsEmpty());
}

TEST(PlanInit, OneWayTheTargetHasNoSlotAndNoPublication) {
    options set = both_ways();
    set.one_way.emplace("a", "b");
    init_plan const plan = plan_of(fresh(), set);
    EXPECT_TRUE(plan.nodes[0].creates_publication);
    EXPECT_FALSE(plan.nodes[1].creates_publication);
    EXPECT_TRUE(plan.nodes[1].creates_schema);
    ASSERT_EQ(plan.streams.size(), 1U);
    EXPECT_EQ(plan.streams[0].source + plan.streams[0].target, "ab");
}

options with_peer(std::string const& node, std::string const& peer) {
    options set;
    set.nodes = {{node, "dbname=" + node}};
    set.peers = {{peer, {}}};
    return set;
}

TEST(PlanInit, BesideAPeerEachSiteMakesItsEnds) {
    init_plan const plan = plan_of({fresh()[0]}, with_peer("a", "b"));
    ASSERT_EQ(plan.nodes.size(), 1U);
    EXPECT_TRUE(plan.nodes[0].creates_schema && plan.nodes[0].creates_publication);
    ASSERT_EQ(plan.streams.size(), 2U);
    stream_plan const& sends = plan.streams[0];
    EXPECT_TRUE(sends.source_here && !sends.target_here && sends.create_slot);
    EXPECT_FALSE(sends.create_origin || sends.create_progress || sends.drop_slot);
    EXPECT_EQ(sends.slot, "tandem_a_b_16384");
    stream_plan const& receives = plan.streams[1];
    EXPECT_TRUE(receives.target_here && !receives.source_here);
    EXPECT_TRUE(receives.create_origin && receives.create_progress && !receives.create_slot);
    EXPECT_EQ(receives.origin, "tandem_16384_b");
    EXPECT_THAT(receives.to_compare, IsEmpty());
    std::string const text = dry_run_text(plan, {fresh()[0]});
    EXPECT_THAT(
        text,
        HasSubstr("INSERT INTO tandem.sending (peer, epoch, owner, tokens, start_lsn, reader) "
                  "SELECT 'b', 0, '', ARRAY[incarnation], :'start', NULL FROM tandem.meta"));
    EXPECT_THAT(text, HasSubstr("INSERT INTO tandem.progress (stream, lane) VALUES ('b', 0)"));
}

TEST(PlanInit, BesideAPeerASecondTimeNothingIsToDo) {
    EXPECT_TRUE(plan_of({installed()[0]}, with_peer("a", "b")).empty());
}

TEST(PlanInit, ASlotThatIsGoneBesideAPeerIsNotMadeAnew) {
    auto node = installed()[0];
    node.installed.slots.clear();
    node.installed.sending = {"b"};
    init_plan const plan = plan_of({node}, with_peer("a", "b"));
    EXPECT_TRUE(plan.empty());
    ASSERT_EQ(plan.notes.size(), 1U);
    EXPECT_THAT(plan.notes[0], HasSubstr("slot tandem_a_b_16384 is gone"));
}

TEST(PlanInit, Before13ThereIsNoRootToPublishVia) {
    std::vector<node_catalog> nodes = fresh();
    nodes[0].server_version = 120'022;
    EXPECT_THAT(plan_of(nodes).nodes[0].install.back(),
                Not(HasSubstr("publish_via_partition_root")));
}

TEST(PlanInit, ATableThatJoinsIsLockedAndCompared) {
    std::vector<node_catalog> nodes = installed();
    for (node_catalog& each : nodes) {
        each.tables.push_back(table("joiner", 16'500));
    }
    init_plan const plan = plan_of(nodes);
    ASSERT_EQ(plan.nodes[1].additions.size(), 1U);
    table_addition const& joined = plan.nodes[1].additions[0];
    EXPECT_EQ(joined.table, "public.joiner");
    EXPECT_EQ(joined.lock, "LOCK TABLE ONLY \"public\".\"joiner\" IN SHARE ROW EXCLUSIVE MODE");
    EXPECT_EQ(joined.change, "ALTER PUBLICATION tandem ADD TABLE ONLY \"public\".\"joiner\"");
    ASSERT_EQ(plan.streams[0].to_compare.size(), 1U);
    EXPECT_EQ(plan.streams[0].to_compare[0].source.name, "joiner");
    EXPECT_FALSE(plan.streams[0].create_slot);
}

TEST(PlanInit, ATableThatIsLeftOutLeavesThePublication) {
    std::vector<node_catalog> nodes = installed();
    for (node_catalog& each : nodes) {
        each.tables.push_back(table("leaver", 16'500));
        each.installed.publication->tables.push_back({{16'500}, {}, {}});
        each.tables.back().keys.clear();
    }
    EXPECT_THAT(plan_of(nodes).nodes[0].install,
                ElementsAre("ALTER PUBLICATION tandem DROP TABLE \"public\".\"leaver\""));
}

TEST(PlanInit, AnotherFilterGoesOutAndInAtOnce) {
    std::vector<node_catalog> nodes = installed();
    auto choices = choose_all(nodes, both_ways());
    choices[0].synced[0].where = "(id > 5)";
    choices[0].synced[0].column_list = {"id"};
    init_plan const plan = plan_init(nodes, choices);
    ASSERT_EQ(plan.nodes[0].additions.size(), 1U);
    EXPECT_EQ(
        plan.nodes[0].additions[0].change,
        "ALTER PUBLICATION tandem DROP TABLE \"public\".\"item\"; ALTER PUBLICATION tandem ADD TABLE "
        "ONLY \"public\".\"item\" (\"id\") WHERE ((id > 5))");
    nodes[0].installed.publication->tables[0] = {nodes[0].tables[0].id, {"id"}, "(id > 5)"};
    EXPECT_THAT(plan_init(nodes, choices).nodes[0].additions, IsEmpty());
}

TEST(PlanInit, PublicationsAreBroughtInOrderOrRefused) {
    std::vector<node_catalog> nodes = installed();
    nodes[0].installed.publication->truncate = false;
    EXPECT_THAT(plan_of(nodes).nodes[0].install,
                ElementsAre(HasSubstr("ALTER PUBLICATION tandem SET (publish")));
    nodes[0].installed.publication->all_tables = true;
    EXPECT_THROW(static_cast<void>(plan_of(nodes)), config_error);
}

TEST(PlanInit, ASlotThatIsGoneIsNotMadeAnewInSilence) {
    std::vector<node_catalog> nodes = installed();
    nodes[0].installed.slots.clear();
    init_plan const plan = plan_of(nodes);
    EXPECT_FALSE(plan.streams[0].create_slot);
    EXPECT_THAT(plan.notes, ElementsAre(HasSubstr("slot tandem_a_b_16384 is gone")));
}

TEST(PlanInit, ASlotWithoutProgressIsHalfAnInit) {
    std::vector<node_catalog> nodes = installed();
    nodes[1].installed.progress.clear();
    init_plan const plan = plan_of(nodes);
    EXPECT_TRUE(plan.streams[0].drop_slot && plan.streams[0].create_slot &&
                plan.streams[0].create_progress);
    EXPECT_FALSE(plan.streams[0].create_origin);
    EXPECT_EQ(plan.streams[0].to_compare.size(), 1U);
    EXPECT_TRUE(plan.streams[1].empty());
}

TEST(KeepPublished, WhatIsNotPublishedYetIsLeftOut) {
    std::vector<node_catalog> nodes = installed();
    nodes[0].tables.push_back(table("late", 16'500));
    nodes[1].tables.push_back(table("late", 16'500));
    auto choices = choose_all(nodes, both_ways());
    keep_published(choices[0], nodes[0]);
    ASSERT_EQ(choices[0].synced.size(), 1U);
    EXPECT_EQ(choices[0].synced[0].source.name, "item");
    ASSERT_EQ(choices[0].left_out.size(), 1U);
    EXPECT_THAT(choices[0].left_out[0].reason, HasSubstr("tandem init"));
}

TEST(DryRun, IsOrderedAndComplete) {
    std::vector<node_catalog> const nodes = fresh();
    std::string const text = dry_run_text(plan_of(nodes), nodes);
    std::size_t last = 0;
    for (char const* const part :
         {"-- node a: PostgreSQL 15.20, database chat", "BEGIN;", "CREATE SCHEMA tandem;",
          "CREATE PUBLICATION", "COMMIT;",
          "SELECT pg_create_logical_replication_slot('tandem_a_b_16384', 'pgoutput');",
          "SELECT pg_replication_origin_create('tandem_16384_b');", "INSERT INTO tandem.progress",
          "-- node b: PostgreSQL"}) {
        std::size_t const at = text.find(part, last);
        ASSERT_NE(at, std::string::npos) << part;
        last = at;
    }
    std::vector<node_catalog> const done = installed();
    EXPECT_THAT(dry_run_text(plan_of(done), done), HasSubstr("-- nothing to do"));
}

TEST(Destroy, TakesOnlyWhatIsOurs) {
    node_catalog a = installed()[0];
    a.installed.slots.push_back(
        {"tandem_a_b_99999", "pgoutput", false, {}, {}, {}}); // of another database
    a.installed.slots.push_back({"other", "wal2json", false, {}, {}, {}});
    a.installed.origins.push_back("tandem_99999_b");
    a.installed.origins.push_back("pg_16400");
    EXPECT_THAT(destroy_statements(a),
                ElementsAre("SELECT pg_drop_replication_slot('tandem_a_b_16384')",
                            "SELECT pg_replication_origin_drop('tandem_16384_b')",
                            "DROP PUBLICATION tandem", "DROP SCHEMA tandem CASCADE"));
    EXPECT_THAT(destroy_statements(node("a")), IsEmpty());
}

} // namespace
} // namespace tandem::engine
