#include "codecs/event/json_text.hpp"

#include "tests/support/exact_buffer.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

namespace tandem::event {
namespace {

using namespace std::string_view_literals;

std::string escaped(std::string_view text) {
    wire::exact_buffer const buffer{text}; // reading beyond is found by the sanitizer
    std::string room(text.size() * escaped_most + slack, '#');
    char const* const end = append_escaped(room.data(), buffer.view());
    room.resize(static_cast<std::size_t>(end - room.data()));
    return room;
}

// The same, byte by byte.
std::string plainly_escaped(std::string_view text) {
    std::string out;
    for (char const each : text) {
        switch (each) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\b':
            out += "\\b";
            break;
        case '\t':
            out += "\\t";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\f':
            out += "\\f";
            break;
        case '\r':
            out += "\\r";
            break;
        default:
            out += static_cast<unsigned char>(each) < 0x20
                       ? fmt::format("\\u{:04X}", static_cast<unsigned char>(each))
                       : std::string(1, each);
        }
    }
    return out;
}

TEST(JsonText, EveryByteAlone) {
    for (int value = 0; value < 256; ++value) {
        std::string const text(1, static_cast<char>(value));
        EXPECT_EQ(escaped(text), plainly_escaped(text)) << value;
    }
}

TEST(JsonText, KnownForms) {
    EXPECT_EQ(escaped(""), "");
    EXPECT_EQ(escaped("plain"), "plain");
    EXPECT_EQ(escaped("\"\\/\b\f\n\r\t"), R"(\"\\/\b\f\n\r\t)");
    EXPECT_EQ(escaped("\0\x1f\x7f"sv), "\\u0000\\u001F\x7f");
    EXPECT_EQ(escaped("안녕 🙂 e\u0301"), "안녕 🙂 e\u0301");
    EXPECT_EQ(escaped("\u2028</script>"), "\u2028</script>") << "as Jackson leaves them";
}

TEST(JsonText, EveryLengthAndEveryPlace) {
    for (std::size_t size = 0; size <= 100; ++size) {
        std::string const plain(size, 'x');
        ASSERT_EQ(escaped(plain), plain) << size;
        for (std::size_t at = 0; at < size; ++at) {
            for (char const special : {'"', '\\', '\n', '\x01', '\xff', ' '}) {
                std::string text = plain;
                text[at] = special;
                ASSERT_EQ(escaped(text), plainly_escaped(text)) << size << ", " << at;
            }
        }
        std::string const specials(size, '"');
        ASSERT_EQ(escaped(specials), plainly_escaped(specials)) << size;
    }
}

TEST(JsonText, AnyBytes) {
    std::mt19937 random{7}; // NOLINT(cert-msc51-cpp): the same every time
    for (int round = 0; round < 20'000; ++round) {
        std::string text(random() % 80, '\0');
        for (char& each : text) {
            each = static_cast<char>(round % 2 == 0 ? random() % 256 : 'a' + random() % 20);
        }
        ASSERT_EQ(escaped(text), plainly_escaped(text));
    }
}

TEST(JsonText, Numbers) {
    for (std::size_t size = 1; size <= 40; ++size) {
        std::string const digits(size, '7');
        for (std::size_t at = 0; at < size; ++at) {
            for (int value = 0; value < 256; ++value) {
                std::string text = digits;
                text[at] = static_cast<char>(value);
                wire::exact_buffer const buffer{text};
                char out[200];
                char const* const end = append_number_text(out, buffer.view());
                bool const good =
                    std::string_view{"0123456789+-.e"}.find(text[at]) != std::string_view::npos;
                ASSERT_EQ(end != nullptr, good) << size << ", " << at << ", " << value;
                if (good) {
                    ASSERT_EQ((std::string_view{out, static_cast<std::size_t>(end - out)}), text);
                }
            }
        }
    }
    char out[200];
    EXPECT_EQ(append_number_text(out, ""), nullptr);
}

TEST(JsonText, Fragments) {
    for (std::size_t size = 0; size <= 80; ++size) {
        std::string fragment(size, 'f');
        std::string const padded = fragment + std::string(slack, '-');
        char out[200];
        char const* const end = append_fragment(out, padded.data(), size);
        EXPECT_EQ((std::string_view{out, static_cast<std::size_t>(end - out)}), fragment);
    }
}

} // namespace
} // namespace tandem::event
