#include "engine/connect/rest_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::connect {
namespace {

TEST(RestTarget, FindsWhatThereIs) {
    auto const found = find_target("GET", "/connectors/a%2Fb%20%C3%A4/tasks/12/status");
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->what, rest_call::get_task_status);
    EXPECT_EQ(found->name, "a/b ä");
    EXPECT_EQ(found->task, 12);
    EXPECT_EQ(find_target("GET", "/connectors/")->what, rest_call::list_connectors);
    EXPECT_EQ(find_target("GET", "/")->what, rest_call::root);
}

TEST(RestTarget, SaysWhichMethodsAndPathsThereAreNot) {
    struct named {
        char const* method;
        char const* path;
        int status;
    };
    for (auto const& one : {named{"GET", "/nothing", 404}, named{"GET", "/connectors//", 404},
                            named{"DELETE", "/", 405}, named{"PUT", "/connectors", 405},
                            named{"GET", "/connectors/a/pause", 405},
                            named{"GET", "/connectors/a/tasks/x/status", 404},
                            named{"POST", "/connectors/a/tasks/x/restart", 404},
                            named{"GET", "/connectors/a/b/c", 404}}) {
        auto const found = find_target(one.method, one.path);
        ASSERT_FALSE(found.has_value()) << one.path;
        EXPECT_EQ(found.error().status, one.status) << one.method << ' ' << one.path;
    }
}

TEST(RestTarget, PercentEncodingGoesBothWays) {
    EXPECT_EQ(percent_encoded("a/b ä%"), "a%2Fb%20%C3%A4%25");
    EXPECT_EQ(percent_decoded(percent_encoded("a/b ä%+")), "a/b ä%+");
    EXPECT_EQ(percent_decoded("100%"), "100%");
    EXPECT_EQ(percent_decoded("%zz"), "%zz");
}

TEST(RestBody, ValuesBecomeTextsAndNullsAreTold) {
    auto const read = parse_config(R"({"a":"x","b":5,"c":true,"d":null})");
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->values, (property_map{{"a", "x"}, {"b", "5"}, {"c", "true"}}));
    EXPECT_EQ(read->nulls, (string_list{"d"}));
}

TEST(RestBody, WhatIsNoneIsRefused) {
    for (auto const* body : {"", "{", "[]", "5", "null", R"({"a":{}})", R"({"a":[]})", "{} x"}) {
        auto const read = parse_config(body);
        ASSERT_FALSE(read.has_value()) << body;
        EXPECT_EQ(read.error().status, 500) << body;
    }
    EXPECT_FALSE(parse_config(std::string(100'000, '[')).has_value());
    EXPECT_FALSE(parse_create(R"({"name":"n","config":{},"more":1})").has_value());
    EXPECT_FALSE(parse_create(R"({"name":"n","config":{},"initial_state":"LATER"})").has_value());
    EXPECT_FALSE(parse_create(R"({"name":"n"})").has_value());
}

TEST(RestBody, AConnectorToBeMade) {
    auto const read = parse_create(R"({"name":" n ","config":{"a":1},"initial_state":"paused"})");
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->name, "n");
    EXPECT_EQ(read->config.values, (property_map{{"a", "1"}}));
    EXPECT_EQ(read->state, target_state::paused);
}

TEST(RestBody, Offsets) {
    auto const read = parse_offsets(
        R"({"offsets":[{"partition":{"server":"p"},"offset":{"lsn":5}},{"partition":{},"offset":null}]})");
    ASSERT_TRUE(read.has_value() && read->has_value());
    EXPECT_THAT(**read, testing::ElementsAre(connector_offset{R"({"server":"p"})", R"({"lsn":5})"},
                                             connector_offset{"{}", std::nullopt}));
    EXPECT_FALSE(parse_offsets("{}")->has_value());
    EXPECT_FALSE(parse_offsets(R"({"offsets":[]})")->has_value());
    EXPECT_FALSE(parse_offsets(R"({"offsets":5})").has_value());
}

TEST(RestBody, Levels) {
    EXPECT_EQ(*parse_level(R"({"level":"debug"})"), "DEBUG");
    EXPECT_EQ(parse_level("{}").error().status, 400);
    EXPECT_EQ(parse_level(R"({"level":"x"})").error().status, 404);
}

TEST(OffsetState, KeepsWhatConnectWrote) {
    offset_state known;
    EXPECT_TRUE(known.take(R"(["c",{"server":"p"}])", R"({"lsn":1})").has_value());
    EXPECT_TRUE(known.take(R"(["c",{"server":"p"}])", R"({"lsn":2})").has_value());
    EXPECT_THAT(known.of("c"),
                testing::ElementsAre(connector_offset{R"({"server":"p"})", R"({"lsn":2})"}));
    EXPECT_FALSE(known.take("no JSON", "{}").has_value());
    EXPECT_FALSE(known.take(R"(["c"])", "{}").has_value());
    EXPECT_FALSE(known.take(R"(["c",{}])", "[]").has_value());
    auto const record = offset_record("c", {R"({"server":"p"})", std::nullopt});
    EXPECT_EQ(record, (topic_record{R"(["c",{"server":"p"}])", std::nullopt}));
    EXPECT_TRUE(known.take(record.key, record.value).has_value());
    EXPECT_THAT(known.of("c"), testing::IsEmpty());
}

} // namespace
} // namespace tandem::connect
