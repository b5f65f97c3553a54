#include "codecs/connect/json_reader.hpp"
#include "codecs/connect/json_writer.hpp"
#include "tests/support/padded_record.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {
namespace {

// What is written again of a record, or what is wrong with it.
std::string again(std::string_view record, json_options in = {}, json_form out = {},
                  json_reader* with = nullptr) {
    json_reader fresh{in};
    auto& reader = with != nullptr ? *with : fresh;
    json_writer writer{out};
    arena memory;
    wire::padded_record const bytes{record};
    auto const read = reader.read(bytes.view(), memory);
    if (!read) {
        return read.error().what;
    }
    std::string text;
    auto const written = writer.write(*read, text);
    return !written ? written.error().what : *written ? text : "nothing";
}

std::string with_schema(std::string_view schema, std::string_view payload) {
    return std::string{R"({"schema":)"} + std::string{schema} + R"(,"payload":)" +
           std::string{payload} + "}";
}

struct there_and_back {
    char const* name;
    std::string schema;
    std::string payload;
};

class ConnectJson : public testing::TestWithParam<there_and_back> {};

TEST_P(ConnectJson, IsWrittenAsItWasRead) {
    auto const record = with_schema(GetParam().schema, GetParam().payload);
    EXPECT_EQ(again(record), record);
}

INSTANTIATE_TEST_SUITE_P(
    All, ConnectJson,
    testing::ValuesIn(std::vector<there_and_back>{
        {"int8", R"({"type":"int8","optional":false})", "-128"},
        {"int64", R"({"type":"int64","optional":false})", "-9223372036854775808"},
        {"float", R"({"type":"float","optional":false})", "1.5"},
        {"double", R"({"type":"double","optional":false})", "1.0E10"},
        {"not_a_number", R"({"type":"double","optional":false})", R"("NaN")"},
        {"minus_infinity", R"({"type":"float","optional":false})", R"("-Infinity")"},
        {"boolean", R"({"type":"boolean","optional":false})", "false"},
        {"string", R"({"type":"string","optional":false})", R"("a\"\\\n황")"},
        {"bytes", R"({"type":"bytes","optional":false})", R"("AP8=")"},
        {"null", R"({"type":"int32","optional":true})", "null"},
        {"array", R"({"type":"array","items":{"type":"int16","optional":true},"optional":false})",
         "[1,null,3]"},
        {"empty_array",
         R"({"type":"array","items":{"type":"string","optional":true},"optional":false})", "[]"},
        {"map",
         R"({"type":"map","keys":{"type":"string","optional":false},"values":{"type":"int32","optional":false},"optional":false})",
         R"({"a":1,"b":2})"},
        {"map_of_numbers",
         R"({"type":"map","keys":{"type":"int32","optional":false},"values":{"type":"boolean","optional":false},"optional":false})",
         "[[1,true],[2,false]]"},
        {"decimal",
         R"({"type":"bytes","optional":false,"name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"2"}})",
         R"("AIA=")"},
        {"date",
         R"({"type":"int32","optional":false,"name":"org.apache.kafka.connect.data.Date","version":1})",
         "-150000"},
        {"time",
         R"({"type":"int32","optional":false,"name":"org.apache.kafka.connect.data.Time","version":1})",
         "86400000"},
        {"timestamp",
         R"({"type":"int64","optional":false,"name":"org.apache.kafka.connect.data.Timestamp","version":1})",
         "-1"},
        {"structure",
         R"({"type":"struct","fields":[{"type":"int32","optional":false,"default":7,"field":"id"},{"type":"struct","fields":[{"type":"string","optional":true,"doc":"d","field":"x"}],"optional":true,"field":"in"}],"optional":false,"name":"n","version":3})",
         R"({"id":1,"in":{"x":null}})"},
    }),
    [](auto const& made) { return made.param.name; });

TEST(ConnectJson, HasNoSchemaWithoutBlocks) {
    std::string const record = R"({"a":[1,2.5,null,true,"x",{}],"b":{"c":"d"}})";
    EXPECT_EQ(again(record, {false}, {false}), record);
    EXPECT_EQ(again("17", {false}, {true}), R"({"schema":null,"payload":17})");
}

TEST(ConnectJson, NothingIsANull) {
    EXPECT_EQ(again(""), "nothing");
    EXPECT_EQ(again("null", {false}, {false}), "nothing");
    EXPECT_EQ(again(R"({"schema":null,"payload":null})"), "nothing");
}

