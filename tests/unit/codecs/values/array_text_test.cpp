#include "codecs/values/array_text.hpp"

#include <gtest/gtest.h>

namespace tandem::values {
namespace {

// "{(1)(2)0}": braces as they come, values in parentheses, 0 for NULL; the error's place when it fails.
std::string shown(std::string_view text, char delimiter = ',') {
    array_text_reader in{text, delimiter};
    std::string out{in.bounds()};
    for (;;) {
        auto const token = in.next();
        switch (token.what) {
        case array_text_reader::kind::open:
            out += '{';
            break;
        case array_text_reader::kind::close:
            out += '}';
            break;
        case array_text_reader::kind::value:
            out += '(' + std::string{token.text} + ')';
            break;
        case array_text_reader::kind::null:
            out += '0';
            break;
        case array_text_reader::kind::end:
            return out;
        case array_text_reader::kind::failed:
            EXPECT_EQ(in.error().code, codec_errc::bad_value);
            return "at " + std::to_string(in.error().offset);
        }
    }
}

struct array_case {
    char const* name;
    std::string text;
    std::string shown;
    char delimiter = ',';
};

void PrintTo(array_case const& each, std::ostream* out) {
    *out << each.name;
}

class ArrayText : public testing::TestWithParam<array_case> {};
TEST_P(ArrayText, IsRead) {
    EXPECT_EQ(shown(GetParam().text, GetParam().delimiter), GetParam().shown);
}

INSTANTIATE_TEST_SUITE_P(
    Values, ArrayText,
    testing::ValuesIn(std::vector<array_case>{
        {"empty", "{}", "{}"},
        {"one", "{1}", "{(1)}"},
        {"several", "{1,-2,3.5}", "{(1)(-2)(3.5)}"},
        {"null", "{NULL,null,\"NULL\"}", "{00(NULL)}"},
        {"null_prefix", "{NULLS,NUL}", "{(NULLS)(NUL)}"},
        {"quoted", R"({"a,b","c\"d","e\\f","","{}"," "})", R"({(a,b)(c"d)(e\f)()({})( )})"},
        {"two_dimensions", "{{1,2},{3,NULL}}", "{{(1)(2)}{(3)0}}"},
        {"six_dimensions", "{{{{{{1}}}}}}", "{{{{{{(1)}}}}}}"},
        {"bounds", "[2:3]={1,2}", "[2:3]{(1)(2)}"},
        {"many_bounds", "[-1:0][5:5]={{1},{2}}", "[-1:0][5:5]{{(1)}{(2)}}"},
        {"box", "{(1,1),(0,0);(2,2),(1,1)}", "{((1,1),(0,0))((2,2),(1,1))}", ';'},
        {"utf8", "{한국,\"日 本\"}", "{(한국)(日 本)}"},
        {"timestamp", R"({"2026-11-22 18:16:00",infinity})", "{(2026-11-22 18:16:00)(infinity)}"},
    }),
    [](auto const& each) { return std::string{each.param.name}; });

TEST(ArrayTexts, Refuses) {
    struct {
        char const* text;
        char const* at;
    } const cases[] = {
        {"", "at 0"},
        {"1", "at 0"},
        {"{", "at 1"},
        {"{1", "at 2"},
        {"{1,", "at 3"},
        {"{1,}", "at 3"},
        {"{,1}", "at 1"},
        {"{1}x", "at 3"},
        {"{1}}", "at 3"},
        {"{{1}", "at 4"},
        {"{\"a}", "at 4"},
        {"{\"a\\", "at 4"},
        {"{\"a\"b}", "at 4"},
        {"{a b}", "at 2"},
        {"{a\\b}", "at 2"},
        {"{a\"b\"}", "at 2"},
        {"{a{}}", "at 2"},
        {"[1:2]{1,2}", "at 5"},
        {"[1:2={1,2}", "at 4"},
        {"[a:2]={1}", "at 1"},
        {" {1}", "at 0"},
        {"{ 1}", "at 1"},
        {"{{{{{{{1}}}}}}}", "at 6"},
    };
    for (auto const& [text, at] : cases) {
        EXPECT_EQ(shown(text), at) << text;
    }
}

TEST(ArrayTexts, ElementsComeBack) {
    for (std::string const text :
         {"", "NULL", "null", "a", "a b", "a,b", "\"", "\\", "{}", "한 국", "x\ny", "NULLx"}) {
        std::string array = "{";
        append_array_element(text, ',', array);
        array += '}';
        EXPECT_EQ(shown(array), "{(" + text + ")}") << array;
    }
    std::string plain;
    append_array_element("plain", ',', plain);
    EXPECT_EQ(plain, "plain");
}

} // namespace
} // namespace tandem::values
