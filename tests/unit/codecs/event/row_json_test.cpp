#include "codecs/event/row_plan.hpp"
#include "tests/support/exact_buffer.hpp"
#include "tests/support/pgoutput_builder.hpp"
#include "tests/support/row_writers.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace tandem::event {
namespace {

pgoutput::relation_shape shape_of(std::vector<pgoutput::column_shape> columns) {
    pgoutput::relation_shape shape;
    shape.id = oid{16'400};
    shape.schema = "public";
    shape.name = "t";
    shape.columns = std::move(columns);
    return shape;
}

// A row as it lies in a message that ends with it.
class row {
public:
    explicit row(wire::columns const& columns) : buffer_{wire::insert(1, columns)} {
        auto const read = pgoutput::decode(buffer_.view());
        tuple_ = std::get<pgoutput::insert>(*read).new_row;
    }
    [[nodiscard]] pgoutput::tuple_view tuple() const { return tuple_; }

private:
    wire::exact_buffer buffer_;
    pgoutput::tuple_view tuple_;
};

std::string written(row_plan const& plan, wire::columns const& columns,
                    row_part part = row_part::all) {
    row const given{columns};
    // Exactly the room that is asked for: the sanitizer finds what does not keep to it.
    auto const all = written_by_all(plan, given.tuple(), part);
    for (written_row const& each : all) {
        EXPECT_EQ(each.text, all.front().text) << each.isa;
    }
    return all.front().text;
}

pgoutput::column_shape column(std::string name, std::uint32_t type, bool key = false) {
    return {std::move(name), oid{type}, -1, key};
}

row_plan const& two() {
    static row_plan const plan = exact_plan(shape_of({column("id", 20, true), column("v", 25)}));
    return plan;
}

TEST(RowJson, ValuesNullsAndKeys) {
    EXPECT_EQ(written(two(), {wire::text("1"), wire::text("x")}), R"({"id":1,"v":"x"})");
    EXPECT_EQ(written(two(), {wire::text("1"), wire::null()}), R"({"id":1,"v":null})");
    EXPECT_EQ(written(two(), {wire::text("-9223372036854775808"), wire::text("")}),
              R"({"id":-9223372036854775808,"v":""})");
    EXPECT_EQ(written(two(), {wire::text("1"), wire::text("x")}, row_part::key), R"({"id":1})");
}

TEST(RowJson, WhatWasNotSentIsNotThere) {
    EXPECT_EQ(written(two(), {wire::text("1"), wire::unchanged()}), R"({"id":1})");
    EXPECT_EQ(written(two(), {wire::unchanged(), wire::unchanged()}), "{}");
    EXPECT_EQ(written(exact_plan(shape_of({})), {}), "{}");
}

TEST(RowJson, BinaryColumnsAreRefusedByNumber) {
    EXPECT_EQ(written(two(), {wire::text("1"), wire::binary("x")}), "column 1");
}

// What the kernel says of this processor, in its own words.
bool kernel_says(std::string const& flag) {
    std::ifstream in{"/proc/cpuinfo"};
    for (std::string line; std::getline(in, line);) {
        std::istringstream words{line};
        for (std::string word; line.starts_with("flags") && words >> word;) {
            if (word == flag) {
                return true;
            }
        }
    }
    return false;
}

TEST(RowWriters, TheBaselineIsThereForEveryProcessor) {
    auto const without = row_writers(false);
    ASSERT_EQ(without.size(), 1U);
    EXPECT_EQ(without.front().write, write_row_baseline);
    EXPECT_EQ(row_writers(true).front().write, write_row_baseline);
}

#ifdef __x86_64__
TEST(RowWriters, AProcessorThatHasAllOfV3TakesIt) {
    bool const has_all = kernel_says("avx2") && kernel_says("bmi2") && kernel_says("fma");
    EXPECT_EQ(processor_has_v3(), has_all);
    EXPECT_EQ(row_writers(true).back().write, write_row_x86_64_v3);
    EXPECT_STREQ(row_writers(true).back().isa, "x86-64-v3");
}
#endif

// Around every width at which a writer goes from one loop to the next, with what needs an escape at every place.
TEST(RowWriters, AgreeOnEveryLengthAndPlace) {
    std::string_view const specials = "\"\\\n\x01\x1f \x7f\x80\xff";
    for (std::size_t size = 0; size <= 100; ++size) {
        for (std::size_t place = 0; place < size; ++place) {
            std::string text(size, 'x');
            text[place] = specials[(size + place) % specials.size()];
            auto const json = written(two(), {wire::text("1"), wire::text(text)});
            ASSERT_GE(json.size(), size) << size << ' ' << place;
        }
    }
}

// The text of numbers too: those of other bytes are refused by all.
TEST(RowWriters, AgreeOnNumbersOfEveryLength) {
    std::string_view const bytes = "09-+.e/:,x \"";
    for (std::size_t size = 1; size <= 40; ++size) {
        for (std::size_t place = 0; place < size; ++place) {
            std::string text(size, '7');
            text[place] = bytes[(size + place) % bytes.size()];
            static_cast<void>(written(two(), {wire::text(text), wire::null()}));
        }
    }
}

struct exact_value {
    char const* name;
    std::uint32_t type;
    std::string text;
    std::string json;
};

void PrintTo(exact_value const& each, std::ostream* out) {
    *out << each.name;
}

class ExactValue : public testing::TestWithParam<exact_value> {};

TEST_P(ExactValue, Json) {
    auto const& [name, type, text, json] = GetParam();
    row_plan const plan = exact_plan(shape_of({column("v", type)}));
    EXPECT_EQ(written(plan, {wire::text(text)}), "{\"v\":" + json + "}");
}

INSTANTIATE_TEST_SUITE_P(
    RowJson, ExactValue,
    testing::ValuesIn(std::vector<exact_value>{
        {"true", 16, "t", "true"},
        {"false", 16, "f", "false"},
        {"int2", 21, "-32768", "-32768"},
        {"int4", 23, "2147483647", "2147483647"},
        {"int8", 20, "9223372036854775807", "9223372036854775807"},
        {"oid", 26, "4294967295", "4294967295"},
        {"float8", 701, "0.1", "0.1"},
        {"float8_large", 701, "1.7976931348623157e+308", "1.7976931348623157e+308"},
        {"float8_small", 701, "5e-324", "5e-324"},
        {"float8_negative_zero", 701, "-0", "-0"},
        {"float8_nan", 701, "NaN", R"("NaN")"},
        {"float8_infinity", 701, "Infinity", R"("Infinity")"},
        {"float4_minus_infinity", 700, "-Infinity", R"("-Infinity")"},
        {"numeric", 1700, "1.10", R"("1.10")"},
        {"numeric_nan", 1700, "NaN", R"("NaN")"},
        {"text", 25, "a\"b\\c\n\x01", R"("a\"b\\c\n\u0001")"},
        {"korean", 25, "안녕하세요", R"("안녕하세요")"},
        {"json", 114, R"({"a": [1, null]})", R"("{\"a\": [1, null]}")"},
        {"jsonb_escape", 3802, R"("\u0000")", R"("\"\\u0000\"")"},
        {"bytea", 17, R"(\x00ff)", R"("\\x00ff")"},
        {"timestamptz", 1184, "2026-11-22 18:16:00.123456+00",
         R"("2026-11-22 18:16:00.123456+00")"},
        {"timestamp_bc", 1114, "4713-01-01 00:00:00 BC", R"("4713-01-01 00:00:00 BC")"},
        {"time_24", 1083, "24:00:00", R"("24:00:00")"},
        {"int_array", 1007, "[2:3]={1,NULL}", R"("[2:3]={1,NULL}")"},
        {"text_array", 1009, R"({"a,b",NULL,""})", R"("{\"a,b\",NULL,\"\"}")"},
        {"uuid", 2950, "7d444840-9dc0-11d1-b245-5ffdce74fad2",
         R"("7d444840-9dc0-11d1-b245-5ffdce74fad2")"},
        {"of_an_extension", 16'999, "x", R"("x")"},
    }),
    [](auto const& each) { return std::string{each.param.name}; });

TEST(RowJson, WhatIsNoValueOfItsTypeIsRefusedByNumber) {
    for (auto const& [type, text] :
         std::vector<std::pair<std::uint32_t, std::string>>{{16, ""},
                                                            {16, "true"},
                                                            {16, "x"},
                                                            {23, ""},
                                                            {23, "1x"},
                                                            {20, "\"1"},
                                                            {701, ""},
                                                            {701, "nan"},
                                                            {701, "1,5"},
                                                            {700, "Infinit"}}) {
        row_plan const plan = exact_plan(shape_of({column("id", 23), column("v", type)}));
        EXPECT_EQ(written(plan, {wire::text("1"), wire::text(text)}), "column 1")
            << type << ' ' << text;
    }
}

TEST(RowJson, NamesAreEscaped) {
    EXPECT_EQ(written(exact_plan(shape_of({column("a\"b", 23), column("\n", 23), column("", 23),
                                           column("名前", 23)})),
                      {wire::text("1"), wire::text("2"), wire::text("3"), wire::text("4")}),
              R"({"a\"b":1,"\n":2,"":3,"名前":4})");
    std::string const longest(63, '\x01'); // the most that a name can become
    std::string expected;
    for (int index = 0; index < 63; ++index) {
        expected += "\\u0001";
    }
    EXPECT_EQ(written(exact_plan(shape_of({column(longest, 23)})), {wire::text("1")}),
              "{\"" + expected + "\":1}");
}

TEST(RowJson, TheWorstCaseHasRoom) {
    std::string const worst(5'000, '\x02');
    std::string const json = written(two(), {wire::text("1"), wire::text(worst)});
    EXPECT_EQ(json.size(), std::string_view{R"({"id":1,"v":""})"}.size() + 6 * worst.size());
    std::vector<pgoutput::column_shape> wide;
    for (int index = 0; index < 1'600; ++index) {
        wide.push_back(column("c" + std::to_string(index), 16));
    }
    wire::columns const row(1'600, wire::text("f"));
    EXPECT_EQ(written(exact_plan(shape_of(wide)), row).substr(0, 24),
              R"({"c0":false,"c1":false,")");
}

} // namespace
} // namespace tandem::event
