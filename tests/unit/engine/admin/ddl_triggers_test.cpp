#include "engine/admin/ddl_triggers.hpp"

#include "engine/config/pattern.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::engine {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(GlobRegex, MatchesWhatTheGlobMatches) {
    EXPECT_EQ(glob_regex("chat_*"), "^chat_.*$");
    EXPECT_EQ(glob_regex("a?c"), "^a.c$");
    EXPECT_EQ(glob_regex("a\\*b.c"), "^a\\*b\\.c$");
    EXPECT_EQ(glob_regex("x\\\\"), "^x\\\\$");
}

node_catalog capable() {
    node_catalog node;
    node.name = "a";
    node.server_version = 150000;
    node.role.superuser = true;
    return node;
}

TEST(DdlTriggers, AreMadeOnceAndTakenAwayOnDemand) {
    auto node = capable();
    options set;
    std::vector<std::string> hints;
    auto const made = ddl_statements(node, ddl_wish_of(set), hints);
    EXPECT_THAT(made, Contains(HasSubstr("CREATE EVENT TRIGGER tandem_ddl")));
    EXPECT_THAT(
        made.front(),
        HasSubstr("UPDATE tandem.meta SET joining = '{\"but\":[],\"parts\":[],\"tables\":null}'"));
    node.installed.ddl_triggers = true;
    node.installed.joining = R"({"tables": null, "parts": [], "but": []})";
    EXPECT_THAT(ddl_statements(node, ddl_wish_of(set), hints), IsEmpty());
    set.ddl = false;
    EXPECT_THAT(ddl_statements(node, ddl_wish_of(set), hints),
                Contains("DROP EVENT TRIGGER IF EXISTS tandem_ddl"));
    EXPECT_THAT(hints, IsEmpty());
}

TEST(DdlTriggers, NewTablesJoinByThePatternsWithoutParts) {
    options set;
    set.tables = {parse_table_pattern("chat.*"), parse_table_pattern("public.part (id)")};
    set.exclude = {parse_table_pattern("chat.tmp_*")};
    EXPECT_EQ(
        ddl_wish_of(set).joining,
        R"({"but":[["^chat$","^tmp_.*$"]],"parts":[["^public$","^part$"]],"tables":[["^chat$","^.*$"]]})");
    set.ddl_skips.objects = {parse_table_pattern("audit.*")};
    EXPECT_EQ(
        ddl_wish_of(set).joining,
        R"({"but":[["^chat$","^tmp_.*$"],["^audit$","^.*$"]],"parts":[["^public$","^part$"]],"tables":[["^chat$","^.*$"]]})");
}

TEST(DdlTriggers, WhatCannotBeIsSaid) {
    auto node = capable();
    node.role.superuser = false;
    std::vector<std::string> hints;
    EXPECT_THAT(ddl_statements(node, ddl_wish_of({}), hints),
                AllOf(Contains(HasSubstr("FUNCTION tandem.tell")),
                      Not(Contains(HasSubstr("EVENT TRIGGER")))));
    EXPECT_THAT(hints, ElementsAre(HasSubstr("event triggers need a superuser")));
    node.installed.tells = true;
    EXPECT_THAT(ddl_statements(node, ddl_wish_of({}), hints), IsEmpty());
}

TEST(DdlTriggers, Before14ATableTellsOfIt) {
    auto node = capable();
    std::vector<std::string> hints;
    EXPECT_THAT(ddl_statements(node, ddl_wish_of({}), hints),
                Not(Contains(HasSubstr("tandem.ddl_queue"))));
    node.server_version = 130000;
    EXPECT_THAT(ddl_statements(node, ddl_wish_of({}), hints),
                AllOf(Contains(HasSubstr("CREATE TABLE IF NOT EXISTS tandem.ddl_queue")),
                      Not(Contains(HasSubstr("pg_logical_emit_message")))));
    EXPECT_THAT(hints, IsEmpty());
}

TEST(DdlTriggers, OlderOnesAreBroughtForward) {
    auto node = capable();
    node.installed.schema_version = 11;
    node.installed.ddl_triggers = true;
    node.installed.joining = ddl_wish_of({}).joining;
    std::vector<std::string> hints;
    EXPECT_THAT(ddl_statements(node, ddl_wish_of({}), hints),
                AllOf(Contains(HasSubstr("FUNCTION tandem.set_apart")),
                      Not(Contains(HasSubstr("CREATE EVENT TRIGGER")))));
    node.role.superuser = false;
    EXPECT_THAT(ddl_statements(node, ddl_wish_of({}), hints), IsEmpty());
    EXPECT_THAT(hints, ElementsAre(HasSubstr("as an older tandem made them")));
}

} // namespace
} // namespace tandem::engine
