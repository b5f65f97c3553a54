#include "codecs/values/ascii_text.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace tandem::values {
namespace {

TEST(AsciiText, WhatIsAscii) {
    EXPECT_TRUE(is_ascii(""));
    EXPECT_TRUE(is_ascii("\x01 ~\x7f"));
    EXPECT_FALSE(is_ascii("caf\u00e9"));
}

TEST(AsciiText, KnownForms) {
    EXPECT_EQ(to_ascii("a\\b\n"), "a\\\\b\n");
    EXPECT_EQ(to_ascii("\u0080\u00e9\u07ff"), R"(\u0080\u00e9\u07ff)");
    EXPECT_EQ(to_ascii("\u0800한\uffff"), R"(\u0800\ud55c\uffff)");
    EXPECT_EQ(to_ascii("\U00010000\U0001F600\U0010FFFF"),
              R"(\ud800\udc00\ud83d\ude00\udbff\udfff)");
}

TEST(AsciiText, ComesBack) {
    for (std::string const text :
         {"", "plain", "\\", "\\u0041", "\\\\u", "한국어\\한", "x\U0001F600y\u00e9\\"}) {
        std::string const ascii = to_ascii(text);
        EXPECT_TRUE(is_ascii(ascii));
        EXPECT_EQ(from_ascii(ascii), text);
    }
}

TEST(AsciiText, EveryCharacterOfTheBasicPlaneComesBack) {
    for (std::uint32_t code = 0x80; code < 0x1'0000; ++code) {
        if (code < 0xD800 || code >= 0xE000) { // between them are no characters
            std::string const ascii = fmt::format("\\u{:04x}", code);
            ASSERT_EQ(to_ascii(from_ascii(ascii)), ascii);
        }
    }
}

TEST(AsciiText, WhatItCannotHaveMadeIsLeft) {
    for (std::string const text : {"\\", "\\x", "\\u12", "\\uzzzz"}) {
        EXPECT_EQ(from_ascii(text), text);
    }
}

} // namespace
} // namespace tandem::values
