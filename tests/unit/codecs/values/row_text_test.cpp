#include "codecs/values/row_text.hpp"

#include "tests/support/row_text_shown.hpp"

#include <gtest/gtest.h>

namespace tandem::values {
namespace {

struct text_case {
    char const* name;
    std::string text;
    std::string shown; // "at 5": refused there
};

void PrintTo(text_case const& each, std::ostream* out) {
    *out << each.name;
}

std::string name_of(testing::TestParamInfo<text_case> const& info) {
    return info.param.name;
}

std::string answer(wire::row_text_shown const& read) {
    EXPECT_TRUE(read.text || read.error.code == codec_errc::bad_value);
    return read.text ? *read.text : "at " + std::to_string(read.error.offset);
}

class RecordText : public testing::TestWithParam<text_case> {};
TEST_P(RecordText, IsRead) {
    EXPECT_EQ(answer(wire::row_text_shown::record(GetParam().text)), GetParam().shown);
}
INSTANTIATE_TEST_SUITE_P(RowText, RecordText,
                         testing::ValuesIn(std::vector<text_case>{
                             {"two", "(1,a)", "(1)(a)"},
                             {"nulls", "(,)", "00"},
                             {"one_null", "()", "0"},
                             {"empty_string", R"~((""))~", "()"},
                             {"doubled_quote", R"~(("a""b"))~", R"~((a"b))~"},
                             {"backslash", R"~(("a\\b\"c"))~", R"~((a\b"c))~"},
                             {"backslash_outside", R"~((a\,b))~", "(a,b)"},
                             {"quotes_in_the_middle", R"~((a"b c"d))~", "(ab cd)"},
                             {"space_is_text", "( a )", "( a )"},
                             {"space_around", " (1) \n", "(1)"},
                             {"braces", R"~(("(,)"))~", "((,))"},
                             {"word_null", "(null)", "(null)"},
                             {"utf8", "(日本)", "(日本)"},
                             {"nothing", "", "at 0"},
                             {"no_parenthesis", "1,2", "at 0"},
                             {"open", "(1,2", "at 4"},
                             {"open_after_comma", "(1,", "at 3"},
                             {"open_quote", R"~(("1,2))~", "at 6"},
                             {"backslash_at_the_end", R"~((1\)~", "at 3"},
                             {"text_behind", "(1) x", "at 4"},
                             {"twice", "(1)(2)", "at 3"},
                         }),
                         name_of);

class RangeText : public testing::TestWithParam<text_case> {};
TEST_P(RangeText, IsRead) {
    EXPECT_EQ(answer(wire::row_text_shown::range(GetParam().text)), GetParam().shown);
}
INSTANTIATE_TEST_SUITE_P(RowText, RangeText,
                         testing::ValuesIn(std::vector<text_case>{
                             {"half_open", "[1,5)", "[(1)(5))"},
                             {"unbounded", "(,)", "(00)"},
                             {"closed", "[a,b]", "[(a)(b)]"},
                             {"lower_only", "(3,]", "((3)0]"},
                             {"empty", "empty", "empty"},
                             {"empty_in_capitals", " EMPTY ", "empty"},
                             {"empty_bound", R"~(["",))~", "[()0)"},
                             {"quoted", R"~(["2005-06-07 08:09:10+09","a""b\\"))~",
                              R"~([(2005-06-07 08:09:10+09)(a"b\)))~"},
                             {"quoted_bracket", R"~([")","]"))~", "[())(]))"},
                             {"nothing", "", "at 0"},
                             {"no_bracket", "1,2", "at 0"},
                             {"no_comma", "[1)", "at 2"},
                             {"three_bounds", "[1,2,3)", "at 4"},
                             {"open", "[1,2", "at 4"},
                             {"open_lower", "[1", "at 2"},
                             {"text_behind", "[1,2)x", "at 5"},
                             {"text_behind_empty", "emptyx", "at 5"},
                         }),
                         name_of);

class MultirangeText : public testing::TestWithParam<text_case> {};
TEST_P(MultirangeText, IsRead) {
    EXPECT_EQ(answer(wire::row_text_shown::multirange(GetParam().text)), GetParam().shown);
}
INSTANTIATE_TEST_SUITE_P(RowText, MultirangeText,
                         testing::ValuesIn(std::vector<text_case>{
                             {"none", "{}", ""},
                             {"two", "{[1,3),[5,7)}", "[(1)(3));[(5)(7));"},
                             {"space", " { [1,2) , (,) } ", "[(1)(2));(00);"},
                             {"empty_range", "{empty}", "empty;"},
                             {"quoted_brace", R"~({["}",)})~", "[(})0);"},
                             {"nothing", "", "at 0"},
                             {"open", "{", "at 1"},
                             {"open_after_a_range", "{[1,2)", "at 6"},
                             {"comma_at_the_end", "{[1,2),}", "at 7"},
                             {"comma_alone", "{,}", "at 1"},
                             {"no_comma", "{[1,2)[3,4)}", "at 6"},
                             {"text_behind", "{} x", "at 3"},
                         }),
                         name_of);

TEST(RowText, ViewsPointIntoTheTextUnlessUnescaped) {
    arena strings;
    std::string_view const text = R"~((plain,"quo""ted"))~";
    record_text_reader in{text, strings};
    EXPECT_EQ(in.next().text.data(), text.data() + 1);
    EXPECT_EQ(strings.capacity(), 0U);
    EXPECT_EQ(in.next().text, R"~(quo"ted)~");
    EXPECT_EQ(in.next().what, record_text_reader::kind::end);
    EXPECT_EQ(in.next().what, record_text_reader::kind::end);
}

} // namespace
} // namespace tandem::values
