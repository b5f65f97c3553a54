#include "codecs/values/bytes_text.hpp"

#include <gtest/gtest.h>

#include <random>

namespace tandem::values {
namespace {

using namespace std::string_literals;

TEST(BytesText, BothWays) {
    struct {
        std::string bytes, hex, base64, url;
    } const cases[] = {
        {"", "\\x", "", ""},
        {"\x01\x02\x03", "\\x010203", "AQID", "AQID"},
        {"\0\xff"s, "\\x00ff", "AP8=", "AP8="},
        {"\xfb\xff\xfe", "\\xfbfffe", "+//+", "-__-"},
        {"a", "\\x61", "YQ==", "YQ=="},
    };
    for (auto const& [bytes, hex, base64, url] : cases) {
        EXPECT_EQ(bytea_text(bytes), hex);
        EXPECT_EQ(*parse_bytea(hex), bytes);
        EXPECT_EQ(base64_text(bytes), base64);
        EXPECT_EQ(base64_text(bytes, base64_alphabet::url_safe), url);
        EXPECT_EQ(*parse_base64(base64), bytes);
        EXPECT_EQ(*parse_base64(url), bytes);
    }
    EXPECT_EQ(*parse_bytea("\\xABcd"), "\xab\xcd");
    EXPECT_EQ(*parse_base64("YQ"), "a") << "without padding";
}

TEST(BytesText, AnyBytesComeBack) {
    std::mt19937 random{3}; // NOLINT(cert-msc51-cpp): the same every time
    for (std::size_t size = 0; size < 300; ++size) {
        std::string bytes(size, '\0');
        for (char& each : bytes) {
            each = static_cast<char>(random() % 256);
        }
        EXPECT_EQ(*parse_bytea(bytea_text(bytes)), bytes);
        EXPECT_EQ(*parse_base64(base64_text(bytes)), bytes);
        EXPECT_EQ(*parse_base64(base64_text(bytes, base64_alphabet::url_safe)), bytes);
        std::string into = "left";
        ASSERT_TRUE(bytea_of_base64(base64_text(bytes), into));
        EXPECT_EQ(into, bytea_text(bytes));
        into = "behind ";
        ASSERT_TRUE(append_of_base64(base64_text(bytes), into));
        EXPECT_EQ(into, "behind " + bytes);
    }
}

TEST(BytesText, AnErrorLeavesWhatWasThere) {
    for (char const* const text : {"A", "AQ!D", "AR=="}) {
        std::string into = "left";
        EXPECT_FALSE(append_of_base64(text, into));
        EXPECT_EQ(into, "left");
    }
}

TEST(BytesText, Refuses) {
    struct {
        char const* text;
        std::uint32_t at;
    } const hex[] = {{"", 0},      {"00ff", 0},   {"\\x0", 3}, {"\\xg0", 2},
                     {"\\x0g", 3}, {"\\x00 ", 4}, {"\\000", 0}},
            base64[] = {{"A", 1},    {"A===", 1}, {"AQ=", 2},      {"AQID=", 4}, {"AQ==AQ==", 2},
                        {"AQ!D", 2}, {"A QI", 1}, {"AQIDAQ=A", 6}, {"AR==", 1},  {"AQJ=", 2}};
    for (auto const& [text, at] : hex) {
        auto const read = parse_bytea(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error(), (codec_error{codec_errc::bad_value, at})) << text;
    }
    for (auto const& [text, at] : base64) {
        auto const read = parse_base64(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error(), (codec_error{codec_errc::bad_value, at})) << text;
    }
}

TEST(BitsText, BothWays) {
    struct {
        std::string text, bytes;
    } const cases[] = {
        {"", ""},
        {"1", "\x01"},
        {"11", "\x03"},
        {"10000000", "\x80"},
        {"100000001", "\x01\x01"},
        {"1" + std::string(63, '0'), "\0\0\0\0\0\0\0\x80"s},
        {"0000000010", "\x02\x00"s},
    };
    for (auto const& [text, bytes] : cases) {
        EXPECT_EQ(*parse_bits(text), bytes);
        EXPECT_EQ(bits_text(bytes, text.size()), text);
    }
    EXPECT_EQ(bits_text("\x01", 12), "000000000001") << "bytes that are not there are zero";
    ASSERT_FALSE(parse_bits("102"));
    EXPECT_EQ(parse_bits("102").error(), (codec_error{codec_errc::bad_value, 2}));
}

} // namespace
} // namespace tandem::values
