#include "engine/config/pattern.hpp"

#include "engine/config/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(TablePattern, NameParts) {
    struct {
        char const* text;
        char const* schema;
        char const* table;
    } const cases[] = {
        {"item", "public", "item"},
        {"  item ", "public", "item"},
        {"chat.item", "chat", "item"},
        {"Chat.ITEM", "chat", "item"},
        {"chat.*", "chat", "*"},
        {"*.log_?", "*", "log_?"},
        {"\"Chat\".\"It em\"", "Chat", "It em"},
        {"\"a\"\"b\"", "public", "a\"b"},
        {"\"a.b\".c", "a.b", "c"},
        {"\"star*\"", "public", "star\\*"},
        {"\"back\\slash?\"", "public", "back\\\\slash\\?"},
        {"채팅.사용자", "채팅", "사용자"},
    };
    for (auto const& each : cases) {
        table_pattern const read = parse_table_pattern(each.text);
        EXPECT_EQ(read.schema, each.schema) << each.text;
        EXPECT_EQ(read.table, each.table) << each.text;
        EXPECT_THAT(read.columns, IsEmpty()) << each.text;
        EXPECT_EQ(read.where, "") << each.text;
    }
}

TEST(TablePattern, ColumnsAndCondition) {
    table_pattern const both =
        parse_table_pattern("chat.item ( id, \"User Name\" ,body ) where id > 5 ");
    EXPECT_THAT(both.columns, ElementsAre("id", "User Name", "body"));
    EXPECT_EQ(both.where, "id > 5");
    EXPECT_EQ(both.text, "chat.item ( id, \"User Name\" ,body ) where id > 5");

    table_pattern const filter = parse_table_pattern("item WHERE(region = 'kr, jp')");
    EXPECT_THAT(filter.columns, IsEmpty());
    EXPECT_EQ(filter.where, "(region = 'kr, jp')");

    EXPECT_EQ(parse_table_pattern("item(id)where id=1").where, "id=1");
}

TEST(TablePattern, MistakesSayWhy) {
    struct {
        char const* text;
        char const* why;
    } const cases[] = {
        {"", "empty"},
        {"chat.", "missing"},
        {".item", "missing"},
        {"a.b.c", "three parts"},
        {"\"open", "no end"},
        {"\"\"", "missing"},
        {"item (id", "closing ')'"},
        {"item ()", "missing"},
        {"item (id,)", "missing"},
        {"item where", "nothing follows"},
        {"item whereabouts", "not understood"},
        {"item, other", "one pattern per flag"},
        {"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz01", "64 bytes"},
    };
    for (auto const& each : cases) {
        try {
            static_cast<void>(parse_table_pattern(each.text));
            ADD_FAILURE() << "accepted: " << each.text;
        } catch (config_error const& error) {
            EXPECT_THAT(error.what(), HasSubstr(each.why)) << each.text;
        }
    }
}

TEST(Glob, Matches) {
    struct {
        char const* pattern;
        char const* name;
        bool expected;
    } const cases[] = {
        {"item", "item", true},
        {"item", "items", false},
        {"item", "ite", false},
        {"*", "", true},
        {"*", "anything", true},
        {"?", "", false},
        {"?", "a", true},
        {"?", "사", true},
        {"?", "ab", false},
        {"a*b*c", "a--b--c", true},
        {"a*b*c", "a--c--b", false},
        {"*ab", "aab", true},
        {"*a?", "xaxa", false},
        {"*a?", "xaxab", true},
        {"**", "x", true},
        {"\\*", "*", true},
        {"\\*", "x", false},
        {"a\\?", "a?", true},
        {"\\\\", "\\", true},
        {"*_log", "chat_log", true},
        {"", "", true},
        {"", "a", false},
        {"사*", "사용자", true},
        {"사?자", "사용자", true},
    };
    for (auto const& each : cases) {
        EXPECT_EQ(glob_matches(each.pattern, each.name), each.expected)
            << each.pattern << " on " << each.name;
    }
}

TEST(Glob, ManyStarsAreQuick) {
    std::string const name(2'000, 'a');
    EXPECT_FALSE(glob_matches("*a*a*a*a*a*a*a*a*a*a*b", name));
}

TEST(TablePattern, MatchesSchemaAndTable) {
    EXPECT_TRUE(matches(parse_table_pattern("public.chat_*"), "public", "chat_user"));
    EXPECT_FALSE(matches(parse_table_pattern("public.chat_*"), "other", "chat_user"));
    EXPECT_TRUE(matches(parse_table_pattern("\"Weird*\""), "public", "Weird*"));
    EXPECT_FALSE(matches(parse_table_pattern("\"Weird*\""), "public", "Weirder"));
}

} // namespace
} // namespace tandem::engine
