// What [ddl] of a file lets be carried out.
#include "engine/ddl/filter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::engine::ddl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

message told(std::string const& tag, shape before, shape after) {
    message made;
    made.tag = tag;
    made.changes.push_back({std::move(before), std::move(after)});
    return made;
}

shape table(std::string const& more = "") {
    return shape::parse(R"({"kind":"table","schema":"s","name":"t")" + more + "}");
}

TEST(DdlFilter, ACommandIsLeftOutByItsTag) {
    filter by;
    by.commands = {"DROP *"};
    auto dropped = told("DROP TABLE", table(), nullptr);
    EXPECT_THAT(leave_out(by, dropped), ElementsAre("table s.t"));
    EXPECT_THAT(dropped.changes, IsEmpty());
    auto altered = told("ALTER TABLE", table(), table(R"(,"unlogged":true)"));
    EXPECT_THAT(leave_out(by, altered), IsEmpty());
    EXPECT_EQ(altered.changes.size(), 1U);
}

TEST(DdlFilter, AKindOfObjectIsLeftOut) {
    filter by;
    by.kinds = {"function"};
    auto made = told("CREATE FUNCTION", nullptr,
                     shape::parse(R"({"kind":"function","schema":"s","name":"f","arguments":""})"));
    EXPECT_THAT(leave_out(by, made), ElementsAre("function s.f()"));
    EXPECT_THAT(made.changes, IsEmpty());
}

TEST(DdlFilter, ObjectsAreLeftOutByName) {
    filter by;
    by.objects = {{"audit", "*"}, {"s", "tmp_*"}};
    auto kept = told("CREATE TABLE", nullptr, table());
    EXPECT_THAT(leave_out(by, kept), IsEmpty());
    auto schema = told("CREATE SCHEMA", nullptr,
                       shape::parse(R"({"kind":"schema","schema":"audit","name":"audit"})"));
    EXPECT_THAT(leave_out(by, schema), ElementsAre("schema audit"));
    auto named = told("CREATE TABLE", nullptr,
                      shape::parse(R"({"kind":"table","schema":"s","name":"tmp_1"})"));
    EXPECT_THAT(leave_out(by, named), ElementsAre("table s.tmp_1"));
}

TEST(DdlFilter, PartsStayAsTheyWere) {
    filter by;
    by.kinds = {"trigger", "grant"};
    auto change = told(
        "ALTER TABLE", table(R"(,"triggers":[{"oid":1,"name":"old"}],"grants":[])"),
        table(
            R"(,"triggers":[{"oid":2,"name":"new"}],"grants":[["x","SELECT",false]],"unlogged":true)"));
    EXPECT_THAT(leave_out(by, change), ElementsAre("trigger of table s.t", "grant of table s.t"));
    EXPECT_EQ(change.changes.front().after,
              table(R"(,"triggers":[{"oid":1,"name":"old"}],"grants":[],"unlogged":true)"));
}

TEST(DdlFilter, APrimaryKeyIsCarriedThoughConstraintsAreNot) {
    filter by;
    by.kinds = {"constraint"};
    auto made = told(
        "CREATE TABLE", nullptr,
        table(
            R"(,"constraints":[{"oid":1,"name":"t_pkey","kind":"p"},{"oid":2,"name":"c","kind":"c"}])"));
    EXPECT_THAT(leave_out(by, made), ElementsAre("constraint of table s.t"));
    EXPECT_EQ(made.changes.front().after,
              table(R"(,"constraints":[{"oid":1,"name":"t_pkey","kind":"p"}])"));
}

TEST(DdlFilter, CommentsOfColumnsStayAsTheyWere) {
    filter by;
    by.kinds = {"comment"};
    auto change = told("COMMENT", table(R"(,"columns":[{"oid":1,"name":"a","comment":"was"}])"),
                       table(R"(,"columns":[{"oid":1,"name":"a","comment":"is"}],"comment":"x")"));
    EXPECT_THAT(leave_out(by, change), ElementsAre("comment of table s.t"));
    EXPECT_EQ(change.changes.front().after,
              table(R"(,"columns":[{"oid":1,"name":"a","comment":"was"}])"));
}

TEST(DdlFilter, WithoutOneNothingIsTouched) {
    auto change = told("DROP TABLE", table(), nullptr);
    EXPECT_THAT(leave_out({}, change), IsEmpty());
    EXPECT_EQ(change.changes.size(), 1U);
}

} // namespace
} // namespace tandem::engine::ddl
