#include "engine/admin/check.hpp"

#include "engine/admin/doctor.hpp"
#include "tests/unit/engine/admin/catalogs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>

namespace tandem::engine {
namespace {

using testing::both_ways;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::node;
using testing::table;

std::vector<finding> not_well(std::vector<finding> const& all) {
    std::vector<finding> found;
    for (finding const& each : all) {
        if (each.level != severity::ok) {
            found.push_back(each);
        }
    }
    return found;
}

// What one change to node b makes of two able nodes: exactly one finding.
finding only_finding(std::function<void(node_catalog&)> const& change,
                     options const& set = both_ways()) {
    std::vector<node_catalog> nodes{node("a"), node("b")};
    change(nodes[1]);
    auto const found = not_well(check_nodes(nodes, set));
    EXPECT_EQ(found.size(), 1U);
    return found.empty() ? finding{} : found.front();
}

TEST(CheckNodes, AbleNodesAreWell) {
    auto const all = check_nodes({node("a"), node("b")}, both_ways());
    EXPECT_THAT(not_well(all), IsEmpty());
    EXPECT_GT(all.size(), 15U);
    EXPECT_FALSE(refusal(all).has_value());
    EXPECT_FALSE(any_error(all));
}

TEST(CheckNodes, Requirements) {
    struct {
        char const* name;
        std::function<void(node_catalog&)> change;
        char const* condition;
        severity level;
        char const* cure;
    } const cases[] = {
        {"old", [](node_catalog& n) { n.wal_level = "replica"; }, "wal_level", severity::error,
         "ALTER SYSTEM SET wal_level = logical; then restart"},
        {"standby", [](node_catalog& n) { n.in_recovery = true; }, "primary", severity::error,
         "standby"},
        {"no timestamps", [](node_catalog& n) { n.track_commit_timestamp = false; },
         "track_commit_timestamp", severity::warning, "apply-remote"},
        {"new version", [](node_catalog& n) { n.server_version = 190'000; }, "server version known",
         severity::warning, "not tested"},
        {"no slots", [](node_catalog& n) { n.slots_used = 10; }, "replication slots left",
         severity::error, "max_replication_slots = 11"},
        {"no senders", [](node_catalog& n) { n.senders_used = 10; }, "WAL senders left",
         severity::error, "max_wal_senders = 11"},
        {"no REPLICATION", [](node_catalog& n) { n.role.replication = false; },
         "role has REPLICATION", severity::error, "ALTER ROLE tandem REPLICATION"},
        {"no origins", [](node_catalog& n) { n.role.use_origins = false; },
         "role may use replication origins", severity::error, "GRANT EXECUTE"},
        {"no origin states", [](node_catalog& n) { n.origins_max = 0; }, "replication origins",
         severity::error, "max_replication_slots"},
        {"no replica role", [](node_catalog& n) { n.role.set_replica_role = false; },
         "role may set session_replication_role", severity::warning, "GRANT SET ON PARAMETER"},
        {"no CREATE", [](node_catalog& n) { n.role.create_in_database = false; },
         "role may CREATE in the database", severity::error,
         "GRANT CREATE ON DATABASE chat TO tandem"},
        {"foreign schema", [](node_catalog& n) { n.installed.schema_exists = true; },
         "schema tandem", severity::error, "drop or rename"},
        {"encoding", [](node_catalog& n) { n.encoding = "LATIN1"; }, "server_encoding",
         severity::warning, "UTF8"},
    };
    for (auto const& each : cases) {
        finding const found = only_finding(each.change);
        EXPECT_EQ(found.condition, each.condition) << each.name;
        EXPECT_EQ(found.level, each.level) << each.name;
        EXPECT_THAT(found.cure, HasSubstr(each.cure)) << each.name;
    }
}

TEST(CheckNodes, TheSameDatabaseTwice) {
    finding const found = only_finding([](node_catalog& n) {
        n.system_id = node("a").system_id;
        n.database = node("a").database;
    });
    EXPECT_EQ(found.condition, "two databases");
    EXPECT_EQ(found.status, exit_status::usage);
    std::vector<node_catalog> nodes{node("a"), node("b")};
    nodes[1].system_id = nodes[0].system_id;
    EXPECT_THAT(not_well(check_nodes(nodes, both_ways())), IsEmpty())
        << "two databases of one server are fine";
    nodes[1].database = nodes[0].database;
    nodes[1].running_since = "another start";
    EXPECT_THAT(not_well(check_nodes(nodes, both_ways())), IsEmpty())
        << "a copied cluster is another server";
    EXPECT_THAT(not_well(check_nodes({node("a"),
                                      [] {
                                          node_catalog n = node("b");
                                          n.system_id = node("a").system_id;
                                          n.database = node("a").database;
                                          n.running_since = "another time";
                                          return n;
                                      }()},
                                     both_ways())),
                IsEmpty())
        << "a copy of the cluster's files is another server";
}

TEST(CheckNodes, InstallationsOfOthersAreRefused) {
    finding const newer = only_finding([](node_catalog& n) {
        n.installed.schema_exists = true;
        n.installed.schema_version = 1'000;
        n.installed.node = "b";
    });
    EXPECT_THAT(newer.cure, HasSubstr("newer tandem"));
    EXPECT_EQ(newer.status, exit_status::usage);
    finding const swapped = only_finding([](node_catalog& n) {
        n.installed.schema_exists = true;
        n.installed.schema_version = 1;
        n.installed.node = "a";
    });
    EXPECT_THAT(swapped.cure, HasSubstr("set up as node a"));
    EXPECT_EQ(swapped.status, exit_status::usage);
}

TEST(CheckNodes, SlotsThatAreThereNeedNoFreeOnes) {
    auto const full = [](bool active, std::string plugin) {
        return [active, plugin](node_catalog& n) {
            n.slots_used = 10;
            n.senders_used = active ? 10 : 9;
            n.installed.slots = {{"tandem_b_a_16385", plugin, active, {}, {}, "reserved"}};
        };
    };
    std::vector<node_catalog> nodes{node("a"), node("b")};
    full(true, "pgoutput")(nodes[1]);
    EXPECT_THAT(not_well(check_nodes(nodes, both_ways())), IsEmpty());
    EXPECT_EQ(only_finding(full(true, "wal2json")).condition, "slot tandem_b_a_16385");
}

TEST(CheckNodes, ATargetOnlyNeedsNoLogicalDecoding) {
    options set = both_ways();
    set.one_way.emplace("a", "b");
    std::vector<node_catalog> nodes{node("a"), node("b")};
    nodes[0].role.use_origins = false;
    nodes[1].wal_level = "replica";
    nodes[1].senders_max = 0;
    nodes[1].role.replication = false;
    EXPECT_THAT(not_well(check_nodes(nodes, set)), IsEmpty());
}

TEST(CheckNodes, RefusalTellsEverythingAtOnce) {
    std::vector<node_catalog> nodes{node("a"), node("b")};
    nodes[0].wal_level = "replica";
    nodes[1].role.replication = false;
    auto const refused = refusal(check_nodes(nodes, both_ways()));
    ASSERT_TRUE(refused.has_value());
    EXPECT_EQ(refused->status(), exit_status::environment);
    EXPECT_THAT(refused->what(),
                HasSubstr("node a: wal_level: logical is required, found replica"));
    EXPECT_THAT(refused->what(), HasSubstr("\nnode b: role has REPLICATION"));
}

table_choice choice_of(table_info const& both) {
    chosen_table chosen;
    chosen.source = both;
    chosen.target = both;
    return {"a",
            "b",
            {chosen},
            {{"public.odd", "it is odd", false}, {"public.view", "no table", true}}};
}

TEST(CheckContents, OwnersLeftOutAndLargeObjects) {
    table_info item = table("item");
    item.member_of_owner = false;
    node_catalog big = node("b");
    big.large_objects = 3;
    auto const found = not_well(check_contents({node("a"), big}, {choice_of(item)}, both_ways()));
    ASSERT_EQ(found.size(), 5U);
    EXPECT_EQ(found[0].cure, "GRANT owner TO tandem");
    EXPECT_EQ(found[0].level, severity::error);
    EXPECT_EQ(found[1].node, "b");
    EXPECT_EQ(found[2].condition, "table public.odd");
    EXPECT_EQ(found[2].level, severity::warning);
    EXPECT_EQ(found[3].level, severity::info);
    EXPECT_EQ(found[4].condition, "large objects");
}

TEST(CheckContents, SequencesThatGiveTheSameNumbers) {
    auto const conditions = [](sequence_info const& left, sequence_info const& right,
                               options const& set) {
        node_catalog a = node("a");
        node_catalog b = node("b");
        a.sequences = {left};
        b.sequences = {right};
        std::vector<std::string> all;
        for (finding const& each : not_well(check_contents({a, b}, {}, set))) {
            if (each.level == severity::warning) {
                all.push_back(each.condition);
            }
        }
        return all;
    };
    sequence_info plain;
    plain.schema = "public";
    plain.name = "item_id_seq";
    plain.generates_values = true;
    sequence_info unused = plain;
    unused.generates_values = false;
    sequence_info other = plain;
    other.name = "other";
    EXPECT_THAT(conditions(plain, plain, both_ways()), Contains("sequence public.item_id_seq"));
    EXPECT_THAT(conditions(plain, unused, both_ways()), IsEmpty());
    EXPECT_THAT(conditions(plain, other, both_ways()), IsEmpty());
    options one_way = both_ways();
    one_way.one_way.emplace("a", "b");
    EXPECT_THAT(conditions(plain, plain, one_way), IsEmpty());
}

TEST(CheckClocks, WarnsBeyondTheLimitEitherWay) {
    using namespace std::chrono_literals;
    options const set = both_ways(); // 5 s
    EXPECT_EQ(check_clocks("a", "b", {4'900ms, 1ms}, set).level, severity::ok);
    EXPECT_EQ(check_clocks("a", "b", {5'100ms, 1ms}, set).level, severity::warning);
    finding const behind = check_clocks("a", "b", {-5'100ms, 1ms}, set);
    EXPECT_EQ(behind.level, severity::warning);
    EXPECT_THAT(behind.current, HasSubstr("b is -5100.0 ms against a"));
}

TEST(Grants, ForAPlainRole) {
    node_catalog superuser = node("a", {table("item")});
    auto const all = grants_for(superuser, "plain", false);
    EXPECT_THAT(all, Contains("ALTER ROLE \"plain\" REPLICATION"));
    EXPECT_THAT(all, Contains("GRANT CREATE ON DATABASE \"chat\" TO \"plain\""));
    EXPECT_THAT(all, Contains("GRANT \"owner\" TO \"plain\""));
    EXPECT_THAT(all, Contains("GRANT SET ON PARAMETER session_replication_role TO \"plain\""));
    EXPECT_THAT(all, Contains(HasSubstr("pg_replication_origin_session_setup(text) TO \"plain\"")));
    EXPECT_THAT(grants_for(superuser, "tandem", true), IsEmpty()) << "it lacks nothing";
    superuser.server_version = 140'000;
    EXPECT_THAT(grants_for(superuser, "plain", false),
                ::testing::Not(Contains(HasSubstr("PARAMETER"))));
}

TEST(Doctor, TextAndJson) {
    std::vector<finding> const findings{
        {"a", "wal_level", "logical", "logical", severity::ok, ""},
        {"b", "wal_level", "logical", "replica \"x\"", severity::error, "restart it"},
        {"", "clock offset", "small", "0 ms", severity::warning, "run NTP"},
    };
    std::string const text = doctor_text(findings);
    EXPECT_THAT(text, HasSubstr("Node  Condition     Required  Current      Severity\n"));
    EXPECT_THAT(text, HasSubstr("error\n      -> restart it\n"));
    EXPECT_THAT(text, HasSubstr("3 conditions: 1 errors, 1 warnings"));
    auto const json = nlohmann::json::parse(doctor_json(findings));
    EXPECT_EQ(json["ok"], false);
    ASSERT_EQ(json["findings"].size(), 3U);
    EXPECT_EQ(json["findings"][1]["current"], "replica \"x\"");
    EXPECT_TRUE(json["findings"][2]["node"].is_null());
}

} // namespace
} // namespace tandem::engine
