// Values written in Debezium's modes and read back (tests/interop does it with real Debezium's records).
#include "codecs/event/read_value.hpp"

#include "codecs/event/placeholder.hpp"
#include "codecs/event/row_plan.hpp"
#include "tests/support/exact_buffer.hpp"
#include "tests/support/padded_record.hpp"
#include "tests/support/pgoutput_builder.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace tandem::event {
namespace {

type_table const& types() {
    static type_table const made = [] {
        type_table table;
        table.add(oid{20'000}, {type_facts::sort::enumeration, "mood", {}, -1, {"ok"}});
        table.add(oid{20'003}, {type_facts::sort::base, "hstore", {}, -1, {}});
        table.add(oid{20'010}, {type_facts::sort::composite, "pair", {}, -1, {}});
        return table;
    }();
    return made;
}

// What the decoder makes of one JSON value.
std::string read_back(std::string_view json, resolved_type const& type,
                      value_options const& options) {
    std::string const text = "{\"v\":" + std::string{json} + "}";
    wire::padded_record const record{text};
    event_decoder decoder;
    field_names names;
    event_view event;
    arena strings;
    if (auto const read = decoder.value(record.view(), {false, false}, names, event, strings);
        !read) {
        return read.error().message();
    }
    std::string out;
    auto const read = debezium_text(event.after.at(0), type, options, out);
    return read ? out : read.error().message();
}

struct back_case {
    char const* name;
    std::uint32_t type;
    std::string text;
    std::string back; // empty: the same
    std::int32_t modifier = -1;
    value_options options = {};
};

void PrintTo(back_case const& each, std::ostream* out) {
    *out << each.name;
}

class ReadBack : public testing::TestWithParam<back_case> {};

TEST_P(ReadBack, IsTheSame) {
    auto const& [name, type, text, back, modifier, options] = GetParam();
    pgoutput::relation_shape const shape{
        oid{1}, "public", "t", 'd', {{"v", oid{type}, modifier, false}}};
    row_plan const plan = debezium_plan(shape, types(), options);
    wire::exact_buffer const message{wire::insert(1, {wire::text(text)})};
    auto const row = std::get<pgoutput::insert>(*pgoutput::decode(message.view())).new_row;
    auto const room = std::make_unique<char[]>(plan.room(row));
    auto const end = write_row(plan, row, row_part::all, room.get());
    ASSERT_TRUE(end);
    std::string_view const json{room.get(), static_cast<std::size_t>(*end - room.get())};
    std::string_view const value = json.substr(5, json.size() - 6); // of {"v":...}
    EXPECT_EQ(read_back(value, resolve(oid{type}, modifier, types()), options),
              back.empty() ? text : back)
        << json;
}

value_options modes(decimal_mode decimals, time_mode times, binary_mode binaries,
                    hstore_mode hstores, interval_mode intervals) {
    value_options made;
    made.decimals = decimals;
    made.times = times;
    made.binaries = binaries;
    made.hstores = hstores;
    made.intervals = intervals;
    return made;
}

value_options strings() {
    return modes(decimal_mode::string, time_mode::connect, binary_mode::hex, hstore_mode::map,
                 interval_mode::string);
}

value_options doubles() {
    return modes(decimal_mode::double_, time_mode::adaptive_time_microseconds,
                 binary_mode::base64_url_safe, hstore_mode::json, interval_mode::numeric);
}

value_options with(time_mode times) {
    value_options made;
    made.times = times;
    return made;
}

constexpr std::int32_t numeric_10_2 = ((10 << 16) | 2) + 4;

INSTANTIATE_TEST_SUITE_P(
    ReadValue, ReadBack,
    testing::ValuesIn(std::vector<back_case>{
        {"boolean", 16, "t", "true"},
        {"bigint", 20, "-9223372036854775808", ""},
        {"double_nan", 701, "NaN", ""},
        {"double", 701, "1e+300", ""},
        {"numeric", 1700, "-99999999.99", "", numeric_10_2},
        {"numeric_free", 1700, "123456789012345678901234567890.12345", ""},
        {"numeric_string_nan", 1700, "NaN", "", -1, strings()},
        {"numeric_string_infinity", 1700, "-Infinity", "", -1, strings()},
        {"numeric_double", 1700, "0.1", "", -1, doubles()},
        {"money", 790, "-$92,233,720,368,547,758.08", "-92233720368547758.08"},
        {"money_double", 790, "$1.50", "1.50", -1, doubles()},
        {"bytea", 17, "\\x00ff", ""},
        {"bytea_hex", 17, "\\x00ff", "", -1, strings()},
        {"bytea_url", 17, "\\xfbff", "", -1, doubles()},
        {"bit_1", 1560, "1", "", 1},
        {"bit_11", 1560, "00110111010", "", 11},
        {"varbit", 1562, "0011", "11"},
        {"doubles_with_a_negative_zero", 1022, "{-0,0,NULL,-1.5}", ""},
        {"date", 1082, "0044-03-15 BC", ""},
        {"date_infinite", 1082, "-infinity", ""},
        {"time", 1083, "24:00:00", ""},
        {"time_connect", 1083, "23:59:59.999", "", -1, strings()},
        {"time_2", 1083, "12:34:56.78", "", 2},
        {"time_2_microseconds", 1083, "12:34:56.78", "", 2, with(time_mode::microseconds)},
        {"time_nanoseconds", 1083, "24:00:00", "", -1, with(time_mode::nanoseconds)},
        {"time_iso", 1083, "10:30:45.12", "", -1, with(time_mode::isostring)},
        {"date_nanoseconds", 1082, "0044-03-15 BC", "", -1, with(time_mode::nanoseconds)},
        {"date_iso", 1082, "2005-05-12", "", -1, with(time_mode::isostring)},
        {"date_iso_bc", 1082, "4714-11-24 BC", "", -1, with(time_mode::isostring)},
        {"date_iso_late", 1082, "5874897-12-31", "", -1, with(time_mode::isostring)},
        {"date_iso_infinite", 1082, "infinity", "", -1, with(time_mode::isostring)},
        {"timestamp_3_microseconds", 1114, "2005-06-07 08:09:10.123", "", 3,
         with(time_mode::microseconds)},
        {"timestamp_nanoseconds", 1114, "1969-12-31 23:59:59.999999", "", -1,
         with(time_mode::nanoseconds)},
        {"timestamp_nanoseconds_infinite", 1114, "infinity", "", -1, with(time_mode::nanoseconds)},
        {"timestamp_nanoseconds_minus_infinite", 1114, "-infinity", "", -1,
         with(time_mode::nanoseconds)},
        {"timestamp_iso", 1114, "2011-01-11 16:40:30.12", "", -1, with(time_mode::isostring)},
        {"timestamp_iso_bc", 1114, "4714-11-24 00:00:00 BC", "", -1, with(time_mode::isostring)},
        {"timestamp_iso_infinite", 1114, "-infinity", "", -1, with(time_mode::isostring)},
        {"timetz", 1266, "01:02:03.000001+09", "16:02:03.000001+00"},
        {"timestamp", 1114, "4714-11-24 00:00:00 BC", ""},
        {"timestamp_infinite", 1114, "infinity", ""},
        {"timestamp_3_infinite", 1114, "-infinity", "", 3},
        {"timestamp_connect", 1114, "1969-12-31 23:59:59.999", "", -1, strings()},
        {"timestamptz", 1184, "2005-06-07 08:09:10.5+09", "2005-06-06 23:09:10.5+00"},
        {"timestamptz_bc", 1184, "0001-01-01 00:00:00+00 BC", ""},
        {"timestamptz_long_ago", 1184, "4714-11-24 00:00:00+00 BC", ""},
        {"timestamptz_late", 1184, "294276-12-31 23:59:59.999999+00", ""},
        {"timestamptz_infinite", 1184, "-infinity", ""},
        {"interval", 1186, "1 day -00:00:01", "23:59:59"},
        {"interval_least", 1186, "-178000000 years", "-106751991 days -04:00:54.775808"},
        {"interval_string", 1186, "1 day -00:00:01", "P0Y0M1DT0H0M-1S", -1, strings()},
        {"jsonb", 3802, R"({"a": "\u00e9\\"})", ""},
        {"enumeration", 20'000, "ok", ""},
        {"hstore", 20'003, R"("a"=>NULL, "b\"\\"=>"1")", ""},
        {"hstore_map", 20'003, R"("a"=>NULL, "b\"\\"=>"1")", "", -1, strings()},
        {"hstore_empty", 20'003, "", ""},
        {"point", 600, "(0.1,-2.5)", ""},
        {"point_special", 600, "(NaN,Infinity)", ""},
        {"integers", 1007, "{1,NULL,-3}", ""},
        {"empty_list", 1007, "{}", ""},
        {"texts", 1009, R"({"a,b",NULL,"\"","NULL",x})", ""},
        {"booleans", 1000, "{t,f}", "{true,false}"},
        {"numerics", 1231, "{1.5,NULL,-2}", ""},
        {"byteas", 1001, R"({"\\x00",NULL})", ""},
        {"dates", 1182, "{infinity,2005-06-07}", ""},
        {"timestamps_with_zone", 1185, R"({"2005-06-06 23:09:10+00",infinity})", ""},
    }),
    [](auto const& each) { return std::string{each.param.name}; });

TEST(ReadValue, ANumberOfAnotherWriterStaysAsItIs) {
    EXPECT_EQ(read_back("12345678901234567890.10", resolve(oid{1700}, -1, types()), {}),
              "12345678901234567890.10");
    EXPECT_EQ(read_back("-1.5", resolve(oid{1700}, numeric_10_2, types()), {}), "-1.5");
}

struct wrong_case {
    char const* name;
    std::uint32_t type;
    std::string json;
    event_errc code;
    std::int32_t modifier = -1;
    value_options options = {};
    std::uint32_t at = 0; // of a list: where its element begins
};

void PrintTo(wrong_case const& each, std::ostream* out) {
    *out << each.name;
}

class ReadWrong : public testing::TestWithParam<wrong_case> {};

TEST_P(ReadWrong, IsRefused) {
    auto const& [name, type, json, code, modifier, options, at] = GetParam();
    EXPECT_EQ(read_back(json, resolve(oid{type}, modifier, types()), options),
              (event_error{code, at}.message()));
}

constexpr auto wrong = event_errc::wrong_type;
constexpr auto bad = event_errc::bad_value;

INSTANTIATE_TEST_SUITE_P(
    ReadValue, ReadWrong,
    testing::ValuesIn(std::vector<wrong_case>{
        {"boolean_a_number", 16, "1", wrong},
        {"boolean_a_string", 16, "\"t\"", wrong},
        {"integer_a_string", 23, "\"1\"", wrong},
        {"smallint_beyond", 21, "32768", bad},
        {"integer_beyond", 23, "-2147483649", bad},
        {"bigint_beyond", 20, "9223372036854775808", bad},
        {"integer_a_fraction", 23, "1.5", bad},
        {"integer_with_an_exponent", 23, "1e3", bad},
        {"double_a_word", 701, "\"nan\"", wrong},
        {"numeric_a_word", 1700, "true", wrong, numeric_10_2},
        {"numeric_no_base64", 1700, "\"A\"", bad, numeric_10_2},
        {"numeric_no_bytes", 1700, "\"\"", bad, numeric_10_2},
        {"numeric_free_a_string", 1700, "\"Dw==\"", wrong},
        {"numeric_free_without_scale", 1700, R"({"value":"Dw=="})", wrong},
        {"numeric_free_with_a_large_scale", 1700, R"({"scale":40000,"value":"Dw=="})", wrong},
        {"numeric_free_with_a_field_twice", 1700, R"({"scale":0,"value":"AQ==","value":"Ag=="})",
         event_errc::duplicate_field},
        {"numeric_string_a_number", 1700, "1", wrong, -1, strings()},
        {"bytea_no_base64", 17, "\"A\"", bad},
        {"bytea_no_hex", 17, "\"0\"", bad, -1, strings()},
        {"bit_1_a_string", 1560, "\"1\"", wrong, 1},
        {"bit_that_does_not_fit", 1560, "\"/w==\"", bad, 4},
        {"bit_of_too_many_bytes", 1560, "\"//8=\"", bad, 4},
        {"varbit_that_does_not_fit", 1562, "\"/w==\"", bad, 4},
        {"numeric_of_more_than_all_digits", 1700,
         R"({"scale":0,"value":")" + std::string(81'704, 'f') + "\"}", bad},
        {"numeric_of_one_digit_too_many_behind", 1700, R"({"scale":16384,"value":"Dw=="})", bad},
        {"numeric_of_digits_too_many_in_front", 1700,
         R"({"scale":0,"value":")" + std::string(81'700, 'A').replace(0, 9'000, 9'000, '/') + "\"}",
         bad},
        {"numeric_of_zeros_too_many_in_front", 1700, R"({"scale":-131072,"value":"Dw=="})", wrong},
        {"bit_no_base64", 1560, "\"?\"", bad, 3},
        {"date_a_string", 1082, "\"2005-06-07\"", wrong},
        {"date_a_fraction", 1082, "1.5", bad},
        {"date_before_the_first", 1082, "-2440589", bad},
        {"date_behind_the_last", 1082, "2145042906", bad},
        {"date_far_beyond", 1082, "9223372036854775807", bad},
        {"timestamp_before_the_first", 1114, "-210866803200000001", bad},
        {"time_negative", 1083, "-1", bad},
        {"time_beyond", 1083, "86400000001", bad},
        {"time_overflow", 1083, "9223372036854775807", bad, 2},
        {"timetz_without_z", 1266, "\"16:02:03\"", bad},
        {"timetz_no_time", 1266, "\"xZ\"", bad},
        {"timestamp_beyond", 1114, "-9223372036854775808", bad},
        {"timestamp_millis_overflow", 1114, "9223372036854775807", bad, 3},
        {"timestamptz_a_number", 1184, "1", wrong},
        {"timestamptz_without_t", 1184, "\"2005-06-07 08:09:10Z\"", bad},
        {"timestamptz_without_z", 1184, "\"2005-06-07T08:09:10\"", bad},
        {"timestamptz_no_date", 1184, "\"2005-13-07T08:09:10Z\"", bad},
        {"date_iso_a_number", 1082, "1", wrong, -1, with(time_mode::isostring)},
        {"date_iso_without_z", 1082, "\"2005-05-12\"", bad, -1, with(time_mode::isostring)},
        {"date_iso_beyond", 1082, "\"+5874898-01-01Z\"", bad, -1, with(time_mode::isostring)},
        {"time_iso_nanoseconds", 1083, "\"02:30:00.000000005Z\"", bad, -1,
         with(time_mode::isostring)},
        {"time_nanoseconds_finer", 1083, "5", bad, -1, with(time_mode::nanoseconds)},
        {"time_nanoseconds_beyond", 1083, "86400000001000", bad, -1, with(time_mode::nanoseconds)},
        {"timestamp_nanoseconds_finer", 1114, "1118131750123456001", bad, -1,
         with(time_mode::nanoseconds)},
        {"timestamp_iso_a_number", 1114, "1", wrong, -1, with(time_mode::isostring)},
        {"timestamp_iso_with_zone", 1114, "\"2011-01-11T16:40:30+01\"", bad, -1,
         with(time_mode::isostring)},
        {"interval_a_string", 1186, "\"P1D\"", wrong},
        {"hstore_no_json", 20'003, "\"x\"", bad},
        {"hstore_of_numbers", 20'003, R"("{\"a\":1}")", bad},
        {"hstore_map_a_string", 20'003, "\"{}\"", wrong, -1, strings()},
        {"point_a_string", 600, "\"(0,0)\"", wrong},
        {"point_without_y", 600, R"({"x":1})", wrong},
        {"list_a_string", 1007, "\"{1}\"", wrong},
        {"list_of_strings", 1007, R"(["1"])", wrong, -1, {}, 1},
        {"list_of_lists", 1007, "[[1]]", wrong, -1, {}, 1},
        {"range_a_number", 3904, "1", wrong},
        {"multirange_an_object", 4451, "{}", wrong},
        {"composite_a_list", 20'010, "[1]", wrong},
        {"hstore_with_a_field_twice", 20'003, R"({"a":"1","a":"2"})", event_errc::duplicate_field,
         -1, strings()},
        {"hstore_text_with_a_field_twice", 20'003, R"("{\"a\":\"1\",\"a\":\"2\"}")",
         event_errc::duplicate_field},
        {"point_with_a_field_twice", 600, R"({"x":1,"y":2,"x":3})", event_errc::duplicate_field},
        {"list_with_a_zero_character",
         1009,
         "[\"a\\u0000b\"]",
         event_errc::zero_character,
         -1,
         {},
         1},
        {"hstore_with_a_zero_character", 20'003, "{\"a\":\"x\\u0000\"}", event_errc::zero_character,
         -1, strings()},
        {"numeric_string_no_number", 1700, "\"abc\"", bad, -1, strings()},
        {"numeric_string_no_digits", 1700, "\"-.5\"", bad, -1, strings()},
        {"numeric_string_half_an_exponent", 1700, "\"1e\"", bad, -1, strings()},
        {"numeric_string_empty", 1700, "\"\"", bad, -1, strings()},
        {"money_string_not_a_number", 790, "\"NAN\"", bad, -1, strings()},
        {"money_string_infinite", 790, "\"POSITIVE_INFINITY\"", bad, -1, strings()},
        {"uuid_none", 2950, "\"not a uuid\"", bad},
        {"uuid_without_dashes", 2950, "\"a0eebc999c0b4ef8bb6d6bb9bd380a11\"", bad},
        {"interval_string_none", 1186, "\"garbage\"", bad, -1, strings()},
        {"interval_string_nothing", 1186, "\"P\"", bad, -1, strings()},
        {"json_none", 3802, "\"{not json\"", bad},
        {"enum_of_another_label", 20'000, "\"sad\"", bad},
        {"text_that_was_not_sent", 25, "\"__debezium_unavailable_value\"", event_errc::unavailable},
        {"jsonb_that_was_not_sent", 3802, "\"__debezium_unavailable_value\"",
         event_errc::unavailable},
        {"bytea_that_was_not_sent", 17, "\"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==\"",
         event_errc::unavailable},
        {"list_that_was_not_sent", 1009, "[\"__debezium_unavailable_value\"]",
         event_errc::unavailable},
        {"text_in_a_list_s_place", 1007, "\"__debezium_unavailable_value\"",
         event_errc::unavailable},
        {"numeric_that_was_not_sent", 1700, "\"__debezium_unavailable_value\"",
         event_errc::unavailable},
        {"bytea_hex_that_was_not_sent", 17, "\"__debezium_unavailable_value\"",
         event_errc::unavailable, -1, strings()},
        {"bytea_in_the_other_alphabet_and_without_padding", 17,
         "\"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ\"", event_errc::unavailable, -1, doubles()},
        {"byteas_that_were_not_sent", 1001, "[\"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==\"]",
         event_errc::unavailable},
        {"integers_that_were_not_sent", 1007,
         "[95,95,100,101,98,101,122,105,117,109,95,117,110,97,118,97,105,108,97,98,108,101,95,118,97,108,117,101]",
         event_errc::unavailable},
        {"bigints_that_were_not_sent", 1016,
         "[ 95,95,100,101,98,101,122,105,117,109,95,117,110,97,118,97,105,108,97,98,108,101,95,118,97,108,117,101 ]",
         event_errc::unavailable},
        {"dates_that_were_not_sent", 1182,
         "[95,95,100,101,98,101,122,105,117,109,95,117,110,97,118,97,105,108,97,98,108,101,95,118,97,108,117,101]",
         event_errc::unavailable},
        {"times_that_were_not_sent", 1183,
         "[95,95,100,101,98,101,122,105,117,109,95,117,110,97,118,97,105,108,97,98,108,101,95,118,97,108,117,101]",
         event_errc::unavailable, -1, with(time_mode::nanoseconds)},
        {"uuids_that_were_not_sent", 2951, "[\"b68a35a7-17ad-35b3-af2a-ae46edb4545a\"]",
         event_errc::unavailable},
        {"uuids_two_and_text",
         2951,
         "[\"b68a35a7-17ad-35b3-af2a-ae46edb4545a\",\"__debezium_unavailable_value\"]",
         bad,
         -1,
         {},
         40},
        {"hstore_json_that_was_not_sent", 20'003,
         R"("{\"__debezium_unavailable_value\":\"__debezium_unavailable_value\"}")",
         event_errc::unavailable},
        {"hstore_that_was_not_sent", 20'003,
         R"({"__debezium_unavailable_value":"__debezium_unavailable_value"})",
         event_errc::unavailable, -1, strings()},
        {"text_a_number", 25, "1", wrong},
        {"text_an_object", 25, "{}", wrong},
    }),
    [](auto const& each) { return std::string{each.param.name}; });

// Literals that the server would refuse, and with them the batch that they are in.
TEST(ReadValues, LiteralsAreLookedThrough) {
    struct {
        std::uint32_t type;
        char const* json;
        std::uint32_t at;
    } const cases[] = {
        {3904, R"~("[1,5")~", 4},         {3904, R"~("[1;5)")~", 4}, {3904, R"~("1,5")~", 0},
        {4451, R"~("{[1,5)")~", 6},       {4451, R"~("{,}")~", 1},   {4451, R"~("")~", 0},
        {20'010, R"~("(1,\"a\"")~", 6},   {20'010, R"~("1,a")~", 0}, {20'010, R"~("(1,a)x")~", 5},
        {3905, R"~(["empty","[1"])~", 9},
    };
    for (auto const& [type, json, at] : cases) {
        EXPECT_EQ(read_back(json, resolve(oid{type}, -1, types()), {}),
                  (event_error{bad, at}.message()))
            << json;
    }
    auto const read = [](std::uint32_t type, std::string_view json) {
        return read_back(json, resolve(oid{type}, -1, types()), {});
    };
    EXPECT_EQ(read(3904, R"~("[1,5)")~"), "[1,5)");
    EXPECT_EQ(read(4451, R"~("{[1,5),empty}")~"), "{[1,5),empty}");
    EXPECT_EQ(read(20'010, R"~("(,\"a,b\")")~"), R"~((,"a,b"))~");
}

TEST(ReadValues, InfinitiesThatDebeziumWritesAsDates) {
    auto const read = [](std::uint32_t type, std::string_view json) {
        return read_back(json, resolve(oid{type}, -1, types()), with(time_mode::isostring));
    };
    EXPECT_EQ(read(1114, R"("+294247-01-10T04:00:25.2Z")"), "infinity");
    EXPECT_EQ(read(1114, R"("+294247-01-10T04:00:25.20Z")"), "infinity");
    EXPECT_EQ(read(1114, R"("-290308-12-21T19:59:27.6Z")"), "-infinity");
    EXPECT_EQ(read(1114, R"("+294247-01-10T04:00:25.3Z")"), "294247-01-10 04:00:25.3");
    EXPECT_EQ(read(1184, R"("+294247-01-10T04:00:25.2Z")"), "294247-01-10 04:00:25.2+00");
    EXPECT_EQ(read(1115, R"(["+294247-01-10T04:00:25.2Z","-infinity"])"), "{infinity,-infinity}");
}

// What looks like it in part is data.
TEST(ReadValues, ListsOfMoreThanThePlaceholderAreData) {
    auto const read = [](std::uint32_t type, std::string_view json) {
        return read_back(json, resolve(oid{type}, -1, types()), {});
    };
    EXPECT_EQ(read(1009, R"(["__debezium_unavailable_value","x"])"),
              "{__debezium_unavailable_value,x}");
    EXPECT_EQ(read(1009, R"(["__debezium_unavailable_value",null])"),
              "{__debezium_unavailable_value,NULL}");
    EXPECT_EQ(read(1009, "[]"), "{}");
    EXPECT_EQ(read(1007, "[]"), "{}");
    EXPECT_EQ(read(1007, "[95,95,100]"), "{95,95,100}");
    EXPECT_EQ(read(2951, R"(["b68a35a7-17ad-35b3-af2a-ae46edb4545b"])"),
              "{b68a35a7-17ad-35b3-af2a-ae46edb4545b}");
    EXPECT_EQ(read(2950, R"("b68a35a7-17ad-35b3-af2a-ae46edb4545a")"),
              "b68a35a7-17ad-35b3-af2a-ae46edb4545a");
    EXPECT_EQ(read_back(R"("5f5f")", resolve(oid{17}, -1, types()), strings()), "\\x5f5f");
}

TEST(ReadValues, EveryPlaceholderThatIsWrittenIsKnown) {
    std::size_t seen = 0;
    for (std::uint32_t type = 1; type < 21'000; ++type) {
        resolved_type const found = resolve(oid{type}, -1, types());
        for (std::size_t mode = 0; has_debezium_form(found) && mode < 6; ++mode) {
            value_options options;
            options.times = static_cast<time_mode>(mode);
            options.decimals = static_cast<decimal_mode>(mode % 3);
            options.binaries = static_cast<binary_mode>(mode % 4);
            options.hstores = static_cast<hstore_mode>(mode % 2);
            options.unavailable = mode < 3 ? options.unavailable : "a\"\u00e9";
            EXPECT_EQ(read_back(placeholder_json(found, options), found, options),
                      (event_error{event_errc::unavailable, 0}.message()))
                << type << " in mode " << mode;
            ++seen;
        }
    }
    EXPECT_GT(seen, 400U);
}

TEST(ReadValues, ExactOnesAreTheText) {
    EXPECT_EQ(*exact_text({field_kind::boolean, "true"}), "t");
    EXPECT_EQ(*exact_text({field_kind::boolean, "false"}), "f");
    EXPECT_EQ(*exact_text({field_kind::number, "1.10"}), "1.10");
    EXPECT_EQ(*exact_text({field_kind::string, "x"}), "x");
    EXPECT_EQ(exact_text({field_kind::nested, "{}"}).error(), (event_error{wrong, 0}));
}

} // namespace
} // namespace tandem::event
