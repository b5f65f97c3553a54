// The schema blocks of exact records: each type's, and fields that a row does not have.
#include "codecs/event/exact_schema.hpp"

#include "codecs/event/records.hpp"
#include "tests/support/pgoutput_builder.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tandem::event {
namespace {

pgoutput::relation_shape shape_of(std::vector<pgoutput::column_shape> columns,
                                  char identity = 'd') {
    pgoutput::relation_shape shape;
    shape.schema = "public";
    shape.name = "t";
    shape.replica_identity = identity;
    shape.columns = std::move(columns);
    return shape;
}

using wire::null;
using wire::text;
using wire::unchanged;

std::string field(std::string const& type, std::string const& name, bool optional = true) {
    return R"({"type":")" + type + R"(","optional":)" + (optional ? "true" : "false") +
           R"(,"field":")" + name + R"("})";
}

TEST(ExactSchema, NamesEachTypeAndWhatIsNeverNull) {
    auto const shape = shape_of({{"id", oid{20}, -1, true},
                                 {"small", oid{21}, -1, false},
                                 {"whole", oid{23}, -1, false},
                                 {"number", oid{26}, -1, false},
                                 {"flag", oid{16}, -1, false},
                                 {"single", oid{700}, -1, false},
                                 {"real", oid{701}, -1, false},
                                 {"amount", oid{1700}, -1, false},
                                 {"at", oid{1184}, -1, false},
                                 {"list", oid{1007}, -1, false},
                                 {"of \"mine\"", oid{50'000}, -1, false}});
    auto const made = exact_schemas(shape, {}, "p.a.public.t");
    EXPECT_EQ(made.key, R"({"schema":{"type":"struct","fields":[)" + field("int64", "id", false) +
                            R"(],"optional":false,"name":"p.a.public.t.Key"})");
    std::string const fields = field("int64", "id", false) + ',' + field("int16", "small") + ',' +
                               field("int32", "whole") + ',' + field("int64", "number") + ',' +
                               field("boolean", "flag") + ',' + field("float", "single") + ',' +
                               field("double", "real") + ',' + field("string", "amount") + ',' +
                               field("string", "at") + ',' + field("string", "list") + ',' +
                               field("string", R"(of \"mine\")");
    std::string const row = R"({"type":"struct","fields":[)" + fields +
                            R"(],"optional":true,"name":"p.a.public.t.Value","field":)";
    EXPECT_TRUE(made.value.starts_with(R"({"schema":{"type":"struct","fields":[)" + row +
                                       R"("before"},)" + row + R"("after"},{"type":"struct")"))
        << made.value;
    EXPECT_TRUE(made.value.ends_with(
        R"("field":"ts_ns"}],"optional":false,"name":"p.a.public.t.Envelope","version":2})"))
        << made.value;
    ASSERT_EQ(made.after.size(), shape.columns.size());
    EXPECT_EQ(made.value.substr(made.after[1].at, made.after[1].size), field("int16", "small"));
}

TEST(ExactSchema, AKeyOfAllColumnsMayHaveNulls) {
    auto const shape = shape_of({{"a", oid{25}, -1, true}, {"b", oid{25}, -1, true}}, 'f');
    EXPECT_NE(
        exact_schemas(shape, {}, "t").key.find(field("string", "a") + ',' + field("string", "b")),
        std::string::npos);
    EXPECT_NE(exact_schemas(shape, {"b"}, "t").key.find('[' + field("string", "b", false) + ']'),
              std::string::npos);
}

TEST(ExactSchema, WhatAnUpdateDidNotSendIsNotInTheSchema) {
    auto const shape = shape_of({{"id", oid{23}, -1, true},
                                 {"big", oid{25}, -1, false},
                                 {"v", oid{25}, -1, false},
                                 {"last", oid{25}, -1, false}});
    relation_events const events{shape, exact_plan(shape), exact_schemas(shape, {}, "t")};
    event_source const source{"0.1.0", "t", "db", value_form::exact};
    transaction_part const transaction{source, xid{7}, pg_time{5'000'000}, lsn{0x100}};
    auto const fields_of = [&](wire::columns const& columns) {
        auto const bytes = wire::tuple(columns);
        arena into;
        relation_events::change what;
        what.op = operation::update;
        what.new_row = {static_cast<std::uint16_t>(columns.size()),
                        std::string_view{bytes}.substr(2)};
        auto const made = events.value(what, transaction, event_time{1}, into);
        EXPECT_TRUE(made);
        std::string_view const value = *made;
        constexpr std::string_view between = R"("field":"before"},{"type":"struct","fields":[)";
        auto const begun = value.find(between) + between.size();
        return std::string{value.substr(begun, value.find(']', begun) - begun)};
    };
    auto const id = field("int32", "id", false);
    auto const big = field("string", "big");
    auto const last = field("string", "last");
    auto const v = field("string", "v");
    EXPECT_EQ(fields_of({text("1"), text("b"), text("v"), null()}),
              id + ',' + big + ',' + v + ',' + last);
    EXPECT_EQ(fields_of({text("1"), unchanged(), text("v"), null()}), id + ',' + v + ',' + last);
    EXPECT_EQ(fields_of({unchanged(), unchanged(), text("v"), unchanged()}), v);
    EXPECT_EQ(fields_of({text("1"), unchanged(), unchanged(), unchanged()}), id);
}

TEST(ExactSchema, WhatAFullOldRowHasIsSent) {
    auto const shape = shape_of({{"id", oid{23}, -1, true}, {"big", oid{25}, -1, true}}, 'f');
    event_source const source{"0.1.0", "t", "db", value_form::exact};
    transaction_part const transaction{source, xid{7}, pg_time{5'000'000}, lsn{0x100}};
    auto const before = wire::tuple({text("1"), text("long")});
    auto const after = wire::tuple({text("1"), unchanged()});
    relation_events::change what;
    what.op = operation::update;
    what.old_row = {2, std::string_view{before}.substr(2)};
    what.old_is_key = false;
    what.new_row = {2, std::string_view{after}.substr(2)};
    auto const value_of = [&](relation_events const& events, relation_events::change const& of) {
        arena into;
        auto const records = records_of(events, of, transaction, event_time{1}, {}, into);
        return std::string{*records->all().front().value};
    };
    relation_events const with{shape, exact_plan(shape, {"id"}), exact_schemas(shape, {"id"}, "t")};
    auto const filled = value_of(with, what);
    EXPECT_NE(filled.find(R"("after":{"id":1,"big":"long"})"), std::string::npos) << filled;
    EXPECT_NE(filled.find(field("string", "big") +
                          R"(],"optional":true,"name":"t.Value","field":"after"})"),
              std::string::npos);
    relation_events const without{shape, exact_plan(shape, {"id"})};
    EXPECT_NE(value_of(without, what).find(R"("after":{"id":1})"), std::string::npos)
        << "tandem's reader has the old row as well";
}

} // namespace
} // namespace tandem::event
