#include "codecs/event/decode.hpp"

#include "tests/support/padded_record.hpp"

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
    decoded const tombstone{R"({"schema":null,"payload":null})", {true, true}};
    ASSERT_EQ(tombstone.error, event_error{}) << tombstone.error.message();
    EXPECT_EQ(tombstone.event.op, event_operation::none);
    EXPECT_FALSE(tombstone.event.has_after || tombstone.event.has_before);
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
    EXPECT_EQ(event.before.at(names.number_of("a")).text, "1");
    read(1);
    EXPECT_EQ(event.after.at(names.number_of("a")).text, "3");
    EXPECT_EQ(event.after.at(names.number_of("b")).text, "4");
    EXPECT_EQ(event.after.at(names.number_of("c")).text, "5");
    EXPECT_FALSE(event.has_before);
    read(2);
    EXPECT_TRUE(event.has_before && !event.has_after);
    EXPECT_EQ(event.before.at(names.number_of("a")).kind, field_kind::absent);
    read(3);
    EXPECT_EQ(event.after.at(names.number_of("c")).text, "7");
    EXPECT_EQ(names.size(), 3U);
}

struct text_case {
    char const* name;
    std::string json;
    std::string text;
};

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
        {"an_open_object", R"({"v":1)", {errc::not_json, 0}},
        {"an_open_string", R"({"v":"x)", {errc::not_json, 0}},
        {"no_colon", R"({"v" 1})", {errc::not_json, 0}},
        {"two_values", R"({"v":1}{"v":2})", {errc::not_json, 7}},
        {"text_behind", R"({"v":1} x)", {errc::not_json, 0}},
        {"wrong_literal", R"({"v":nul})", {errc::not_json, 5}},
        {"wrong_true", R"({"v":trux})", {errc::not_json, 5}},
        {"duplicate", R"({"v":1,"w":2,"v":3})", {errc::duplicate_field, 14}},
        {"duplicate_by_escape", R"({"v":1,"\u0076":3})", {errc::duplicate_field, 8}},
        {"bad_utf8", "{\"v\":\"\xff\"}", {errc::bad_utf8, 0}},
        {"overlong_utf8", "{\"v\":\"\xc0\xaf\"}", {errc::bad_utf8, 0}},
        {"surrogate_in_utf8", "{\"v\":\"\xed\xa0\x80\"}", {errc::bad_utf8, 0}},
        {"raw_control", "{\"v\":\"\x01\"}", {errc::not_json, 0}},
        {"raw_newline", "{\"v\":\"\n\"}", {errc::not_json, 0}},
        {"raw_zero", "{\"v\":\"\0\"}"s, {errc::not_json, 0}},
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
        {"envelope_without_op", R"({"after":{"id":1}})", {errc::missing_field, 0}, envelope},
        {"op_of_two_letters", R"({"op":"cc"})", {errc::unknown_operation, 2}, envelope},
        {"op_unknown", R"({"op":"x"})", {errc::unknown_operation, 2}, envelope},
        {"op_a_number", R"({"op":1})", {errc::wrong_type, 6}, envelope},
        {"op_null", R"({"op":null})", {errc::unknown_operation, 2}, envelope},
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
        {"schema_without_payload", R"({"schema":{}})", {errc::missing_field, 0}, schema},
        {"schema_and_more",
         R"({"schema":{},"payload":{"op":"c"},"x":1})",
         {errc::wrong_type, 35},
         schema},
        {"payload_a_number", R"({"schema":{},"payload":1})", {errc::wrong_type, 14}, schema},
    }),
    [](auto const& each) { return std::string{each.param.name}; });

TEST(EventDecode, DepthBombsAreRefusedOrSkipped) {
    for (std::size_t const depth : {std::size_t{100}, std::size_t{100'000}}) {
        std::string const bomb =
            R"({"v":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
        decoded const read{bomb, {false, false}};
        EXPECT_TRUE(read.error == event_error{} || read.error.code == errc::too_deep) << depth;
        decoded const open{R"({"v":)" + std::string(depth, '['), {false, false}};
        EXPECT_NE(open.error, event_error{}) << depth;
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
        ASSERT_EQ(event.after.at(names.number_of("v")).text.size(), 300'000U);
        ASSERT_TRUE(decoder.value(small.view(), {}, names, event, strings));
        ASSERT_EQ(event.after.at(names.number_of("v")).text, "x");
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
}

TEST(EventKey, Refuses) {
    EXPECT_EQ(key_of(""), (event_error{errc::not_json, 0}.message()));
    EXPECT_EQ(key_of("4 2"), (event_error{errc::not_json, 1}.message()));
    EXPECT_EQ(key_of("[1]"), (event_error{errc::bad_number, 0}.message()));
    EXPECT_EQ(key_of(R"({"a":1,"a":2})"), (event_error{errc::duplicate_field, 8}.message()));
}

TEST(EventErrc, EveryCodeHasItsOwnSentence) {
    std::vector<std::string_view> sentences{describe(static_cast<event_errc>(200))};
    for (auto code = event_errc::ok; code <= event_errc::bad_value;
         code = static_cast<event_errc>(static_cast<int>(code) + 1)) {
        EXPECT_EQ(std::find(sentences.begin(), sentences.end(), describe(code)), sentences.end());
        sentences.push_back(describe(code));
    }
}

} // namespace
} // namespace tandem::event
