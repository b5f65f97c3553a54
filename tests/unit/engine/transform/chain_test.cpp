#include "engine/transform/chain.hpp"

#include "engine/transform/field_path.hpp"
#include "engine/transform/java_regex.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tandem::connect {
namespace {

property_map const drop_chat{
    {"transforms", "drop"},
    {"transforms.drop.type", "org.apache.kafka.connect.transforms.Filter"},
    {"transforms.drop.predicate", "chat"},
    {"predicates", "chat"},
    {"predicates.chat.type", "org.apache.kafka.connect.transforms.predicates.TopicNameMatches"},
    {"predicates.chat.pattern", "chat.*"}};

property_map with(property_map made, std::string const& name, std::string text) {
    made[name] = std::move(text);
    return made;
}

bool passes(property_map const& by, std::string_view topic) {
    auto chain = transformation_chain::of(by);
    EXPECT_TRUE(chain);
    record of;
    of.topic = topic;
    arena memory;
    auto const passed = chain->apply(of, memory);
    EXPECT_TRUE(passed);
    return *passed;
}

std::string wrong(property_map const& by) {
    auto const made = transformation_chain::of(by);
    return made ? "nothing" : made.error().what;
}

TEST(Chain, APredicateChoosesRecords) {
    EXPECT_FALSE(passes(drop_chat, "chat.users"));
    EXPECT_TRUE(passes(drop_chat, "mail"));
}

TEST(Chain, APredicateCanBeNegated) {
    auto const negated = with(drop_chat, "transforms.drop.negate", "True");
    EXPECT_TRUE(passes(negated, "chat.users"));
    EXPECT_FALSE(passes(negated, "mail"));
}

TEST(Chain, WithoutTransformationsIsEmpty) {
    auto const made = transformation_chain::of({{"transforms", ""}});
    ASSERT_TRUE(made);
    EXPECT_TRUE(made->empty());
}

TEST(Chain, SaysWhatIsWrong) {
    EXPECT_EQ(wrong({{"transforms", "a"}}), "Missing required configuration \"transforms.a.type\" "
                                            "which has no default value.");
    EXPECT_EQ(
        wrong({{"transforms", "a"}, {"transforms.a.type", "no.Such"}}),
        "Invalid value no.Such for configuration transforms.a.type: Class no.Such could not be "
        "found.");
    EXPECT_EQ(wrong({{"transforms", "a"},
                     {"transforms.a.type", "org.apache.kafka.connect.transforms.MaskField$Value"}}),
              "Missing required configuration \"fields\" which has no default value.");
    EXPECT_EQ(
        wrong(with(drop_chat, "predicates.chat.pattern", "(")),
        "Invalid value ( for configuration pattern: Invalid regex: Unclosed group near index 1\n(");
}

TEST(Chain, KeepsTheRecordsHeadersInOrder) {
    auto chain = transformation_chain::of(
        {{"transforms", "one, two"},
         {"transforms.one.type", "org.apache.kafka.connect.transforms.InsertHeader"},
         {"transforms.one.header", "origin"},
         {"transforms.one.value.literal", "a"},
         {"transforms.two.type", "org.apache.kafka.connect.transforms.InsertHeader"},
         {"transforms.two.header", "number"},
         {"transforms.two.value.literal", "7"}});
    ASSERT_TRUE(chain);
    record of;
    arena memory;
    ASSERT_TRUE(*chain->apply(of, memory));
    ASSERT_EQ(of.headers.size(), 2U);
    EXPECT_EQ(of.headers[0].name, "origin");
    EXPECT_EQ(of.headers[0].what.what.text(), "a");
    EXPECT_EQ(of.headers[1].what.what.kind(), value_kind::int8);
}

TEST(Classes, AreFoundByTheirWholeNames) {
    EXPECT_EQ(transformation_classes().size(), 21U);
    EXPECT_EQ(predicate_classes().size(), 3U);
    EXPECT_EQ(find_transformation("org.apache.kafka.connect.transforms.MaskField"), nullptr);
    EXPECT_NE(find_transformation("org.apache.kafka.connect.transforms.MaskField$Key"), nullptr);
}

TEST(JavaRegex, MatchesWholeTexts) {
    auto const made = java_regex::of("a|ab");
    ASSERT_TRUE(made);
    EXPECT_TRUE(made->matches("ab"));
    EXPECT_FALSE(made->matches("abc"));
    EXPECT_TRUE(java_regex::of("CHAT", true)->matches("chat"));
}

TEST(JavaRegex, ReplacesTheFirstMatch) {
    auto const made = java_regex::of(R"((\w+)\.(?<last>\w+))");
    ASSERT_TRUE(made);
    EXPECT_EQ(*made->replace_first("a.b c.d", "$2-$1"), "b-a c.d");
    EXPECT_EQ(*made->replace_first("a.b", "${last}"), "b");
    EXPECT_EQ(*made->replace_first("a.b", R"(\$1)"), "$1");
    EXPECT_EQ(*made->replace_first("a.b", "$10"), "a0");
    EXPECT_EQ(*made->replace_first("none", "x"), "none");
    EXPECT_EQ(made->replace_first("a.b", "$3").error(),
              (problem{problem_kind::index_out_of_bounds, "No group 3"}));
    EXPECT_EQ(made->replace_first("a.b", "${no}").error().what, "No group with name {no}");
}

TEST(FieldPath, GoesDownWithTheSecondSyntax) {
    auto inner = std::make_shared<schema>();
    inner->fields = {{"a.b", plain_schema(schema_type::int8)}};
    auto outer = std::make_shared<schema>();
    outer->fields = {{"in", inner}, {"in.x", plain_schema(schema_type::string)}};
    EXPECT_EQ(*field_path::of("in.`a.b`", true)->field_of(outer), inner->fields[0].of);
    EXPECT_EQ(*field_path::of("in.x", false)->field_of(outer), outer->fields[1].of);
    EXPECT_EQ(*field_path::of("in.x", true)->field_of(outer), nullptr);
    EXPECT_EQ(
        field_path::of("`open", true).error().what,
        "Incomplete backtick pair in path: [`open], consider adding a backslash before backtick "
        "at position 0 to escape it");
}

} // namespace
} // namespace tandem::connect
