#include "engine/connect/sink_text.hpp"

#include "codecs/connect/json_reader.hpp"
#include "codecs/event/padding.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>

namespace tandem::connect {
namespace {

using kind = event::value_kind;

struct named_value {
    std::string_view schema; // JSON
    std::string_view value;  // JSON
    kind column;
    std::string_view text; // that PostgreSQL reads; of an error, what it says, behind "!"

    friend std::ostream& operator<<(std::ostream& out, named_value const& of) {
        return out << of.schema << ' ' << of.value;
    }
};

std::string said(sink_text& by, schema const* of, value const& what,
                 event::resolved_type const& column) {
    std::string out;
    auto const made = by.of(of, what, column, out);
    if (!made) {
        return "!" + made.error().what;
    }
    return *made == sink_cell::null ? "NULL" : *made == sink_cell::unsent ? "UNSENT" : out;
}

std::string text_of_json(std::string json, bool schemas, kind column, bool array = false) {
    json.append(event::record_padding, '\0');
    json_reader reader{{schemas, true}};
    arena memory;
    auto const read =
        reader.read(std::string_view{json}.substr(0, json.size() - event::record_padding), memory);
    if (!read) {
        return "!!" + read.error().what;
    }
    sink_text by{{}};
    event::resolved_type type;
    type.kind = column;
    type.array = array;
    return said(by, read->of.get(), read->what, type);
}

class SinkText : public testing::TestWithParam<named_value> {};

TEST_P(SinkText, IsWhatItsSchemaSays) {
    auto const& of = GetParam();
    auto const json = fmt::format(R"({{"schema":{},"payload":{}}})", of.schema, of.value);
    bool const array = of.schema.find(R"("array")") != of.schema.npos;
    EXPECT_EQ(text_of_json(json, true, of.column, array), of.text);
}

#define NAMED(TYPE, NAME) R"({"type":")" TYPE R"(","name":")" NAME R"(","optional":true})"
#define PLAIN(TYPE) R"({"type":")" TYPE R"(","optional":true})"

INSTANTIATE_TEST_SUITE_P(
    Times, SinkText,
    testing::Values(
        named_value{NAMED("int32", "io.debezium.time.Date"), "-1", kind::date, "1969-12-31"},
        named_value{NAMED("int32", "org.apache.kafka.connect.data.Date"), "-1", kind::date,
                    "1969-12-31"},
        named_value{NAMED("int32", "org.apache.kafka.connect.data.Time"), "1", kind::time,
                    "00:00:00.001"},
        named_value{NAMED("int64", "org.apache.kafka.connect.data.Timestamp"), "-1",
                    kind::timestamp, "1969-12-31 23:59:59.999"},
        named_value{NAMED("int64", "io.debezium.time.Timestamp"), "1000", kind::timestamp,
                    "1970-01-01 00:00:01"},
        named_value{NAMED("int64", "io.debezium.time.MicroTimestamp"), "1000", kind::timestamp,
                    "1970-01-01 00:00:00.001"},
        named_value{NAMED("int64", "io.debezium.time.NanoTimestamp"), "1000000", kind::timestamp,
                    "1970-01-01 00:00:00.001"},
        named_value{NAMED("int64", "io.debezium.time.MicroTimestamp"), "1000", kind::timestamptz,
                    "1970-01-01 00:00:00.001+00"},
        named_value{NAMED("int64", "io.debezium.time.MicroTime"), "1000", kind::time,
                    "00:00:00.001"},
        named_value{NAMED("int32", "io.debezium.time.Time"), "1000", kind::text, "00:00:01"},
        named_value{NAMED("string", "io.debezium.time.ZonedTimestamp"),
                    R"("2026-11-26T11:00:00.5Z")", kind::timestamptz, "2026-11-26 11:00:00.5+00"},
        named_value{NAMED("int64", "io.debezium.time.MicroDuration"), "1000000", kind::interval,
                    "00:00:01"},
        named_value{PLAIN("int64"), "5", kind::timestamp,
                    "!a number (Schema{INT64}) that does not say what it counts, for a column of a "
                    "date, a time or an interval: leave its schema as the source makes it, or let "
                    "TimestampConverter make a Timestamp of it"}));

INSTANTIATE_TEST_SUITE_P(
    Values, SinkText,
    testing::Values(
        named_value{PLAIN("int16"), "-5", kind::int2, "-5"},
        named_value{PLAIN("int32"), "null", kind::int4, "NULL"},
        named_value{PLAIN("boolean"), "true", kind::boolean, "t"},
        named_value{PLAIN("boolean"), "false", kind::bit, "0"},
        named_value{PLAIN("float"), "1.1", kind::float8, "1.1"},
        named_value{PLAIN("double"), "1e300", kind::float8, "1e+300"},
        named_value{PLAIN("string"), R"("a'b\"")", kind::text, "a'b\""},
        named_value{PLAIN("string"), R"("__debezium_unavailable_value")", kind::text, "UNSENT"},
        named_value{PLAIN("string"), R"("1.50")", kind::numeric, "1.50"},
        named_value{PLAIN("bytes"), R"("AP8n")", kind::bytea, "\\x00ff27"},
        named_value{PLAIN("bytes"), R"("X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==")", kind::bytea,
                    "UNSENT"},
        named_value{PLAIN("string"), R"("AP8n")", kind::bytea,
                    "!a string for a column of type bytea: whether it is base64 or hexadecimal is "
                    "not known; write it with binary.handling.mode=bytes at the source"},
        named_value{
            R"({"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"2"}})",
            R"("/2o=")", kind::numeric, "-1.50"},
        named_value{
            R"({"type":"struct","name":"io.debezium.data.VariableScaleDecimal","fields":[{"field":"scale","type":"int32"},{"field":"value","type":"bytes"}]})",
            R"({"scale":1,"value":"Dw=="})", kind::numeric, "1.5"},
        named_value{
            R"({"type":"bytes","name":"io.debezium.data.Bits","parameters":{"length":"5"}})",
            R"("FQ==")", kind::varbit, "10101"},
        named_value{R"({"type":"array","items":{"type":"string","optional":true}})",
                    R"(["a",null,"\""])", kind::text, R"({a,NULL,"\""})"},
        named_value{
            R"({"type":"array","items":{"type":"int32","name":"org.apache.kafka.connect.data.Date","optional":true}})",
            "[0]", kind::date, "{1970-01-01}"},
        named_value{
            R"({"type":"map","keys":{"type":"string"},"values":{"type":"string","optional":true}})",
            R"({"a":"1"})", kind::hstore, R"("a"=>"1")"}));

