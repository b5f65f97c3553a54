#include "codecs/event/decode.hpp"

#include "codecs/event/field_order.hpp"
#include "tests/support/event_said.hpp"
#include "tests/support/padded_record.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace tandem::event {
namespace {

using namespace std::string_literals;
using wire::padded_record;

// Everything a decoded event points into, together.
struct decoded {
    explicit decoded(std::string_view text, record_form form = {}) : record{text} {
        auto const read = decoder.value(record.view(), form, names, event, strings);
        error = read ? event_error{} : read.error();
    }

    // "id=1 v='x'": the values of a row by their names.
    [[nodiscard]] std::string shown(row_values const& row) const {
        std::string out;
        for (std::size_t index = 0; index < row.size(); ++index) {
            field_value const& value = row[index];
            if (value.kind == field_kind::absent) {
                continue;
            }
            out += (out.empty() ? "" : " ") + names[index] + '=';
            std::string const text{value.text};
            out += value.kind == field_kind::null     ? "null"
                   : value.kind == field_kind::string ? "'" + text + "'"
                                                      : text;
        }
        return out;
    }

    padded_record record;
    event_decoder decoder;
    field_names names;
    event_view event;
    arena strings;
    event_error error;
};

constexpr std::string_view create =
    R"({"before":null,"after":{"id":7,"v":"x"},"source":{"version":"0.1.0","connector":"postgresql",)"
    R"("name":"chat","ts_ms":1000,"snapshot":"false","db":"d","sequence":"[\"100\",\"200\"]","ts_us":1000001,)"
    R"("ts_ns":1000001000,"schema":"public","table":"item","txId":55,"lsn":200,"xmin":null,"origin":"tandem_b",)"
    R"("origin_lsn":74565},"transaction":null,"op":"c","ts_ms":1,"ts_us":2,"ts_ns":3})";

TEST(EventDecode, OurEnvelope) {
    decoded const read{create};
    ASSERT_EQ(read.error, event_error{}) << read.error.message();
    EXPECT_EQ(read.event.op, event_operation::create);
    EXPECT_FALSE(read.event.has_before);
    ASSERT_TRUE(read.event.has_after);
    EXPECT_EQ(read.shown(read.event.after), "id=7 v='x'");
    source_view const& source = read.event.source;
    EXPECT_EQ(source.version, "0.1.0");
    EXPECT_EQ(source.connector, "postgresql");
    EXPECT_EQ(source.name, "chat");
    EXPECT_EQ(source.snapshot, "false");
    EXPECT_EQ(source.database, "d");
    EXPECT_EQ(source.schema, "public");
    EXPECT_EQ(source.table, "item");
    EXPECT_EQ(source.origin, "tandem_b");
    EXPECT_EQ(source.time_us, 1'000'001);
    EXPECT_EQ(source.transaction, 55);
    EXPECT_EQ(source.position, lsn{200});
    EXPECT_EQ(source.origin_position, lsn{74'565});
}

TEST(EventDecode, ViewsPointIntoTheRecord) {
    decoded const read{create};
    std::string_view const text = read.event.after.at(1).text;
    EXPECT_GE(text.data(), read.record.view().data());
    EXPECT_LT(text.data(), read.record.view().data() + read.record.view().size());
    EXPECT_EQ(read.strings.capacity(), 0U)
        << "nothing had to be unescaped: the sequence is not read";
}

TEST(EventDecode, WithASchemaBlock) {
    std::string const wrapped =
        R"({"schema":{"type":"struct","fields":[{"a":[1,{}]}]},"payload":)" + std::string{create} +
        "}";
    decoded const read{wrapped, {true, true}};
    ASSERT_EQ(read.error, event_error{}) << read.error.message();
    EXPECT_EQ(read.shown(read.event.after), "id=7 v='x'");
}

// As JsonConverter writes a null, with the schema of the topic or none.
TEST(EventDecode, APayloadOfNullIsATombstone) {
    for (char const* const text :
         {R"({"schema":null,"payload":null})", R"({"schema":{},"payload":null})",
          R"({"schema":{"type":"struct","optional":true,"fields":[]},"payload":null})",
          R"({"payload":null,"schema":null})"}) {
        for (bool const in_envelope : {true, false}) {
            decoded const tombstone{text, {in_envelope, true}};
            ASSERT_EQ(tombstone.error, event_error{}) << tombstone.error.message() << text;
            EXPECT_EQ(tombstone.event.op, event_operation::none);
            EXPECT_FALSE(tombstone.event.has_after || tombstone.event.has_before);
        }
    }
}

TEST(EventDecode, PlainRows) {
    decoded const read{
        R"( {"id" : 1 , "op":"x" ,"on":true, "off" : false,"nothing":null,"list":[1, {"a":2}],"o":{}} )",
        {false, false}};
    ASSERT_EQ(read.error, event_error{}) << read.error.message();
    EXPECT_EQ(read.shown(read.event.after),
              R"(id=1 op='x' on=true off=false nothing=null list=[1, {"a":2}] o={})");
    EXPECT_EQ(read.event.after.at(5).kind, field_kind::nested);
}

// Kafka's JsonConverter writes one that has a schema so, and leaves the schema out.
TEST(EventDecode, APlainRowThatIsNullIsATombstone) {
    for (char const* const text : {"null", " null\n"}) {
        decoded const read{text, {false, false}};
        ASSERT_EQ(read.error, event_error{}) << read.error.message();
        EXPECT_EQ(read.event.op, event_operation::none);
        EXPECT_FALSE(read.event.has_after || read.event.has_before);
    }
    EXPECT_EQ((decoded{"null", {true, false}}.error), (event_error{event_errc::not_an_object, 0}));
    EXPECT_EQ((decoded{"nul", {false, false}}.error), (event_error{event_errc::not_an_object, 0}));
    EXPECT_EQ((decoded{"null null", {false, false}}.error), (event_error{event_errc::not_json, 5}));
}

TEST(EventDecode, FieldsInAnyOrderAndNewOnes) {
    event_decoder decoder;
    field_names names;
    event_view event;
    arena strings;
    std::vector<std::string> const texts{R"({"op":"u","after":{"b":1,"a":2},"before":{"a":1}})",
                                         R"({"after":{"a":3,"b":4,"c":5},"op":"u"})",
                                         R"({"before":{"c":1},"op":"d","after":null})",
                                         R"({"after":{"c":7},"op":"c"})"};
    std::vector<padded_record> records(texts.begin(), texts.end());
    auto const read = [&](std::size_t index) {
        auto const done = decoder.value(records[index].view(), {}, names, event, strings);
        EXPECT_TRUE(done) << done.error().message();
    };
    read(0);
    EXPECT_EQ(names.size(), 2U);
    EXPECT_EQ(event.before.at(names.number_of("a").value()).text, "1");
    read(1);
    EXPECT_EQ(event.after.at(names.number_of("a").value()).text, "3");
    EXPECT_EQ(event.after.at(names.number_of("b").value()).text, "4");
    EXPECT_EQ(event.after.at(names.number_of("c").value()).text, "5");
    EXPECT_FALSE(event.has_before);
    read(2);
    EXPECT_TRUE(event.has_before && !event.has_after);
    EXPECT_EQ(event.before.at(names.number_of("a").value()).kind, field_kind::absent);
    read(3);
    EXPECT_EQ(event.after.at(names.number_of("c").value()).text, "7");
    EXPECT_EQ(names.size(), 3U);
}

struct text_case {
    char const* name;
    std::string json;
    std::string text;
};

void PrintTo(text_case const& each, std::ostream* out) {
    *out << each.name;
}

class EventText : public testing::TestWithParam<text_case> {};

TEST_P(EventText, IsUnescaped) {
    decoded const read{"{\"v\":" + GetParam().json + "}", {false, false}};
    ASSERT_EQ(read.error, event_error{}) << read.error.message();
    EXPECT_EQ(read.event.after.at(0).kind, field_kind::string);
    EXPECT_EQ(read.event.after.at(0).text, GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(EventDecode, EventText,
                         testing::ValuesIn(std::vector<text_case>{
                             {"plain", R"("x")", "x"},
                             {"empty", R"("")", ""},
                             {"simple_escapes", R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t"},
                             {"code_points", R"("\u0041\u00e9\u00E9\uac00")",
                              "A\u00e9\u00e9\uac00"},
                             {"surrogate_pair", R"("\ud83d\ude00!")", "\U0001F600!"},
                             {"greatest_code_point", R"("\udbff\udfff")", "\U0010FFFF"},
                             {"noncharacters", R"("\ufffe\uffff")", "\ufffe\uffff"},
                             {"utf8_as_it_is", "\"안녕 \U0001F600\"", "안녕 \U0001F600"},
                             {"escape_at_the_end", R"("x\n")", "x\n"},
                             {"escaped_backslash_before_the_quote", R"("\\")", "\\"},
                             {"escaped_backslash_and_u", R"("\\u0000")", "\\u0000"},
                             {"control_01", R"("\u0001")", "\x01"},
                             {"delete", "\"\x7f\"", "\x7f"},
                         }),
                         [](auto const& each) { return std::string{each.param.name}; });

struct refused {
    char const* name;
    std::string text;
    event_error expected;
    record_form form = {false, false};
};

std::ostream& operator<<(std::ostream& out, refused const& shown) {
    return out << shown.name;
}

class EventRefused : public testing::TestWithParam<refused> {};

TEST_P(EventRefused, ByNameAndPlace) {
    decoded const read{GetParam().text, GetParam().form};
    EXPECT_EQ(read.error.message(), GetParam().expected.message());
}

constexpr record_form envelope{true, false};
constexpr record_form schema{true, true};
using errc = event_errc;

INSTANTIATE_TEST_SUITE_P(
    EventDecode, EventRefused,
    testing::ValuesIn(std::vector<refused>{
        {"nothing", "", {errc::not_json, 0}},
        {"space", "  ", {errc::not_json, 0}},
        {"a_number", "1", {errc::not_an_object, 0}},
        {"a_list", "[]", {errc::not_an_object, 0}},
        {"an_open_object", R"({"v":1)", {errc::not_json, 6}},
        {"an_open_string", R"({"v":"x)", {errc::not_json, 5}},
        {"no_colon", R"({"v" 1})", {errc::not_json, 5}},
        {"two_values", R"({"v":1}{"v":2})", {errc::not_json, 7}},
        {"text_behind", R"({"v":1} x)", {errc::not_json, 8}},
        {"wrong_literal", R"({"v":nul})", {errc::not_json, 5}},
        {"wrong_true", R"({"v":trux})", {errc::not_json, 5}},
        {"duplicate", R"({"v":1,"w":2,"v":3})", {errc::duplicate_field, 14}},
        {"duplicate_by_escape", R"({"v":1,"\u0076":3})", {errc::duplicate_field, 8}},
        {"bad_utf8", "{\"v\":\"\xff\"}", {errc::bad_utf8, 6}},
        {"overlong_utf8", "{\"v\":\"\xc0\xaf\"}", {errc::bad_utf8, 6}},
        {"surrogate_in_utf8", "{\"v\":\"\xed\xa0\x80\"}", {errc::bad_utf8, 6}},
        {"raw_control", "{\"v\":\"\x01\"}", {errc::not_json, 6}},
        {"raw_newline", "{\"v\":\"\n\"}", {errc::not_json, 6}},
        {"raw_zero", "{\"v\":\"\0\"}"s, {errc::not_json, 6}},
        {"zero_character", R"({"v":"a\u0000b"})", {errc::zero_character, 7}},
        {"unknown_escape", R"({"v":"\x41"})", {errc::bad_escape, 6}},
        {"escape_of_three_digits", R"({"v":"ab\u123"})", {errc::bad_escape, 8}},
        {"escape_of_no_digits", R"({"v":"\uzzzz"})", {errc::bad_escape, 6}},
        {"high_surrogate_alone", R"({"v":"\ud800"})", {errc::bad_escape, 6}},
        {"high_surrogate_and_text", R"({"v":"\ud800abcdef"})", {errc::bad_escape, 6}},
        {"high_surrogate_twice", R"({"v":"\ud800\ud800"})", {errc::bad_escape, 6}},
        {"low_surrogate_first", R"({"v":"x\udc00\ud800"})", {errc::bad_escape, 7}},
        {"number_with_a_zero_in_front", R"({"v":01})", {errc::bad_number, 5}},
        {"number_with_a_plus", R"({"v":+1})", {errc::bad_number, 5}},
        {"number_that_ends_in_a_point", R"({"v":1.})", {errc::bad_number, 5}},
        {"number_with_an_open_exponent", R"({"v":1e+})", {errc::bad_number, 5}},
        {"hexadecimal", R"({"v":0x10})", {errc::bad_number, 5}},
        {"minus_alone", R"({"v":-})", {errc::bad_number, 5}},
        {"nan", R"({"v":NaN})", {errc::bad_number, 5}},
        {"create_without_after", R"({"op":"c"})", {errc::missing_field, 0}, envelope},
        {"update_without_after",
         R"({"before":{"id":1},"after":null,"op":"u"})",
         {errc::missing_field, 0},
         envelope},
        {"delete_without_before", R"({"op":"d","after":null})", {errc::missing_field, 0}, envelope},
        {"delete_with_after",
         R"({"op":"d","before":{"id":1},"after":{"id":1}})",
         {errc::wrong_type, 0},
         envelope},
        {"truncate_with_a_row", R"({"op":"t","after":{"id":1}})", {errc::wrong_type, 0}, envelope},
        {"truncate_with_an_old_row",
         R"({"op":"t","before":{"id":1}})",
         {errc::wrong_type, 0},
         envelope},
        {"op_twice_once_escaped",
         R"({"op":"c","\u006fp":"d","after":{"id":1}})",
         {errc::duplicate_field, 11},
         envelope},
        {"name_with_a_bad_escape", R"({"\x":1,"op":"t"})", {errc::bad_escape, 2}, envelope},
        {"position_negative",
         R"({"source":{"lsn":-5},"op":"t"})",
         {errc::bad_number, 17},
         envelope},
        {"envelope_without_op", R"({"after":{"id":1}})", {errc::missing_field, 0}, envelope},
        {"op_of_two_letters", R"({"op":"cc"})", {errc::unknown_operation, 6}, envelope},
        {"op_unknown", R"({"op":"x"})", {errc::unknown_operation, 6}, envelope},
        {"op_a_number", R"({"op":1})", {errc::wrong_type, 6}, envelope},
        {"op_null", R"({"op":null})", {errc::unknown_operation, 6}, envelope},
        {"after_a_number", R"({"after":1,"op":"c"})", {errc::wrong_type, 9}, envelope},
        {"after_a_list", R"({"after":[1],"op":"c"})", {errc::wrong_type, 9}, envelope},
        {"source_a_string", R"({"source":"x","op":"c"})", {errc::wrong_type, 10}, envelope},
        {"lsn_a_string", R"({"source":{"lsn":"1"},"op":"c"})", {errc::wrong_type, 17}, envelope},
        {"lsn_beyond",
         R"({"source":{"lsn":99999999999999999999},"op":"c"})",
         {errc::bad_number, 17},
         envelope},
        {"lsn_a_fraction", R"({"source":{"lsn":1.5},"op":"c"})", {errc::bad_number, 17}, envelope},
        {"table_a_number", R"({"source":{"table":1},"op":"c"})", {errc::wrong_type, 19}, envelope},
        {"op_twice", R"({"op":"c","op":"d"})", {errc::duplicate_field, 11}, envelope},
        {"after_twice",
         R"({"after":{"a":1},"op":"c","after":null})",
         {errc::duplicate_field, 27},
         envelope},
        {"lsn_twice",
         R"({"source":{"lsn":1,"lsn":2},"op":"c"})",
         {errc::duplicate_field, 20},
         envelope},
        {"sequence_twice",
         R"({"source":{"sequence":"a","sequence":"b"},"op":"c"})",
         {errc::duplicate_field, 27},
         envelope},
        {"lsn_with_a_zero_in_front",
         R"({"source":{"lsn":01},"op":"c"})",
         {errc::wrong_type, 17},
         envelope},
        {"milliseconds_beyond",
         R"({"source":{"ts_ms":9223372036854775807},"op":"c"})",
         {errc::bad_number, 19},
         envelope},
        {"payload_twice",
         R"({"payload":{"op":"t"},"payload":null})",
         {errc::duplicate_field, 23},
         schema},
        // What is passed over must not swallow the fields behind it.
        {"name_instead_of_a_value", R"({"v":"x":1,"w":2}})", {errc::not_json, 8}},
        {"comma_instead_of_a_value", R"({"v":,"w":2}})", {errc::not_json, 5}},
        {"colon_instead_of_a_value",
         R"({"source":{"x"::,"lsn":1},"op":"c"}})",
         {errc::not_json, 15},
         envelope},
        {"nested_without_its_end", R"({"v":{"a","w":2})", {errc::not_json, 9}},
        {"nested_without_a_name", R"({"v":{{},"w":2})", {errc::not_json, 6}},
        {"nested_of_a_bare_value", R"({"v":{1,"w":2})", {errc::not_json, 6}},
        {"nested_list_closed_as_an_object", R"({"v":[1}})", {errc::not_json, 7}},
        {"nested_object_closed_as_a_list", R"({"v":{"a":1]})", {errc::not_json, 11}},
        {"nested_comma_at_the_end", R"({"v":[1,]})", {errc::not_json, 8}},
        {"nested_comma_first", R"({"v":[,1]})", {errc::not_json, 6}},
        {"nested_two_values", R"({"v":[1 2]})", {errc::not_json, 8}},
        {"nested_name_alone", R"({"v":{"a"}})", {errc::not_json, 9}},
        {"nested_name_of_a_number", R"({"v":{1:2}})", {errc::not_json, 6}},
        {"nested_two_colons", R"({"v":{"a"::1}})", {errc::not_json, 10}},
        {"nested_wrong_word", R"({"v":[nul]})", {errc::not_json, 6}},
        {"nested_wrong_number", R"({"v":[01]})", {errc::bad_number, 6}},
        {"nested_open", R"({"v":[1)", {errc::not_json, 7}},
        {"comma_at_the_end", R"({"v":1,})", {errc::not_json, 7}},
        {"comma_first", R"({,"v":1})", {errc::not_json, 1}},
        {"closed_as_a_list", R"({"v":1])", {errc::not_json, 6}},
        {"form_feed_as_space", "{\"v\":1\f}", {errc::not_json, 6}},
        {"zero_behind_the_text", "{\"v\":1}\0"s, {errc::not_json, 7}},
        {"wrong_word_passed_over",
         R"({"source":{"x":nul},"op":"c"})",
         {errc::not_json, 15},
         envelope},
        {"wrong_number_passed_over", R"({"op":"c","ts_ns":1-2})", {errc::bad_number, 18}, envelope},
        {"schema_without_payload", R"({"schema":{}})", {errc::missing_field, 0}, schema},
        {"schema_and_more",
         R"({"schema":{},"payload":{"op":"t"},"x":1})",
         {errc::unknown_field, 35},
         schema},
        {"payload_without_schema", R"({"payload":{"op":"t"}})", {errc::missing_field, 0}, schema},
        {"plain_row_in_place_of_a_schema", R"({"id":1})", {errc::unknown_field, 2}, schema},
        {"payload_a_number", R"({"schema":{},"payload":1})", {errc::wrong_type, 23}, schema},
    }),
    [](auto const& each) { return std::string{each.param.name}; });

// Every place of an escape among the windows in which strings are copied, alone and behind another.
TEST(EventDecode, EscapesAtEveryPlace) {
    struct {
        std::string_view json;
        std::string_view text;
    } const escapes[] = {{R"(\n)", "\n"},
                         {R"(\\)", "\\"},
                         {R"(\u00e9)", "\u00e9"},
                         {R"(\ud83d\ude00)", "\U0001F600"}};
    for (std::size_t before = 0; before <= 50; ++before) {
        for (std::size_t between = 0; between <= 18; ++between) {
            for (auto const& one : escapes) {
                for (auto const& other : escapes) {
                    std::string const lead(before, 'a');
                    std::string const middle(between, 'b');
                    std::string const json =
                        lead + std::string{one.json} + middle + std::string{other.json} + "end";
                    std::string const text =
                        lead + std::string{one.text} + middle + std::string{other.text} + "end";
                    decoded const read{"{\"v\":\"" + json + "\"}", {false, false}};
                    ASSERT_EQ(read.error, event_error{}) << json;
                    ASSERT_EQ(read.event.after.at(0).text, text) << json;
                }
            }
        }
    }
}

TEST(EventDecode, DepthBombsAreRefused) {
    for (std::size_t const depth : {1UL, 64UL, 65UL, 100UL, 100'000UL}) {
        for (std::string_view const brackets : {"[]", "{}"}) {
            bool const list = brackets == "[]";
            std::string bomb = R"({"v":)";
            for (std::size_t level = 0; level < depth; ++level) {
                bomb += list || level + 1 == depth ? std::string(1, brackets[0]) : R"({"k":)";
            }
            decoded const open{bomb, {false, false}};
            EXPECT_EQ(open.error.code, depth > 64 ? errc::too_deep : errc::not_json) << depth;
            bomb += std::string(depth, brackets[1]) + '}';
            decoded const read{bomb, {false, false}};
            EXPECT_EQ(read.error.code, depth > 64 ? errc::too_deep : errc::ok) << depth;
        }
    }
}

// Records of one transaction are compared with the one before; what differs must be read all the same.
TEST(EventDecode, WhatDiffersFromTheRecordBefore) {
    std::string const first =
        R"({"before":null,"after":{"id":1},"source":{"version":"1","connector":"postgresql","name":"s",)"
        R"("ts_ms":5,"snapshot":"false","db":"d","sequence":"[\"1\",\"2\"]","ts_us":5000,"ts_ns":5000000,)"
        R"("schema":"public","table":"t","txId":7,"lsn":20,"xmin":null,"origin":null,"origin_lsn":null},)"
        R"("transaction":null,"op":"c","ts_ms":6,"ts_us":6000,"ts_ns":123})";
    struct {
        char const* name;
        std::string_view old;
        std::string_view replacement;
        event_error expected;
    } const cases[] = {
        {"nothing", "", "", {}},
        {"position", R"("lsn":20)", R"("lsn":21)", {}},
        {"longer_position", R"("lsn":20)", R"("lsn":123456789012)", {}},
        {"position_null", R"("lsn":20)", R"("lsn":null)", {}},
        {"position_a_string", R"("lsn":20)", R"("lsn":"20")", {errc::wrong_type, 231}},
        {"sequence", R"(\"2\")", R"(\"333\")", {}},
        {"sequence_null", R"("[\"1\",\"2\"]")", "null", {}},
        {"sequence_nested", R"("[\"1\",\"2\"]")", "[1]", {}},
        {"operation", R"("op":"c")", R"("op":"u")", {}},
        {"operation_unknown", R"("op":"c")", R"("op":"x")", {errc::unknown_operation, 303}},
        {"table", R"("table":"t")", R"("table":"u")", {}},
        {"table_longer", R"("table":"t")", R"("table":"t_more")", {}},
        {"table_escaped", R"("table":"t")", R"("table":"\u0074")", {}},
        {"transaction", R"("txId":7)", R"("txId":8)", {}},
        {"origin", R"("origin":null)", R"("origin":"o")", {}},
        {"time", R"("ts_us":5000)", R"("ts_us":5001)", {}},
        {"last_digits", R"("ts_ns":123})", R"("ts_ns":1234})", {}},
        {"last_number_wrong", R"("ts_ns":123})", R"("ts_ns":123x})", {errc::bad_number, 338}},
        {"end_missing", R"("ts_ns":123})", R"("ts_ns":123)", {errc::not_json, 341}},
        {"more_behind", R"("ts_ns":123})", R"("ts_ns":123}})", {errc::not_json, 342}},
        {"op_before_and_behind", R"("before":null)", R"("op":"c")", {errc::duplicate_field, 294}},
        {"space", R"("op":"c")", R"("op" : "c")", {}},
    };
    for (auto const& each : cases) {
        SCOPED_TRACE(each.name);
        std::string changed = first;
        if (!each.old.empty()) {
            changed.replace(changed.find(each.old), each.old.size(), each.replacement);
        }
        event_decoder decoder;
        field_names names;
        event_view alone;
        event_view after_first;
        arena strings;
        wire::padded_record const record{changed};
        auto const expected = event_decoder{}.value(record.view(), {}, names, alone, strings);
        for (int round = 0; round < 3; ++round) {
            wire::padded_record const before{first};
            ASSERT_TRUE(decoder.value(before.view(), {}, names, after_first, strings).has_value());
            EXPECT_EQ(after_first.source.table, "t");
            EXPECT_EQ(after_first.source.position, lsn{20});
            auto const read = decoder.value(record.view(), {}, names, after_first, strings);
            ASSERT_EQ(read.has_value(), expected.has_value());
            EXPECT_EQ(read ? "" : read.error().message(),
                      each.expected == event_error{} ? "" : each.expected.message());
            EXPECT_EQ(read ? "" : read.error().message(),
                      expected ? "" : expected.error().message());
            if (read) {
                EXPECT_EQ(wire::event_said::of(after_first, names),
                          wire::event_said::of(alone, names));
            }
        }
    }
}

// The bytes behind a record may look like its rest, and tokens of a longer record be there from before.
TEST(EventDecode, WhatStandsInThePaddingIsNotRead) {
    std::string const whole =
        R"({"after":{"id":1},"source":{"version":"1","sequence":"[]","schema":"public","table":"t",)"
        R"("lsn":20,"origin":null},"transaction":null,"op":"c","ts_ms":6})";
    std::string const longer = R"({"op":"c","after":{"id":[0)" + [] {
        std::string zeros;
        for (int index = 0; index < 20'000; ++index) {
            zeros += ",0";
        }
        return zeros;
    }() + "]}}";
    event_decoder decoder;
    field_names names;
    event_view event;
    arena strings;
    padded_record const first{whole};
    padded_record const second{longer};
    for (std::size_t size = 0; size < whole.size(); ++size) {
        ASSERT_TRUE(decoder.value(first.view(), {}, names, event, strings).has_value());
        ASSERT_TRUE(decoder.value(second.view(), {}, names, event, strings).has_value());
        padded_record const cut{whole.substr(0, size), whole.substr(size)};
        auto const read = decoder.value(cut.view(), {}, names, event, strings);
        ASSERT_FALSE(read.has_value()) << size;
        ASSERT_LE(read.error().offset, size);
    }
}

TEST(EventDecode, NamesThatNeedEscapesAreNotTakenForOthers) {
    struct {
        std::string_view first;
        std::string_view second;
    } const cases[] = {{R"({"a\\":1})", R"({"a\":1,\"b":2})"},
                       {R"({"a\":1,\"b":7})", R"({"a":1,"b":2})"},
                       {R"({"a":1,"b":2})", R"({"a\":1,\"b":7})"}};
    for (auto const& each : cases) {
        event_decoder decoder;
        field_names names;
        event_view event;
        arena strings;
        padded_record const first{each.first};
        padded_record const second{each.second};
        ASSERT_TRUE(decoder.value(first.view(), {false, false}, names, event, strings).has_value());
        ASSERT_TRUE(
            decoder.value(second.view(), {false, false}, names, event, strings).has_value());
        EXPECT_EQ(wire::event_said::of(event, names),
                  wire::plain_event::value(each.second, false, false))
            << each.second;
    }
}

TEST(EventDecode, MoreNamesThanAnyTableHasColumns) {
    event_decoder decoder;
    field_names names;
    event_view event;
    arena strings;
    std::string row = "{";
    for (std::size_t index = 0; index < field_names::most; ++index) {
        row += fmt::format(R"("f{}":1,)", index);
    }
    row.back() = '}';
    padded_record const most{row};
    padded_record const unclosed{row.substr(0, row.size() - 1)};
    EXPECT_EQ(decoder.value(unclosed.view(), {false, false}, names, event, strings).error().code,
              errc::not_json);
    EXPECT_EQ(names.size(), 0U) << "names of a record that was refused";
    EXPECT_TRUE(decoder.value(most.view(), {false, false}, names, event, strings).has_value());
    EXPECT_EQ(names.size(), field_names::most);
    row_values key;
    padded_record const bare{"42"};
    EXPECT_EQ(decoder.key(bare.view(), false, names, key, strings).error(),
              (event_error{errc::too_many_fields, 0}));
    padded_record const beyond{R"({"f1":1,"one_more":1})"};
    EXPECT_EQ(decoder.value(beyond.view(), {false, false}, names, event, strings).error(),
              (event_error{errc::too_many_fields, 9}));
    padded_record const known{R"({"f1":1})"};
    EXPECT_TRUE(decoder.value(known.view(), {false, false}, names, event, strings).has_value());
}

// A name with an escape is expected behind the first record; nothing may stand for it but its own text.
TEST(EventDecode, ZeroBytesStandForNoName) {
    using namespace std::string_literals;
    struct {
        std::string first;
        std::string second;
        record_form form;
    } const cases[] = {{R"({"a\"b":1})", "{\0\0\0\0\0\0:7}"s, {false, false}},
                       {R"({"a\"b":1})", "{\0\0\0\0\0\0,7}"s, {false, false}},
                       {R"({"op":"c","x\n":1,"after":{"a":1}})",
                        "{\"op\":\"c\",\0\0\0\0\0\0\0:1,\"after\":{\"a\":1}}"s,
                        {}}};
    for (auto const& each : cases) {
        event_decoder decoder;
        field_names names;
        event_view event;
        arena strings;
        padded_record const first{each.first};
        padded_record const second{each.second};
        ASSERT_TRUE(decoder.value(first.view(), each.form, names, event, strings).has_value());
        auto const read = decoder.value(second.view(), each.form, names, event, strings);
        ASSERT_FALSE(read.has_value());
        EXPECT_EQ(read.error().code, errc::not_json);
    }
}

TEST(EventDecode, APayloadThatIsNotThereLeavesNothingOfTheRecordBefore) {
    event_decoder decoder;
    field_names names;
    event_view event;
    arena strings;
    {
        padded_record const first{
            R"({"schema":null,"payload":{"op":"t","source":{"table":"t","lsn":5}}})"};
        ASSERT_TRUE(decoder.value(first.view(), {true, true}, names, event, strings).has_value());
    }
    padded_record const none{R"({"schema":null,"payload":null})"};
    ASSERT_TRUE(decoder.value(none.view(), {true, true}, names, event, strings).has_value());
    EXPECT_EQ(event.op, event_operation::none);
    EXPECT_EQ(event.source.position, lsn{});
    EXPECT_TRUE(event.source.table.empty());
}

TEST(EventDecode, ManyFieldsOfNoMeaningKeepTheUsualOnesExpected) {
    field_order order{envelope_fields};
    for (int index = 0; index < 1'000; ++index) {
        EXPECT_EQ(order.find(fmt::format("x{}", index)), meaning::other);
    }
    EXPECT_EQ(order.find("op"), meaning::op);
    order.rewind();
    int expected = 0;
    std::string const op = R"("op":"c"                )";
    for (; !order.stands(op.data(), op.data() + op.size()); ++expected) {
        ASSERT_LT(expected, 40) << "the usual field is expected nowhere";
        order.next();
    }
    EXPECT_EQ(order.next(), meaning::op);
}

// What known_tail cannot tell must be read in every record.
TEST(EventDecode, RowsAndTransactionsBehindTheSource) {
    auto const record = [](std::string const& behind) {
        return R"({"source":{"table":"t","sequence":"[]","lsn":1},)" + behind + R"(,"op":"c"})";
    };
    struct {
        char const* name;
        std::string record;
    } const cases[] = {
        {"after", record(R"("after":{"id":1})")},
        {"before", record(R"("before":{"id":1},"after":{"id":2})")},
        {"transaction", record(R"("after":{"id":1},"transaction":{"id":"1:2","total_order":3})")},
    };
    for (auto const& each : cases) {
        SCOPED_TRACE(each.name);
        event_decoder decoder;
        field_names names;
        event_view event;
        arena strings;
        wire::padded_record const text{each.record};
        wire::plain_event::said first;
        for (int round = 0; round < 3; ++round) {
            ASSERT_TRUE(decoder.value(text.view(), {}, names, event, strings).has_value());
            auto const said = wire::event_said::of(event, names);
            EXPECT_GE(said.size(), 5U);
            EXPECT_EQ(round == 0 ? said : first, said);
            first = said;
        }
    }
}

TEST(EventDecode, CutAnywhereIsRefused) {
    for (std::size_t size = 0; size < create.size(); ++size) {
        decoded const read{create.substr(0, size)};
        ASSERT_NE(read.error, event_error{}) << "cut to " << size;
        EXPECT_LE(read.error.offset, size);
    }
}

TEST(EventDecode, ManyEventsWithOneDecoder) {
    event_decoder decoder;
    field_names names;
    event_view event;
    arena strings;
    std::string const large =
        R"({"op":"c","after":{"id":1,"v":")" + std::string(300'000, 'x') + "\"}}";
    padded_record const big{large};
    padded_record const small{create};
    for (int round = 0; round < 50; ++round) {
        ASSERT_TRUE(decoder.value(big.view(), {}, names, event, strings));
        ASSERT_EQ(event.after.at(names.number_of("v").value()).text.size(), 300'000U);
        ASSERT_TRUE(decoder.value(small.view(), {}, names, event, strings));
        ASSERT_EQ(event.after.at(names.number_of("v").value()).text, "x");
        ASSERT_EQ(event.source.table, "item");
    }
}

// --- keys

std::string key_of(std::string_view text, bool with_schema = false) {
    event_decoder decoder;
    field_names names;
    row_values values;
    arena strings;
    padded_record const record{text};
    auto const read = decoder.key(record.view(), with_schema, names, values, strings);
    if (!read) {
        return read.error().message();
    }
    std::string out;
    for (std::size_t index = 0; index < values.size(); ++index) {
        out += names[index] + '=' + std::string{values[index].text} + ';';
    }
    return out;
}

TEST(EventKey, StructsAndBareValues) {
    EXPECT_EQ(key_of(R"({"room":1,"id":"x"})"), "room=1;id=x;");
    EXPECT_EQ(key_of(R"({"schema":{},"payload":{"id":5}})", true), "id=5;");
    EXPECT_EQ(key_of("42"), "=42;");
    EXPECT_EQ(key_of(R"( "a\nb" )"), "=a\nb;");
    EXPECT_EQ(key_of("true"), "=true;");
    EXPECT_EQ(key_of("null"), "=;");
    EXPECT_EQ(key_of(R"({"schema":{"type":"int32"},"payload":42})", true), "=42;");
    EXPECT_EQ(key_of(R"({"schema":{"type":"string"},"payload":"a\u0062"})", true), "=ab;");
    EXPECT_EQ(key_of(R"({"schema":null,"payload":null})", true), "=;");
}

TEST(EventKey, ABareValueIsNoneOfTheNamedFields) {
    event_decoder decoder;
    field_names names;
    row_values values;
    arena strings;
    padded_record const named{R"({"id":1})"};
    padded_record const bare{"5"};
    ASSERT_TRUE(decoder.key(named.view(), false, names, values, strings).has_value());
    ASSERT_TRUE(decoder.key(bare.view(), false, names, values, strings).has_value());
    EXPECT_EQ(values.at(names.number_of("id").value()).kind, field_kind::absent);
    EXPECT_EQ(values.at(names.number_of("").value()).text, "5");
}

TEST(EventKey, Refuses) {
    EXPECT_EQ(key_of(""), (event_error{errc::not_json, 0}.message()));
    EXPECT_EQ(key_of("4 2"), (event_error{errc::not_json, 2}.message()));
    EXPECT_EQ(key_of("[1]"), (event_error{errc::not_an_object, 0}.message()));
    EXPECT_EQ(key_of(R"({"a":1,"a":2})"), (event_error{errc::duplicate_field, 8}.message()));
    EXPECT_EQ(key_of(R"({"payload":[1]})", true), (event_error{errc::not_an_object, 11}.message()));
    EXPECT_EQ(key_of(R"({"payload":01})", true), (event_error{errc::bad_number, 11}.message()));
    EXPECT_EQ(key_of(R"({"schema":{}})", true), (event_error{errc::missing_field, 0}.message()));
}

TEST(EventErrc, EveryCodeHasItsOwnSentence) {
    std::vector<std::string_view> sentences{describe(static_cast<event_errc>(200))};
    for (auto code = event_errc::ok; code <= event_errc::unavailable;
         code = static_cast<event_errc>(static_cast<int>(code) + 1)) {
        EXPECT_EQ(std::find(sentences.begin(), sentences.end(), describe(code)), sentences.end());
        sentences.push_back(describe(code));
    }
}

TEST(HasSchema, HoweverItsWriterSpacesIt) {
    EXPECT_TRUE(has_schema(R"({"schema":{},"payload":1})"));
    EXPECT_TRUE(has_schema("\n{ \"schema\" :\t{}, \"payload\": 1}"));
    EXPECT_FALSE(has_schema(R"({"schema":"public","payload":1})"));
    EXPECT_FALSE(has_schema(R"({"schema":{}})"));
    EXPECT_FALSE(has_schema(R"({"id":1})"));
    EXPECT_FALSE(has_schema("{"));
    EXPECT_FALSE(has_schema(""));
}

} // namespace
} // namespace tandem::event
