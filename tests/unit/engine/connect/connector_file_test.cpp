#include "engine/connect/connector_file.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tandem::connect {
namespace {

TEST(ConnectorFile, IsWhatAPostOrAPutHas) {
    auto const post = connectors_of_json(
        R"({"name": "a", "config": {"connector.class": "C", "tasks.max": 1, "on": true}})");
    ASSERT_EQ(post->size(), 1U);
    EXPECT_EQ(post->front().name, "a");
    EXPECT_EQ(post->front().config,
              (property_map{
                  {"connector.class", "C"}, {"name", "a"}, {"on", "true"}, {"tasks.max", "1"}}));
    auto const put = connectors_of_json(R"({"name": "b", "connector.class": "C"})");
    EXPECT_EQ(put->front().name, "b");
    auto const both = connectors_of_json(R"([{"name": "a", "config": {}}, {"name": "b"}])");
    ASSERT_EQ(both->size(), 2U);
    EXPECT_EQ(both->back().name, "b");
}

TEST(ConnectorFile, AnythingElseIsRefused) {
    EXPECT_EQ(connectors_of_json("{}").error().what, "a connector has no name");
    EXPECT_EQ(connectors_of_json("[7]").error().what,
              "a connector is an object: {\"name\": …, \"config\": {…}}");
    EXPECT_TRUE(connectors_of_json("{").error().what.starts_with("no JSON: "));
    EXPECT_TRUE(connectors_of_json(R"({"name": "a", "config": {"x": []}})").has_error());
    EXPECT_EQ(connectors_of_properties("a=b").error().what, "a connector has no name");
}

TEST(ConnectorFile, IsReadByWhatItIsCalled) {
    EXPECT_EQ(connectors_of_file("x.properties", "name=a")->front().name, "a");
    EXPECT_EQ(connectors_of_file("x.json", R"({"name": "a"})")->front().name, "a");
}

struct line_of {
    std::string text;
    property_map is;
};

// Each as java.util.Properties reads it.
TEST(Properties, AreThoseOfJava) {
    std::vector<line_of> const lines{
        {"a=b", {{"a", "b"}}},
        {"  a = b ", {{"a", "b "}}},
        {"a:b", {{"a", "b"}}},
        {"a b c", {{"a", "b c"}}},
        {"a", {{"a", ""}}},
        {"a==b", {{"a", "=b"}}},
        {"# a=b\n! c=d\n\n  \ne=f", {{"e", "f"}}},
        {"a=b\\\n   c", {{"a", "bc"}}},
        {"a=b\\\\\nc=d", {{"a", "b\\"}, {"c", "d"}}},
        {"a=b\\\n# c", {{"a", "b# c"}}},
        {"a\\=b=c", {{"a=b", "c"}}},
        {"a\\ b=c", {{"a b", "c"}}},
        {"a=\\t\\n\\q", {{"a", "\t\nq"}}},
        {"a=\\u00e4\\u20ac", {{"a", "ä€"}}},
        {"a=b\r\nc=d\re=f", {{"a", "b"}, {"c", "d"}, {"e", "f"}}},
        {"a=1\na=2", {{"a", "2"}}},
        {"a=b\\", {{"a", "b"}}},
        {"a\\", {{"a", ""}}},
        {"=b", {{"", "b"}}},
    };
    for (auto const& each : lines) {
        EXPECT_EQ(parse_properties(each.text), each.is) << each.text;
    }
}

} // namespace
} // namespace tandem::connect