TEST(ConnectJson, TheOrderOfTheEnvelopeIsFree) {
    EXPECT_EQ(again(R"({"payload":1,"schema":{"type":"int8"}})"),
              R"({"schema":{"type":"int8","optional":false},"payload":1})");
}

// A schema block that was read before is passed over: what comes of a record must not depend on that.
TEST(ConnectJson, WhatWasReadBeforeChangesNothing) {
    std::string const a =
        R"({"type":"struct","fields":[{"type":"int8","optional":true,"field":"a"}],"optional":true})";
    std::string const b = R"({"type":"string","optional":false})";
    std::vector<std::string> const records{
        with_schema(a, R"({"a":1})"),
        with_schema(a, "null"),
        with_schema(a, R"({"a":"x"})"),
        with_schema(a, R"({"a":1}})"),
        with_schema(a, R"({"a":1)"),
        with_schema(a, ""),
        with_schema(a, R"({"a":1},"more":2)"),
        with_schema(a, R"({"a":1},"payload":{"a":2})"),
        with_schema(a, R"({"a":1},"schema":null)"),
        with_schema(a, R"({"a":1},)"),
        with_schema(a, "{\"a\":\"\xff\"}"),
        with_schema(a, R"({"a":1})") + " ",
        with_schema(a, R"({"a":1} )"),
        with_schema(a, R"({"a":1})").substr(0, a.size() + 21),
        with_schema(b, R"("a\u0041")"),
        with_schema(b, R"("}")"),
        with_schema(b, R"("open)"),
        with_schema("null", R"({"a":1})"),
        R"({"payload":{"a":1},"schema":)" + a + "}",
        R"({ "schema":)" + a + R"(, "payload": {"a":7}})",
        "",
        "{",
        "17",
    };
    for (auto const& first : records) {
        for (auto const& second : records) {
            json_reader reader{{}};
            static_cast<void>(again(first, {}, {}, &reader));
            ASSERT_EQ(again(second, {}, {}, &reader), again(second)) << first << "\n" << second;
        }
    }
    json_reader reader{{}};
    for (int round = 0; round < 3; ++round) { // more of them than are kept
        for (int each = 0; each < 20; ++each) {
            auto const record = with_schema(R"({"type":"int8","optional":false,"name":"n)" +
                                                std::to_string(each) + R"("})",
                                            "5");
            ASSERT_EQ(again(record, {}, {}, &reader), record);
        }
    }
}

TEST(ConnectJson, ABlockThatWasReadIsKnown) {
    json_reader reader{{}};
    auto const record = with_schema(R"({"type":"int8","optional":false})", "1");
    EXPECT_FALSE(reader.knows_beginning(record));
    static_cast<void>(again(record, {}, {}, &reader));
    EXPECT_TRUE(reader.knows_beginning(record));
    EXPECT_TRUE(reader.knows_beginning(with_schema(R"({"type":"int8","optional":false})", "{")));
    EXPECT_FALSE(reader.knows_beginning(with_schema(R"({"type":"int8","optional":true})", "1")));
    EXPECT_FALSE(reader.knows_beginning(record.substr(0, record.size() - 3)));
}

TEST(ConnectJson, FieldsMayStandInAnyOrderAndBeMissing) {
    std::string const schema =
        R"({"type":"struct","fields":[{"type":"int8","optional":true,"field":"a"},{"type":"int8","optional":false,"default":9,"field":"b"}],"optional":false})";
    EXPECT_EQ(again(with_schema(schema, R"({"b":2,"a":1})")),
              with_schema(schema, R"({"a":1,"b":2})"));
    EXPECT_EQ(again(with_schema(schema, R"({"other":{"x":[1]}})")),
              with_schema(schema, R"({"a":null,"b":9})"));
}

TEST(ConnectJson, TheLastOfANameCounts) {
    EXPECT_EQ(again(R"({"a":1,"a":2})", {false}, {false}), R"({"a":2})");
}

TEST(ConnectJson, DefaultsStandForNullsOnlyWhereAsked) {
    std::string const record =
        with_schema(R"({"type":"int8","optional":true,"default":5})", "null");
    EXPECT_EQ(again(record), with_schema(R"({"type":"int8","optional":true,"default":5})", "5"));
    EXPECT_EQ(again(record, {true, false}, {true, decimal_format::base64, false}), record);
}

