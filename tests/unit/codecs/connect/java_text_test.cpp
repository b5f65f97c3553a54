#include "codecs/connect/java_text.hpp"

#include "codecs/connect/number_kind.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace tandem::connect {
namespace {

template <class Number>
std::string java(Number number) {
    std::string text;
    append_java(number, text);
    return text;
}

TEST(JavaText, DoublesAreAsJavaWritesThem) {
    std::vector<std::pair<double, std::string>> const known{{0.0, "0.0"},
                                                            {-0.0, "-0.0"},
                                                            {1.0, "1.0"},
                                                            {100.0, "100.0"},
                                                            {1234567.0, "1234567.0"},
                                                            {1e7, "1.0E7"},
                                                            {12345678, "1.2345678E7"},
                                                            {0.001, "0.001"},
                                                            {0.0001, "1.0E-4"},
                                                            {-2.5, "-2.5"},
                                                            {1e300, "1.0E300"},
                                                            {0.1, "0.1"},
                                                            {123.456, "123.456"}};
    for (auto const& [number, text] : known) {
        EXPECT_EQ(java(number), text);
    }
    EXPECT_EQ(java(std::numeric_limits<double>::quiet_NaN()), "NaN");
    EXPECT_EQ(java(-std::numeric_limits<double>::infinity()), "-Infinity");
}

TEST(JavaText, FloatsHaveTheirOwnDigits) {
    EXPECT_EQ(java(0.1F), "0.1");
    EXPECT_EQ(java(16777216.0F), "1.6777216E7");
}

TEST(JavaText, WhatIsBeyondADoubleIsInfiniteOrZero) {
    EXPECT_EQ(java(double_of("1e999")), "Infinity");
    EXPECT_EQ(java(double_of("-1e999")), "-Infinity");
    EXPECT_EQ(java(double_of("1e-999")), "0.0");
}

TEST(JavaText, DecimalsAreAsBigDecimalWritesThem) {
    std::vector<std::pair<std::string, std::string>> const known{
        {"0", "0"},
        {"1.50", "1.50"},
        {"-1.50", "-1.50"},
        {"+7", "7"},
        {"1e3", "1E+3"},
        {"1.5e3", "1.5E+3"},
        {"0.000001", "0.000001"},
        {"0.0000001", "1E-7"},
        {"12e-9", "1.2E-8"},
        {".5", "0.5"},
        {"5.", "5"},
        {"-0.00", "0.00"},
        {"123456789012345678901234567890", "123456789012345678901234567890"}};
    for (auto const& [text, written] : known) {
        auto const read = decimal_of(text);
        ASSERT_TRUE(read) << text;
        std::string again;
        append_java_decimal(read->unscaled, read->scale, again);
        EXPECT_EQ(again, written);
    }
    for (auto const* const text :
         {"", "-", ".", "1.2.3", "1e", "e5", "0x1", "1 ", "1e99999999999"}) {
        EXPECT_FALSE(decimal_of(text)) << text;
    }
}

TEST(JavaText, UnscaledBytesAreMinimal) {
    using namespace std::string_view_literals;
    EXPECT_EQ(minimal_unscaled("\0\0\x7F"sv), "\x7F"sv);
    EXPECT_EQ(minimal_unscaled("\0\x80"sv), "\0\x80"sv);
    EXPECT_EQ(minimal_unscaled("\xFF\xFF\x80"sv), "\x80"sv);
    EXPECT_EQ(minimal_unscaled("\0\0"sv), "\0"sv);
}

TEST(JavaText, LongsAreTheLowBits) {
    EXPECT_EQ(long_of("12.9"), 12);
    EXPECT_EQ(long_of("-12.9"), -12);
    EXPECT_EQ(long_of("1e3"), 1000);
    EXPECT_EQ(long_of("0.5"), 0);
    EXPECT_EQ(long_of("18446744073709551617"), 1);
    EXPECT_EQ(long_of("-9223372036854775809"), 9223372036854775807);
    EXPECT_EQ(long_of("1e99"), 0);
    EXPECT_FALSE(long_of("abc"));
}

} // namespace
} // namespace tandem::connect