#undef NAMED
#undef PLAIN

// Nothing says what it counts but the modes that a source has by default.
TEST(SinkTextWithoutSchema, IsReadByTheColumn) {
    EXPECT_EQ(text_of_json("1000", false, kind::timestamp), "1970-01-01 00:00:00.001");
    EXPECT_EQ(text_of_json("\"AP8n\"", false, kind::bytea), "\\x00ff27");
    EXPECT_EQ(text_of_json("\"2026-11-26 12:00\"", false, kind::timestamp), "2026-11-26 12:00");
    EXPECT_EQ(text_of_json("null", false, kind::text), "NULL");
}

TEST(SinkTextWithoutSchema, ADateThatATransformationMadeIsReadAsSuch) {
    sink_text by{{}};
    for (auto const& [column, text] :
         {std::pair{kind::date, "1970-01-02"}, std::pair{kind::time, "00:00:00.001"},
          std::pair{kind::timestamp, "1970-01-02 00:00:00.001"},
          std::pair{kind::timestamptz, "1970-01-02 00:00:00.001+00"},
          std::pair{kind::text, "1970-01-02 00:00:00.001"}}) {
        event::resolved_type type;
        type.kind = column;
        EXPECT_EQ(said(by, nullptr, value::of_date(86'400'001), type), text);
    }
}

} // namespace
} // namespace tandem::connect