TEST(ConnectJson, DecimalsCanBeNumbers) {
    std::string const schema =
        R"({"type":"bytes","optional":false,"name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"2"}})";
    EXPECT_EQ(again(with_schema(schema, R"("AIA=")"), {}, {true, decimal_format::numeric}),
              with_schema(schema, "1.28"));
    EXPECT_EQ(again(with_schema(schema, "1.28")), with_schema(schema, R"("AIA=")"));
    EXPECT_EQ(again(with_schema(schema, "1.5")),
              "Decimal value has mismatching scale for given Decimal schema. Schema has scale 2, "
              "value has scale 1.");
}

struct bad_record {
    char const* name;
    std::string record;
    std::string what;
};

class BadConnectJson : public testing::TestWithParam<bad_record> {};

TEST_P(BadConnectJson, IsToldFromTheOthers) {
    EXPECT_EQ(again(GetParam().record), GetParam().what);
}

std::string const no_envelope =
    "JsonConverter with schemas.enable requires \"schema\" and \"payload\" fields and may not "
    "contain additional fields. If you are trying to deserialize plain JSON data, set "
    "schemas.enable=false in your converter configuration.";
std::string const not_json =
    "Converting byte[] to Kafka Connect data failed due to serialization error: ";

INSTANTIATE_TEST_SUITE_P(
    All, BadConnectJson,
    testing::ValuesIn(std::vector<bad_record>{
        {"plain", R"({"a":1})", no_envelope},
        {"no_object", "[1]", no_envelope},
        {"one_more_field", R"({"schema":null,"payload":1,"x":2})", no_envelope},
        {"no_payload", R"({"schema":null})", no_envelope},
        {"cut", R"({"schema":)", not_json + "the text is not JSON, or more than one value"},
        {"behind", R"({"schema":null,"payload":1} 2)", not_json + "the text is not JSON"},
        {"no_type", with_schema("{}", "1"), "Schema must contain 'type' field"},
        {"number_for_schema", with_schema("1", "1"), "Schema must contain 'type' field"},
        {"unknown_type", with_schema(R"({"type":"int128"})", "1"), "Unknown schema type: int128"},
        {"no_items", with_schema(R"({"type":"array"})", "[]"),
         "Array schema did not specify the element type"},
        {"no_fields", with_schema(R"({"type":"struct"})", "{}"),
         "Struct schema's \"fields\" argument is not an array."},
        {"unnamed_field", with_schema(R"({"type":"struct","fields":[{"type":"int8"}]})", "{}"),
         "Struct schema's field name not specified properly"},
        {"a_field_twice",
         with_schema(
             R"({"type":"struct","fields":[{"type":"int8","field":"a"},{"type":"int8","field":"a"}]})",
             "{}"),
         "Cannot create field because of field name duplication a"},
        {"required", with_schema(R"({"type":"int64"})", "null"),
         "Invalid null value for required INT64 field"},
        {"text_for_number", with_schema(R"({"type":"int64"})", R"("1")"),
         "Invalid type for INT64 field, found STRING"},
        {"number_for_text", with_schema(R"({"type":"string"})", "1"),
         "Invalid type for STRING field, found NUMBER"},
        {"beyond_its_type", with_schema(R"({"type":"int8"})", "128"),
         "the number 128 does not fit a field of type INT8"},
        {"a_fraction", with_schema(R"({"type":"int32"})", "1.5"),
         "the number 1.5 does not fit a field of type INT32"},
        {"bad_base64", with_schema(R"({"type":"bytes"})", R"("*")"), "Invalid bytes field"},
        {"time_of_the_next_day",
         with_schema(R"({"type":"int32","name":"org.apache.kafka.connect.data.Time"})", "86400001"),
         "Time values must use number of milliseconds greater than 0 and less than 86400000"},
        {"text_for_timestamp",
         with_schema(R"({"type":"int64","name":"org.apache.kafka.connect.data.Timestamp"})",
                     R"("x")"),
         "Invalid type for Timestamp, underlying representation should be integral but was STRING"},
        {"object_for_map_of_numbers",
         with_schema(R"({"type":"map","keys":{"type":"int8"},"values":{"type":"int8"}})", "{}"),
         "Maps with non-string fields should be encoded as JSON array of tuples, but found OBJECT"},
        {"list_for_structure", with_schema(R"({"type":"struct","fields":[]})", "[]"),
         "Structs should be encoded as JSON objects, but found ARRAY"},
    }),
    [](auto const& made) { return made.param.name; });

TEST(ConnectJson, DepthIsBounded) {
    std::string const deep = std::string(100, '[') + std::string(100, ']');
    EXPECT_EQ(again(deep, {false}, {false}), "the record is nested deeper than 64");
}

} // namespace
} // namespace tandem::connect
