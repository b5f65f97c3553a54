#include "codecs/base/lsn.hpp"

#include "tests/support/exact_buffer.hpp"

#include <gtest/gtest.h>

#include <random>

namespace tandem {
namespace {

TEST(Lsn, FormatsAsPostgresDoes) {
    struct {
        std::uint64_t value;
        char const* text;
    } const cases[] = {
        {0, "0/0"},
        {1, "0/1"},
        {0xFFFF'FFFF, "0/FFFFFFFF"},
        {0x1'0000'0000, "1/0"},
        {0x16'B374'D848, "16/B374D848"},
        {0xFFFF'FFFF'FFFF'FFFF, "FFFFFFFF/FFFFFFFF"},
    };
    for (auto const& [value, text] : cases) {
        EXPECT_EQ(to_string(lsn{value}), text);
        EXPECT_EQ(lsn::parse(text), lsn{value});
    }
}

TEST(Lsn, ParsesWhatPostgresAccepts) {
    EXPECT_EQ(lsn::parse("16/b374d848"), lsn{0x16'B374'D848});
    EXPECT_EQ(lsn::parse("00000016/00000001"), lsn{0x16'0000'0001});
}

TEST(Lsn, ParseRefuses) {
    char const* const bad[] = {
        "",     "/",    "0",    "0/",    "/0",          "0//0",        "0/0/0",       " 0/0",
        "0/0 ", "0/ 0", "+1/0", "-1/0",  "0/-1",        "0x1/0",       "0/0x1",       "G/0",
        "0/G",  "0,0",  "0\\0", "0/0\n", "123456789/0", "0/123456789", "000000001/0",
    };
    for (char const* const text : bad) {
        EXPECT_EQ(lsn::parse(wire::exact_buffer{text}.view()), std::nullopt) << '"' << text << '"';
    }
    EXPECT_EQ(lsn::parse(std::string_view{"0/0\0", 4}), std::nullopt) << "embedded zero";
    EXPECT_EQ(lsn::parse({}), std::nullopt) << "no text at all";
}

TEST(Lsn, RoundTripsAnyValue) {
    std::mt19937_64 random{20260101};
    for (int round = 0; round < 10'000; ++round) {
        lsn const position{random() >> (random() % 64)};
        ASSERT_EQ(lsn::parse(wire::exact_buffer{to_string(position)}.view()), position);
    }
}

TEST(Lsn, OnlyZeroIsNone) {
    EXPECT_FALSE(lsn{});
    EXPECT_TRUE(lsn{1});
    EXPECT_LT(lsn{0xFFFF'FFFF}, lsn{0x1'0000'0000});
}

} // namespace
} // namespace tandem
