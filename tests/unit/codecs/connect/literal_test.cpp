#include "codecs/connect/literal.hpp"

#include "codecs/connect/java_text.hpp"
#include "codecs/connect/json_writer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tandem::connect {
namespace {

struct literal_case {
    std::string text;
    std::string shape; // of its schema
    std::string value; // as Connect writes it into a header
};

std::string shape_of(schema_ptr const& of) {
    if (of == nullptr) {
        return "none";
    }
    std::string shown{of->name ? of->name->substr(of->name->rfind('.') + 1)
                               : std::string{java_name(of->type)}};
    if (of->type == schema_type::array) {
        shown += "[" + shape_of(of->element) + "]";
    }
    if (of->type == schema_type::map) {
        shown += "[" + shape_of(of->key) + "," + shape_of(of->element) + "]";
    }
    return shown;
}

TEST(Literal, IsWhatItLooksLike) {
    std::vector<literal_case> const known{
        {"", "STRING", ""},
        {"abc", "STRING", "abc"},
        {"null", "none", "null"},
        {"true", "BOOLEAN", "true"},
        {" false ", "BOOLEAN", "false"},
        {"true}", "STRING", "true}"},
        {"127", "INT8", "127"},
        {"128", "INT16", "128"},
        {"-32769", "INT32", "-32769"},
        {"2147483648", "INT64", "2147483648"},
        {"9223372036854775808", "Decimal", "9223372036854775808"},
        {"1.0", "INT8", "1"},
        {"1.5", "FLOAT32", "1.5"},
        {"1e39", "FLOAT64", "1.0E39"},
        {"2024-02-29", "Date", "2024-02-29"},
        {"13:14:15.016Z", "Time", "13:14:15.016Z"},
        {"2024-02-29T23:59:59.123Z", "Timestamp", "2024-02-29T23:59:59.123Z"},
        {"2024-02-29T23\\:59\\:59.123Z", "Timestamp", "2024-02-29T23:59:59.123Z"},
        {"[]", "ARRAY[none]", "[]"},
        {"[1, 300]", "ARRAY[INT16]", "[1,300]"},
        {"[1, 2.5]", "ARRAY[FLOAT32]", "[1.0,2.5]"},
        {"[1, null]", "STRING", "[1, null]"},
        {"[\"a\", \"2024-02-29\"]", "ARRAY[none]", "[\"a\",2024-02-29]"},
        {"[1, [2]]", "ARRAY[none]", "[1,[2]]"},
        {"[1,]", "ARRAY[INT8]", "[1]"},
        {"[,1]", "STRING", "[,1]"},
        {"[1", "STRING", "[1"},
        {"[a]", "STRING", "[a]"},
        {"{\"a\": 1, \"b\": 70000}", "MAP[STRING,INT32]", "{\"a\":1,\"b\":70000}"},
        {"{1: \"x\"}", "MAP[INT8,STRING]", "{1:\"x\"}"},
        {"[1, 2024-02-29]", "ARRAY[Date]", "[1970-01-02,2024-02-29]"},
        {"[3000000000, 2024-02-29]", "STRING", "[3000000000, 2024-02-29]"},
        {"[-1, 00:00:00.001Z]", "STRING", "[-1, 00:00:00.001Z]"},
        {"{}", "MAP[none,none]", "{}"},
        {"{null: 1}", "STRING", "{null: 1}"},
        {"{\"a\" 1}", "STRING", "{\"a\" 1}"},
    };
    for (auto const& each : known) {
        arena memory;
        auto const read = parse_literal(each.text, memory);
        EXPECT_EQ(shape_of(read.of), each.shape) << each.text;
        EXPECT_EQ(text_of(read.what), each.value) << each.text;
    }
}

TEST(Literal, DepthIsBounded) {
    arena memory;
    std::string const deep = std::string(5'000, '[') + "1" + std::string(5'000, ']');
    EXPECT_EQ(text_of(parse_literal(deep, memory).what), deep);
}

} // namespace
} // namespace tandem::connect
