// Values in Debezium's modes. Expected forms were written by Debezium 3.0.8 (tests/interop compares all of them
// live); here are those that decide about a branch.
#include "codecs/event/connect_schema.hpp"
#include "codecs/event/row_plan.hpp"
#include "tests/support/exact_buffer.hpp"
#include "tests/support/pgoutput_builder.hpp"
#include "tests/support/row_writers.hpp"

#include <gtest/gtest.h>

namespace tandem::event {
namespace {

type_table user_types() {
    type_table types;
    types.add(oid{20'000}, {type_facts::sort::enumeration, "mood", {}, -1, {"sad", "ok", "a,b"}});
    types.add(oid{20'001}, {type_facts::sort::domain, "positive", oid{23}, -1, {}});
    types.add(oid{20'002},
              {type_facts::sort::domain, "price", oid{1700}, ((10 << 16) | 2) + 4, {}});
    types.add(oid{20'003}, {type_facts::sort::base, "hstore", {}, -1, {}});
    types.add(oid{20'004}, {type_facts::sort::array, "_mood", oid{20'000}, -1, {}});
    types.add(oid{20'005}, {type_facts::sort::array, "_positive", oid{20'001}, -1, {}});
    types.add(oid{20'006}, {type_facts::sort::base, "ltree", {}, -1, {}});
    types.add(oid{20'007}, {type_facts::sort::domain, "list", oid{1007}, -1, {}});
    return types;
}

pgoutput::relation_shape shape_of(std::uint32_t type, std::int32_t modifier) {
    return {
        oid{1}, "public", "t", 'd', {{"id", oid{23}, -1, true}, {"v", oid{type}, modifier, false}}};
}

// The row's JSON, with exactly the room that is asked for.
std::string written(row_plan const& plan, wire::column const& value) {
    wire::exact_buffer const message{wire::insert(1, {wire::text("1"), value})};
    auto const row = std::get<pgoutput::insert>(*pgoutput::decode(message.view())).new_row;
    auto const all = written_by_all(plan, row);
    EXPECT_TRUE(all_the_same(all)) << all.back().text;
    return all.front().text == "column 1" ? "refused" : all.front().text;
}

struct value_case {
    char const* name;
    std::uint32_t type;
    std::string text;
    std::string json; // of v; refused; empty: the column is left out
    std::int32_t modifier = -1;
    value_options options = {};
};

void PrintTo(value_case const& each, std::ostream* out) {
    *out << each.name;
}

class Value : public testing::TestWithParam<value_case> {};

TEST_P(Value, IsWritten) {
    auto const& [name, type, text, json, modifier, options] = GetParam();
    row_plan const plan = debezium_plan(shape_of(type, modifier), user_types(), options);
    std::string const expected = json == "refused" ? json
                                 : json.empty()    ? R"({"id":1})"
                                                   : R"({"id":1,"v":)" + json + "}";
    EXPECT_EQ(written(plan, wire::text(text)), expected);
}

value_options with(decimal_mode decimals) {
    value_options made;
    made.decimals = decimals;
    return made;
}
value_options with(time_mode times) {
    value_options made;
    made.times = times;
    return made;
}
value_options with(binary_mode binaries) {
    value_options made;
    made.binaries = binaries;
    return made;
}
value_options strings() {
    value_options made;
    made.intervals = interval_mode::string;
    made.hstores = hstore_mode::map;
    return made;
}

constexpr std::int32_t numeric_10_2 = ((10 << 16) | 2) + 4;

INSTANTIATE_TEST_SUITE_P(
    DebeziumValue, Value,
    testing::ValuesIn(std::vector<value_case>{
        {"boolean", 16, "t", "true"},
        {"bigint", 20, "-9223372036854775808", "-9223372036854775808"},
        {"oid", 26, "4294967295", "4294967295"},
        {"double_nan", 701, "NaN", R"("NaN")"},
        {"numeric_own_scale", 1700, "99999999.99", R"("AlQL4/8=")", numeric_10_2},
        {"numeric_negative", 1700, "-0.01", R"("/w==")", numeric_10_2},
        {"numeric_free", 1700, "1.5000", R"({"scale":1,"value":"Dw=="})"},
        {"numeric_free_zero", 1700, "0.000", R"({"scale":0,"value":"AA=="})"},
        {"numeric_nan_precise", 1700, "NaN", "refused"},
        {"numeric_string", 1700, "1.5000", R"("1.5000")", -1, with(decimal_mode::string)},
        {"numeric_string_nan", 1700, "NaN", R"("NAN")", -1, with(decimal_mode::string)},
        {"numeric_string_infinite", 1700, "-Infinity", R"("NEGATIVE_INFINITY")", -1,
         with(decimal_mode::string)},
        {"numeric_double", 1700, "1.10", "1.1", -1, with(decimal_mode::double_)},
        {"numeric_double_beyond", 1700, "-1" + std::string(400, '0'), R"("-Infinity")", -1,
         with(decimal_mode::double_)},
        {"numeric_double_tiny", 1700, "0." + std::string(400, '0') + "1", "0.0", -1,
         with(decimal_mode::double_)},
        {"numeric_double_exponent_beyond", 1700, "1E400", "refused", -1,
         with(decimal_mode::double_)},
        {"numeric_double_exponent", 1700, "1E20", "1e+20", -1, with(decimal_mode::double_)},
        {"numeric_double_nan_in_other_letters", 1700, "nan", "refused", -1,
         with(decimal_mode::double_)},
        {"numeric_double_nothing", 1700, "", "refused", -1, with(decimal_mode::double_)},
        {"numeric_double_no_number", 1700, "1.x", "refused", -1, with(decimal_mode::double_)},
        {"money", 790, "-$92,233,720,368,547,758.08", R"("gAAAAAAAAAA=")"},
        {"money_string", 790, "$1,234.50", R"("1234.50")", -1, with(decimal_mode::string)},
        {"money_double", 790, "-$1.50", "-1.50", -1, with(decimal_mode::double_)},
        {"bytea", 17, "\\x00", R"("AA==")"},
        {"bytea_url", 17, "\\xfbff", R"("-_8=")", -1, with(binary_mode::base64_url_safe)},
        {"bytea_hex", 17, "\\x00ff", R"("00ff")", -1, with(binary_mode::hex)},
        {"bytea_none", 17, "\\x0", "refused"},
        {"bit_1", 1560, "1", "true", 1},
        {"bit_11", 1560, "10110111010", R"("ugU=")", 11},
        {"varbit", 1562, "1011", R"("Cw==")"},
        {"date", 1082, "0001-12-31 BC", "-719163"},
        {"date_infinite", 1082, "infinity", "2147483647"},
        {"date_none", 1082, "yesterday", "refused"},
        {"time", 1083, "24:00:00", "86400000000"},
        {"time_2", 1083, "12:34:56.78", "45296780", 2},
        {"time_2_micros", 1083, "12:34:56.78", "45296780000", 2,
         with(time_mode::adaptive_time_microseconds)},
        {"time_connect", 1083, "23:59:59.999999", "86399999", -1, with(time_mode::connect)},
        {"time_2_microseconds", 1083, "12:34:56.78", "45296780000", 2,
         with(time_mode::microseconds)},
        {"time_nanoseconds", 1083, "24:00:00", "86400000000000", -1, with(time_mode::nanoseconds)},
        {"time_iso", 1083, "10:30:45.120", R"("10:30:45.12Z")", -1, with(time_mode::isostring)},
        {"time_iso_whole", 1083, "10:30:45", R"("10:30:45Z")", -1, with(time_mode::isostring)},
        {"date_microseconds", 1082, "2005-05-12", "12915", -1, with(time_mode::microseconds)},
        {"date_nanoseconds", 1082, "2005-05-12", "12915", -1, with(time_mode::nanoseconds)},
        {"date_iso", 1082, "2005-05-12", R"("2005-05-12Z")", -1, with(time_mode::isostring)},
        {"date_iso_bc", 1082, "0044-03-15 BC", R"("-0043-03-15Z")", -1, with(time_mode::isostring)},
        {"date_iso_infinite", 1082, "-infinity", R"("-infinity")", -1, with(time_mode::isostring)},
        {"date_iso_none", 1082, "today", "refused", -1, with(time_mode::isostring)},
        {"timestamp_3_microseconds", 1114, "2005-06-07 08:09:10.123", "1118131750123000", 3,
         with(time_mode::microseconds)},
        {"timestamp_nanoseconds", 1114, "2005-06-07 08:09:10.123456", "1118131750123456000", -1,
         with(time_mode::nanoseconds)},
        {"timestamp_nanoseconds_last", 1114, "2262-04-11 23:47:16.854775", "9223372036854775000",
         -1, with(time_mode::nanoseconds)},
        {"timestamp_nanoseconds_beyond", 1114, "2262-04-11 23:47:16.854776", "refused", -1,
         with(time_mode::nanoseconds)},
        {"timestamp_nanoseconds_infinite", 1114, "infinity", "9223372036854775807", -1,
         with(time_mode::nanoseconds)},
        {"timestamp_nanoseconds_minus_infinite", 1114, "-infinity", "-9223372036854775808", -1,
         with(time_mode::nanoseconds)},
        {"timestamp_iso", 1114, "2011-01-11 16:40:30.120", R"("2011-01-11T16:40:30.12Z")", -1,
         with(time_mode::isostring)},
        {"timestamp_iso_late", 1114, "294276-12-31 23:59:59.999999",
         R"("+294276-12-31T23:59:59.999999Z")", -1, with(time_mode::isostring)},
        {"timestamp_iso_infinite", 1114, "infinity", R"("infinity")", -1,
         with(time_mode::isostring)},
        {"timestamptz_iso", 1184, "2005-06-07 08:09:10+09", R"("2005-06-06T23:09:10.000000Z")", -1,
         with(time_mode::isostring)},
        {"timetz", 1266, "01:02:03.000001+09", R"("16:02:03.000001Z")"},
        {"timetz_half", 1266, "12:00:00+05:30", R"("06:30:00Z")"},
        {"timestamp", 1114, "4714-11-24 00:00:00 BC", "-210866803200000000"},
        {"timestamp_infinite", 1114, "infinity", "9223372036825200000"},
        {"timestamp_minus_infinite", 1114, "-infinity", "-9223372036832400000"},
        {"timestamp_beyond", 1114, "294276-12-31 23:59:59.999999", "refused"},
        {"timestamp_3", 1114, "2005-06-07 08:09:10.123", "1118131750123", 3},
        {"timestamp_connect", 1114, "1969-12-31 23:59:59.9999", "-1", -1, with(time_mode::connect)},
        {"timestamptz", 1184, "2005-06-07 08:09:10+09", R"("2005-06-06T23:09:10.000000Z")"},
        {"timestamptz_bc", 1184, "0044-03-15 12:00:00+00 BC", R"("-0043-03-15T12:00:00.000000Z")"},
        {"timestamptz_1_bc", 1184, "0001-03-15 12:00:00+00 BC", R"("0000-03-15T12:00:00.000000Z")"},
        {"timestamptz_late", 1184, "294276-12-31 23:59:59.999999+00",
         R"("+294276-12-31T23:59:59.999999Z")"},
        {"timestamptz_infinite", 1184, "-infinity", R"("-infinity")"},
        {"interval", 1186, "10 mons 3 days -04:05:06.789", "26542493211000"},
        {"interval_beyond", 1186, "178000000 years", "9223372036854775807"},
        {"interval_before", 1186, "-178000000 years", "-9223372036854775808"},
        {"interval_string", 1186, "1 year 2 mons 3 days 04:05:06.78", R"("P1Y2M3DT4H5M6.78S")", -1,
         strings()},
        {"interval_string_zero", 1186, "00:00:00", R"("P0Y0M0DT0H0M0S")", -1, strings()},
        {"interval_string_negative", 1186, "1 day -00:00:01", R"("P0Y0M1DT0H0M-1S")", -1,
         strings()},
        {"jsonb", 3802, R"({"a": 1})", R"("{\"a\": 1}")"},
        {"tsvector", 3614, "'a':1", R"("'a':1")"},
        {"point", 600, "(0.1,-2.5)",
         R"({"x":0.1,"y":-2.5,"wkb":"AQEAAACamZmZmZm5PwAAAAAAAATA","srid":null})"},
        {"point_none", 600, "(0.1)", "refused"},
        {"enumeration", 20'000, "a,b", R"("a,b")"},
        {"domain", 20'001, "7", "7"},
        {"domain_with_a_scale", 20'002, "1.10", R"("bg==")"},
        {"hstore", 20'003, R"("a"=>NULL, "b\""=>"1")", R"("{\"a\":null,\"b\\\"\":\"1\"}")"},
        {"hstore_map", 20'003, R"("a"=>NULL, "b"=>"1")", R"({"a":null,"b":"1"})", -1, strings()},
        {"hstore_empty", 20'003, "", R"("{}")"},
        {"ltree", 20'006, "a.b", R"("a.b")"},
        {"integers", 1007, "[2:4]={1,NULL,3}", "[1,null,3]"},
        {"integers_of_integers", 1007, "{{1}}", "refused"},
        {"no_array", 1007, "{1", "refused"},
        {"booleans", 1000, "{t,f,NULL}", "[true,false,null]"},
        {"doubles", 1022, "{NaN,0.1}", R"(["NaN",0.1])"},
        {"numerics", 1231, "{1.5,2}", R"([{"scale":1,"value":"Dw=="},{"scale":0,"value":"Ag=="}])"},
        {"texts", 1009, R"({"a,b",NULL,"\"",x})", R"(["a,b",null,"\"","x"])"},
        {"byteas", 1001, R"({"\\x00",NULL})", R"(["AA==",null])"},
        {"enumerations", 20'004, R"({ok,"a,b"})", R"(["ok","a,b"])"},
        {"domain_of_an_array", 20'007, "{1}", "[1]"},
        {"array_of_a_domain", 20'005, "{1}", ""},
        {"intervals", 1187, "{00:00:00}", ""},
        {"points", 1017, "{\"(0,0)\"}", ""},
        {"composite", 30'000, "(1,a)", ""},
        {"int2vector", 22, "1 2", ""},
    }),
    [](auto const& each) { return std::string{each.param.name}; });

TEST(DebeziumValues, NullsAndWhatWasNotSent) {
    row_plan const plan = debezium_plan(shape_of(1184, -1), user_types(), {});
    EXPECT_EQ(written(plan, wire::null()), R"({"id":1,"v":null})");
    EXPECT_EQ(written(plan, wire::unchanged()), R"({"id":1,"v":"__debezium_unavailable_value"})");
    value_options options;
    options.unavailable = "x\"y";
    EXPECT_EQ(written(debezium_plan(shape_of(25, -1), user_types(), options), wire::unchanged()),
              R"({"id":1,"v":"x\"y"})");
}

TEST(DebeziumValues, WhatWasNotSentHasTheFormOfItsType) {
    auto const unsent = [](std::uint32_t type, value_options options = {}) {
        options.unavailable = "a\"é";
        auto const row =
            written(debezium_plan(shape_of(type, -1), user_types(), options), wire::unchanged());
        return row.substr(12, row.size() - 13); // of {"id":1,"v":...}
    };
    EXPECT_EQ(unsent(25), R"("a\"é")");
    EXPECT_EQ(unsent(3802), R"("a\"é")");
    EXPECT_EQ(unsent(17), R"("YSLDqQ==")");
    EXPECT_EQ(unsent(17, with(binary_mode::base64_url_safe)), R"("YSLDqQ==")");
    EXPECT_EQ(unsent(17, with(binary_mode::hex)), R"("a\"é")");
    EXPECT_EQ(unsent(1001), R"(["YSLDqQ=="])");
    EXPECT_EQ(unsent(1001, with(binary_mode::hex)), R"(["a\"é"])");
    EXPECT_EQ(unsent(1009), R"(["a\"é"])");
    EXPECT_EQ(unsent(1014), R"(["a\"é"])");
    for (std::uint32_t const whole : {1005U, 1007U, 1016U, 1028U, 1182U, 1183U, 1115U, 20'007U}) {
        EXPECT_EQ(unsent(whole), "[97,34,-61,-87]") << whole;
    }
    EXPECT_EQ(unsent(1182, with(time_mode::isostring)), R"(["a\"é"])");
    EXPECT_EQ(unsent(2951), R"(["3d16eb3b-3b88-3f9b-a0d7-c2fb855fa18e"])");
    EXPECT_EQ(unsent(20'003), R"("{\"a\\\"é\":\"a\\\"é\"}")");
    value_options map;
    map.hstores = hstore_mode::map;
    EXPECT_EQ(unsent(20'003, map), R"({"a\"é":"a\"é"})");
}

TEST(DebeziumValues, WhatWasNotSentAndHasNoFormIsTextStill) {
    auto const unsent = [](std::uint32_t type, value_options options = {}) {
        auto const row =
            written(debezium_plan(shape_of(type, -1), user_types(), options), wire::unchanged());
        return row.substr(12, row.size() - 13); // of {"id":1,"v":...}
    };
    for (std::uint32_t const type : {1700U, 1560U, 1562U, 1000U, 1021U, 1022U, 1231U, 1561U}) {
        EXPECT_EQ(unsent(type), R"("__debezium_unavailable_value")") << type;
    }
    value_options text;
    text.decimals = decimal_mode::string;
    EXPECT_EQ(unsent(1231, text), R"(["__debezium_unavailable_value"])");
}

// The server writes all digits of a scale; other bytes may not.
TEST(DebeziumValues, NumbersOfFewerDigitsThanTheirScaleHaveRoom) {
    constexpr std::int32_t numeric_1000_1000 = ((1000 << 16) | 1000) + 4;
    auto const scalar = written(debezium_plan(shape_of(1700, numeric_1000_1000), user_types(), {}),
                                wire::text("1"));
    EXPECT_EQ(scalar.size(), 13 + 2 + 556U); // 10^1000 has 3,322 bits
    auto const list = written(debezium_plan(shape_of(1231, numeric_1000_1000), user_types(), {}),
                              wire::text("{1,2,3,4,5,6,7,8,9}"));
    EXPECT_EQ(list.size(), 13 + 2 + 8 + 9 * 558U);
}

TEST(DebeziumValues, LongArraysHaveRoom) {
    std::string text = "{";
    std::string json = "[";
    for (int index = 0; index < 10'000; ++index) {
        text += index == 0 ? "1" : ",1";
        json += index == 0 ? "" : ",";
        json += R"({"scale":0,"value":"AQ=="})";
    }
    row_plan const plan = debezium_plan(shape_of(1231, -1), user_types(), {});
    EXPECT_EQ(written(plan, wire::text(text + "}")), R"({"id":1,"v":)" + json + "]}");
}

TEST(ConnectSchema, KeyAndDefaults) {
    auto const shape = shape_of(1700, numeric_10_2);
    auto const types = user_types();
    value_options const options;
    std::vector<column_facts> const facts{{true, "7"}, {true, "1.5"}};
    schema_source const from{shape, types, options, facts, "p.public.t"};
    EXPECT_EQ(
        key_schema(from),
        R"({"schema":{"type":"struct","fields":[{"type":"int32","optional":false,"default":7,)"
        R"("field":"id"}],"optional":false,"name":"p.public.t.Key"})");
    EXPECT_NE(
        envelope_schema(from).find(
            R"({"type":"bytes","optional":false,"name":"org.apache.kafka.connect.data.Decimal","version":1,)"
            R"("parameters":{"scale":"2","connect.decimal.precision":"10"},"default":"AJY=","field":"v"})"),
        std::string::npos)
        << envelope_schema(from);
}

} // namespace
} // namespace tandem::event
