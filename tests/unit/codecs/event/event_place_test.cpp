// What is said of a record that is refused: the byte, and the field that it belongs to.
#include "codecs/event/event_place.hpp"

#include "codecs/event/decode.hpp"
#include "codecs/event/read_value.hpp"
#include "tests/support/padded_record.hpp"

#include <gtest/gtest.h>

namespace tandem::event {
namespace {

using namespace std::string_literals;
using errc = event_errc;

// Before the mark ^ is what the byte follows.
struct place_case {
    char const* name;
    std::string text; // ^ stands before the byte, and is none of the text
    std::string field;
};

void PrintTo(place_case const& each, std::ostream* out) {
    *out << each.name;
}

class FieldAt : public testing::TestWithParam<place_case> {};

TEST_P(FieldAt, Byte) {
    std::string text = GetParam().text;
    std::size_t const at = text.find('^');
    ASSERT_NE(at, text.npos);
    text.erase(at, 1);
    EXPECT_EQ(field_at(text, static_cast<std::uint32_t>(at)), GetParam().field);
}

INSTANTIATE_TEST_SUITE_P(EventPlace, FieldAt,
                         testing::ValuesIn(std::vector<place_case>{
                             {"nothing", "^", ""},
                             {"the_record", R"(^{"a":1})", ""},
                             {"before_any_field", R"({^"a":1})", "a"},
                             {"before_a_comma_too_early", R"({^,"a":1})", ""},
                             {"in_a_name", R"({"^a":1})", "a"},
                             {"a_name_behind_another", R"({"a":1,^"b":2})", "b"},
                             {"colon", R"({"a"^:1})", "a"},
                             {"value", R"({"a":^1})", "a"},
                             {"in_a_string", R"({"a":"x^y"})", "a"},
                             {"behind_a_value", R"({"a":1^})", "a"},
                             {"behind_a_comma", R"({"a":1,^})", ""},
                             {"behind_the_record", R"({"a":1}^)", ""},
                             {"object", R"({"a":^{"b":1}})", "a"},
                             {"of_an_object", R"({"a":{"b":^1}})", "a.b"},
                             {"behind_an_object", R"({"a":{"b":1}^})", "a"},
                             {"second_of_an_object", R"({"a":{"b":1,"c":^2},"d":3})", "a.c"},
                             {"list", R"({"a":^[1]})", "a"},
                             {"first_of_a_list", R"({"a":[^1]})", "a[0]"},
                             {"third_of_a_list", R"({"a":[1,"x,y",^3]})", "a[2]"},
                             {"of_an_object_in_a_list", R"({"a":[{"b":1},{"b":^2}]})", "a[1].b"},
                             {"list_in_a_list", R"([[1],[2,^3]])", "[1][1]"},
                             {"brackets_in_strings", R"({"a":"{[\"","b":^1})", "b"},
                             {"name_with_an_escape", R"({"a\"b":^1})", R"("a\"b")"},
                             {"name_of_words", R"({"a b":{"c.d":^1}})", R"("a b"."c.d")"},
                             {"name_of_nothing", R"({"":^1})", R"("")"},
                             {"name_in_japanese", R"({"名前":^1})", R"("名前")"},
                             {"name_that_is_long", "{\"" + std::string(80, 'n') + "\":^1}",
                              std::string(64, 'n') + "..."},
                             {"name_that_is_long_and_wide",
                              "{\"" + std::string(62, 'n') + "名前\":^1}",
                              '"' + std::string(62, 'n') + "...\""},
                             {"what_is_no_json", R"(]}{"a":}^)", ""},
                             {"a_string_that_does_not_end", R"({"a":"x^)", "a"},
                             {"a_name_that_does_not_end", R"({"ab^)", "ab"},
                         }),
                         [](auto const& each) { return std::string{each.param.name}; });

TEST(FieldAt, DeepAndLongTextsAreCut) {
    std::string deep;
    for (int level = 0; level < 100'000; ++level) {
        deep += "{\"level\":";
    }
    auto const path = field_at(deep, static_cast<std::uint32_t>(deep.size()));
    EXPECT_TRUE(path.starts_with("level.level.")) << path;
    EXPECT_TRUE(path.ends_with("...")) << path;
    EXPECT_LT(path.size(), 300U);
    EXPECT_EQ(field_at("{}", 4'000'000'000U), "");
}

// What event_decoder says of a whole record.
struct said_case {
    char const* name;
    std::string text;
    record_form form;
    std::string message;
};

void PrintTo(said_case const& each, std::ostream* out) {
    *out << each.name;
}

class EventMessage : public testing::TestWithParam<said_case> {};

TEST_P(EventMessage, NamesTheField) {
    wire::padded_record const record{GetParam().text};
    event_decoder decoder;
    field_names names;
    event_view event;
    arena strings;
    auto const read = decoder.value(record.view(), GetParam().form, names, event, strings);
    ASSERT_FALSE(read);
    EXPECT_EQ(message_of(read.error(), record.view()), GetParam().message);
}

constexpr record_form plain{false, false};
constexpr record_form envelope{true, false};
constexpr record_form schema{true, true};

INSTANTIATE_TEST_SUITE_P(
    EventPlace, EventMessage,
    testing::ValuesIn(std::vector<said_case>{
        {"number", R"({"id":1,"likes":1.})", plain,
         "a number is none, or is out of range (at byte 16, field likes)"},
        {"escape_in_after", R"({"before":null,"after":{"id":1,"body":"a\q"},"op":"c"})", envelope,
         "a string holds an escape that is none, or half of a surrogate pair (at byte 40, field after.body)"},
        {"zero_in_before", R"({"before":{"id":"\u0000"},"op":"d"})", envelope,
         R"(a string holds the character \u0000, which PostgreSQL's text cannot (at byte 17, field before.id))"},
        {"in_a_list", R"({"after":{"tags":["a",01]},"op":"c"})", envelope,
         "a number is none, or is out of range (at byte 22, field after.tags[1])"},
        {"nested_too_deeply", R"({"v":)" + std::string(65, '[') + std::string(65, ']') + "}", plain,
         "the text is nested too deeply (at byte 69, field v" +
             [] {
                 std::string path;
                 for (int i = 0; i < 64; ++i) {
                     path += "[0]";
                 }
                 return path;
             }() +
             ")"},
        {"position", R"({"source":{"lsn":"5"},"op":"c"})", envelope,
         "a field has another JSON type than it must (at byte 17, field source.lsn)"},
        {"twice", R"({"after":{"id":1,"id":2},"op":"c"})", envelope,
         "a field stands twice (at byte 18, field after.id)"},
        {"operation", R"({"op":"x"})", envelope,
         "the field op is none of c, u, d, r, t, m, or status none of BEGIN, END (at byte 6, field op)"},
        {"no_utf8", "{\"a\":1,\"v\":\"x\xE5\x90y\"}", plain,
         "the text is not UTF-8 (at byte 13, field v)"},
        {"no_utf8_in_a_name", "{\"na\xFFme\":1}", plain,
         "the text is not UTF-8 (at byte 4, field na)"},
        {"control", "{\"a\":1,\"v\":\"x\x01\"}", plain,
         "the text is not JSON, or more than one value (at byte 13, field v)"},
        {"open_string", R"({"a":1,"v":"x)", plain,
         "the text is not JSON, or more than one value (at byte 11, field v)"},
        {"stray_field", R"({"schema":{},"payload":{"op":"t"},"more":1})", schema,
         "beside schema and payload stands another field, and none may (at byte 35, field more)"},
        {"in_the_payload", R"({"schema":{},"payload":{"after":{"v":+1},"op":"c"}})", schema,
         "a number is none, or is out of range (at byte 37, field payload.after.v)"},
        {"payload_of_a_number", R"({"schema":{},"payload":1})", schema,
         "a field has another JSON type than it must (at byte 23, field payload)"},
    }),
    [](auto const& each) { return std::string{each.param.name}; });

// Every kind of byte that is none of UTF-8, behind good text of each length of code point.
TEST(UntokenedAt, TheFirstByteThatIsNotUtf8) {
    std::string const good = "aé名\U0001F600";
    for (std::string const& bad :
         {"\x80"s, "\xBF"s, "\xC0\xAF"s, "\xC1\xBF"s, "\xC3"s, "\xC3x"s, "\xE0\x9F\xBF"s,
          "\xE5\x90"s, "\xED\xA0\x80"s, "\xF0\x8F\xBF\xBF"s, "\xF4\x90\x80\x80"s, "\xF0\x9F\x98"s,
          "\xF5"s, "\xFE"s, "\xFF"s}) {
        EXPECT_EQ(untokened_at(errc::bad_utf8, good + bad), good.size());
        EXPECT_EQ(untokened_at(errc::bad_utf8, good + bad + good), good.size());
    }
}

TEST(MessageOfColumn, NamesTableColumnAndWhatIsInside) {
    value_options const options;
    std::string out;
    auto const said = [&](field_value const& value, std::uint32_t type) {
        type_table const types;
        auto const read = debezium_text(value, resolve(oid{type}, -1, types), options, out);
        return read ? "taken: " + out
                    : message_of_column(read.error(), value, "public", "chat", "v");
    };
    EXPECT_EQ(said({field_kind::number, "70000"}, 21),
              "column v of table public.chat: a value is none of its column's type");
    EXPECT_EQ(said({field_kind::string, "1"}, 23),
              "column v of table public.chat: a field has another JSON type than it must");
    EXPECT_EQ(
        said({field_kind::string, options.unavailable}, 25),
        "column v of table public.chat: the value was not sent (unavailable.value.placeholder)");
    EXPECT_EQ(said({field_kind::nested, R"([1, null ,"x"])"}, 1007),
              "column v[2] of table public.chat: a field has another JSON type than it must");
    EXPECT_EQ(said({field_kind::nested, "[ 1 , 3000000000 ]"}, 1007),
              "column v[1] of table public.chat: a value is none of its column's type");
    EXPECT_EQ(said({field_kind::nested, R"(["a,]\"","b\u0000"])"}, 1009),
              "column v[1] of table public.chat: a string holds the character \\u0000, which "
              "PostgreSQL's text cannot");
    EXPECT_EQ(
        said({field_kind::string, "[1,5"}, 3904),
        "column v of table public.chat: a value is none of its column's type (at byte 4 of its text)");
    EXPECT_EQ(message_of_column(exact_text({field_kind::nested, "{}"}).error(),
                                {field_kind::nested, "{}"}, "", "chat", "v"),
              "column v of table chat: a field has another JSON type than it must");
}

} // namespace
} // namespace tandem::event
