#include "engine/admin/origin_column.hpp"

#include "codecs/sql/schema.hpp"
#include "engine/admin/plan.hpp"
#include "engine/config/error.hpp"
#include "engine/core/origin_gate.hpp"
#include "tests/unit/engine/admin/catalogs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::engine {
namespace {

using testing::both_ways;
using testing::column;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::node;
using ::testing::Not;
using testing::table;

table_info with_column(std::string const& type = "text") {
    table_info made = table("item");
    column_info origin = column("origin");
    origin.type_name = type;
    origin.not_null = false;
    made.columns.push_back(origin);
    return made;
}

options asking() {
    options set = both_ways();
    set.origin_column = "origin";
    return set;
}

std::vector<node_catalog> two(table_info const& left, table_info const& right) {
    return {node("a", {left}), node("b", {right})};
}

std::vector<node_catalog> set_up() {
    auto nodes = two(with_column(), with_column());
    for (node_catalog& each : nodes) {
        each.installed.schema_exists = true;
        each.installed.schema_version = sql::schema_version;
        each.installed.node = each.name;
        each.installed.origin_column = "origin";
        each.installed.progress_published = true;
        each.installed.publication = publication_info{};
        each.installed.publication->tables = {{each.tables[0].id, {}, {}}};
        each.tables[0].stamps_origin = true;
    }
    return nodes;
}

init_plan plan_of(std::vector<node_catalog> const& nodes, options const& set) {
    return plan_init(nodes, choose_all(nodes, set), set.origin_column);
}

std::string reason_of(table_info const& left, table_info const& right) {
    auto const choices = choose_all(two(left, right), asking());
    return choices[0].left_out.empty() ? "synced" : choices[0].left_out[0].reason;
}

TEST(OriginColumn, TablesNeedItAsTextOfNoKey) {
    EXPECT_EQ(reason_of(with_column(), with_column()), "synced");
    EXPECT_EQ(reason_of(with_column("character varying"), with_column("character varying")),
              "synced");
    EXPECT_THAT(reason_of(table("item"), table("item")),
                HasSubstr("no column origin on node a, which --origin-column names; ALTER TABLE "
                          "public.item ADD COLUMN origin text"));
    EXPECT_THAT(reason_of(table("item"), with_column()), HasSubstr("no column origin on node a"));
    EXPECT_THAT(reason_of(with_column("integer"), with_column("integer")),
                HasSubstr("is integer; make it text"));
    table_info keyed = with_column();
    keyed.keys.push_back({"by_origin", {"v", "origin"}, false, false, true});
    EXPECT_THAT(reason_of(with_column(), keyed), HasSubstr("part of key by_origin on node b"));
}

TEST(OriginColumn, FreshNodesGetTriggersAndAPublishedProgressInsteadOfOrigins) {
    init_plan const plan = plan_of(two(with_column(), with_column()), asking());
    auto const& done = plan.nodes[0].install;
    EXPECT_THAT(done, Contains(HasSubstr("NEW.\"origin\" := coalesce(nullif(pg_catalog."
                                         "current_setting('tandem.origin', true), ''), 'a')")));
    EXPECT_THAT(done, Contains("UPDATE tandem.meta SET origin_column = 'origin'"));
    EXPECT_THAT(done, Contains("CREATE TRIGGER zzz_tandem_origin BEFORE INSERT OR UPDATE ON "
                               "\"public\".\"item\" FOR EACH ROW EXECUTE FUNCTION "
                               "tandem.stamp_origin()"));
    EXPECT_THAT(done, Contains("ALTER TABLE \"public\".\"item\" ENABLE ALWAYS TRIGGER "
                               "zzz_tandem_origin"));
    EXPECT_EQ(done.back(), "ALTER PUBLICATION tandem ADD TABLE ONLY tandem.progress");
    for (stream_plan const& each : plan.streams) {
        EXPECT_FALSE(each.create_origin);
        EXPECT_TRUE(each.create_slot && each.create_progress);
    }
    EXPECT_THAT(dry_run_text(plan, two(with_column(), with_column())),
                Not(HasSubstr("pg_replication_origin_create")));
}

TEST(OriginColumn, WhoOnlyReceivesPublishesNothing) {
    auto nodes = two(with_column(), with_column());
    options set = asking();
    set.one_way = {"a", "b"};
    EXPECT_THAT(plan_of(nodes, set).nodes[1].install, Each(Not(HasSubstr("ALTER PUBLICATION"))));
}

TEST(OriginColumn, ASecondInitDoesNothing) {
    for (node_plan const& each : plan_of(set_up(), asking()).nodes) {
        EXPECT_THAT(each.install, IsEmpty());
    }
}

TEST(OriginColumn, AnotherColumnAndNoneAreCarriedOut) {
    options other = asking();
    other.origin_column = "v";
    auto nodes = set_up();
    for (node_catalog& each : nodes) {
        each.tables[0].columns[1].type_name = "text";
    }
    EXPECT_THAT(
        plan_of(nodes, other).nodes[0].install,
        ElementsAre(HasSubstr("NEW.\"v\" :="), "UPDATE tandem.meta SET origin_column = 'v'"));
    EXPECT_THAT(plan_of(nodes, both_ways()).nodes[0].install,
                ElementsAre("DROP FUNCTION IF EXISTS tandem.stamp_origin() CASCADE",
                            "UPDATE tandem.meta SET origin_column = NULL",
                            "ALTER PUBLICATION tandem DROP TABLE tandem.progress"));
}

options with(std::string column) {
    options set = both_ways();
    set.origin_column = std::move(column);
    return set;
}

TEST(OriginColumn, RunIsToldHowNodesWereSetUp) {
    auto nodes = set_up();
    EXPECT_EQ(set_up_otherwise(nodes[0], with("origin")), std::nullopt);
    EXPECT_THAT(set_up_otherwise(nodes[0], with("")).value_or(""),
                HasSubstr("was set up with --origin-column origin; give --origin-column origin"));
    nodes[0].installed.origin_column.clear();
    EXPECT_THAT(set_up_otherwise(nodes[0], with("origin")).value_or(""),
                HasSubstr("was set up with replication origins; leave --origin-column out"));
    nodes[0].installed.schema_version.reset();
    EXPECT_EQ(set_up_otherwise(nodes[0], with("origin")), std::nullopt)
        << "init is what is missing";
}

TEST(OriginColumn, RowsDoNotTellWhoWroteThem) {
    auto const nodes = set_up();
    options set = asking();
    EXPECT_EQ(choose_policy(nodes, set).policy, conflict_policy::apply_remote);
    EXPECT_THAT(choose_policy(nodes, set).why, HasSubstr("--origin-column"));
    set.conflict = conflict_policy::last_update_wins;
    EXPECT_THROW(static_cast<void>(choose_policy(nodes, set)), config_error);
    set.conflict = conflict_policy::apply_remote;
    EXPECT_EQ(choose_policy(nodes, set).policy, conflict_policy::apply_remote);
}

TEST(OriginGate, OnlyTheProgressOfSchemaTandemMarks) {
    EXPECT_TRUE(is_mark("tandem", "progress"));
    EXPECT_FALSE(is_mark("public", "progress"));
    EXPECT_FALSE(is_mark("tandem", "sending"));
}

} // namespace
} // namespace tandem::engine
