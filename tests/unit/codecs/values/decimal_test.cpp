#include "codecs/values/decimal.hpp"

#include "tests/support/plain_decimal.hpp"

#include <gtest/gtest.h>

#include <random>
#include <tuple>

namespace tandem::values {
namespace {

using namespace std::string_literals;

struct decimal_case {
    char const* name;
    std::string text;
    std::int32_t scale;
    std::string bytes;
};

void PrintTo(decimal_case const& each, std::ostream* out) {
    *out << each.name;
}

class Decimal : public testing::TestWithParam<decimal_case> {};
TEST_P(Decimal, BothWays) {
    auto const& [name, text, scale, bytes] = GetParam();
    std::string out = "before";
    auto const done = append_unscaled(text, scale, out);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(out, "before" + bytes);
    EXPECT_EQ(decimal_text(bytes, scale), text);
    EXPECT_EQ(scale_of(text), scale);
}
INSTANTIATE_TEST_SUITE_P(
    Values, Decimal,
    testing::ValuesIn(std::vector<decimal_case>{
        {"zero", "0", 0, "\0"s},
        {"zero_with_scale", "0.00", 2, "\0"s},
        {"one", "1", 0, "\x01"},
        {"minus_one", "-1", 0, "\xff"},
        {"b127", "127", 0, "\x7f"},
        {"b128", "128", 0, "\x00\x80"s},
        {"minus_128", "-128", 0, "\x80"},
        {"minus_129", "-129", 0, "\xff\x7f"},
        {"b255", "255", 0, "\x00\xff"s},
        {"b256", "256", 0, "\x01\x00"s},
        {"minus_256", "-256", 0, "\xff\x00"s},
        {"limb", "4294967296", 0, "\x01\x00\x00\x00\x00"s},
        {"below_limb", "4294967295", 0, "\x00\xff\xff\xff\xff"s},
        {"minus_limb", "-4294967296", 0, "\xff\x00\x00\x00\x00"s},
        {"least_of_a_limb", "-2147483648", 0, "\x80\x00\x00\x00"s},
        {"least_of_64", "-9223372036854775808", 0, "\x80\x00\x00\x00\x00\x00\x00\x00"s},
        {"beyond_64", "18446744073709551616", 0, "\x01\x00\x00\x00\x00\x00\x00\x00\x00"s},
        {"cents", "1.10", 2, "\x6e"},
        {"thousandth", "-0.001", 3, "\xff"},
        {"documented", "10.1111", 4, "\x01\x8a\xf7"},
    }),
    [](auto const& each) { return std::string{each.param.name}; });

TEST(DecimalText, ScalesBeyondTheDigits) {
    EXPECT_EQ(decimal_text("\x01", 5), "0.00001");
    EXPECT_EQ(decimal_text("\xff", 1), "-0.1");
    EXPECT_EQ(decimal_text("\x07", -3), "7000");
    EXPECT_EQ(decimal_text("\0"s, -3), "0");
    EXPECT_EQ(decimal_text("", 0), "0");
    EXPECT_EQ(decimal_text("\x00\x00\x01"s, 0), "1") << "bytes that say nothing are read";
    EXPECT_EQ(decimal_text("\xff\xff\xff", 0), "-1");
}

TEST(DecimalText, TheScaleMayBeGreaterThanTheTexts) {
    std::string bytes;
    ASSERT_TRUE(append_unscaled("1.5", 3, bytes));
    EXPECT_EQ(bytes, "\x05\xdc");
    EXPECT_EQ(decimal_text(bytes, 3), "1.500");
}

TEST(DecimalText, ManyDigits) {
    for (std::size_t const digits : {std::size_t{100}, std::size_t{20'000}}) {
        std::string text = "-";
        for (std::size_t index = 0; index < digits; ++index) {
            text.push_back(static_cast<char>('1' + index % 9));
        }
        text += ".000500";
        std::string bytes;
        ASSERT_TRUE(append_unscaled(text, 6, bytes));
        EXPECT_EQ(decimal_text(bytes, 6), text);
    }
}

TEST(DecimalText, AgainstTheMachinesOwnNumbers) {
    std::mt19937_64 random{11}; // NOLINT(cert-msc51-cpp): the same every time
    for (int round = 0; round < 50'000; ++round) {
        auto const number =
            static_cast<std::int64_t>(random() >> (random() % 64)) * (round % 2 == 0 ? 1 : -1);
        std::string bytes;
        ASSERT_TRUE(append_unscaled(std::to_string(number), 0, bytes));
        ASSERT_LE(bytes.size(), 9U);
        auto value = static_cast<std::uint64_t>(
            static_cast<std::int64_t>(static_cast<signed char>(bytes.front())));
        for (char const each : std::string_view{bytes}.substr(1)) {
            value = value << 8U | static_cast<unsigned char>(each);
        }
        ASSERT_EQ(static_cast<std::int64_t>(value), number);
        ASSERT_EQ(decimal_text(bytes, 0), std::to_string(number));
    }
}

// Around what fits a register of 64 and of 128 bits, against school arithmetic.
TEST(DecimalText, AgainstSchoolArithmetic) {
    for (std::size_t digits = 1; digits <= 60; ++digits) {
        for (std::string const& whole :
             {std::string(digits, '9'), '1' + std::string(digits - 1, '0'),
              std::string(digits, '0') + '7', std::string(digits, '8') + '1'}) {
            for (std::size_t const scale : {std::size_t{0}, std::size_t{1}, digits}) {
                for (char const* const sign : {"", "-"}) {
                    std::string const text = sign + whole;
                    std::string bytes;
                    ASSERT_TRUE(append_unscaled(text, static_cast<std::int32_t>(scale), bytes));
                    ASSERT_EQ(bytes, wire::plain_decimal::unscaled(text, scale)) << text;
                    ASSERT_EQ(decimal_text(bytes, static_cast<std::int32_t>(scale)),
                              wire::plain_decimal::text(bytes, scale))
                        << text;
                }
            }
        }
    }
    for (std::string const& bytes :
         {"\x7f" + std::string(15, '\xff'), "\x80" + std::string(15, '\0'), std::string(16, '\xff'),
          std::string(17, '\xff'), std::string(17, '\0'), '\0' + std::string(16, '\xff'),
          "\x80" + std::string(16, '\0')}) {
        EXPECT_EQ(decimal_text(bytes, 3), wire::plain_decimal::text(bytes, 3));
    }
}

TEST(DecimalText, Refuses) {
    struct {
        char const* text;
        std::int32_t scale;
        std::uint32_t at;
    } const cases[] = {
        {"", 0, 0},   {"-", 0, 1},    {"NaN", 0, 0},  {"Infinity", 0, 0}, {"1e5", 0, 1},
        {"1.", 1, 2}, {".5", 1, 2},   {"1.25", 1, 4}, {"1,5", 1, 1},      {"+1", 0, 0},
        {"1 ", 0, 1}, {"0x10", 0, 1}, {"--1", 0, 1},  {"1", -1, 1},
    };
    for (auto const& [text, scale, at] : cases) {
        std::string out = "kept";
        auto const done = append_unscaled(text, scale, out);
        ASSERT_FALSE(done) << text;
        EXPECT_EQ(done.error(), (codec_error{codec_errc::bad_value, at})) << text;
        EXPECT_EQ(out, "kept");
    }
    EXPECT_TRUE(is_special_number("NaN") && is_special_number("Infinity") &&
                is_special_number("-Infinity"));
    EXPECT_FALSE(is_special_number("nan") || is_special_number("1"));
}

TEST(Decimal, ScalesBelowZero) {
    for (auto const& [text, scale, digits] : {std::tuple{"12300", -2, "123"},
                                              {"-12300", -2, "-123"},
                                              {"100", -2, "1"},
                                              {"0", -2, "0"},
                                              {"1200", -1, "120"}}) {
        std::string bytes;
        std::string expected;
        ASSERT_TRUE(append_unscaled(text, scale, bytes)) << text;
        ASSERT_TRUE(append_unscaled(digits, 0, expected));
        EXPECT_EQ(bytes, expected) << text;
        EXPECT_EQ(decimal_text(bytes, scale), text);
    }
    for (std::string_view const text : {"12340", "1", "12300.5", "00x"}) {
        std::string bytes;
        EXPECT_FALSE(append_unscaled(text, -2, bytes)) << text;
    }
}

} // namespace
} // namespace tandem::values
