#include "codecs/values/shown_value.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

namespace tandem::values {
namespace {

// The text of the form that write_send_form() makes of a text: they must meet.
std::string there_and_back(std::uint32_t type, std::string_view text) {
    auto const form = send_form_of(oid{type});
    auto const room = std::make_unique<char[]>(send_form_most(text.size()));
    auto const* const end = write_send_form(form, text, room.get());
    if (end == nullptr) {
        return "goes as text";
    }
    auto const size = static_cast<std::size_t>(end - room.get());
    auto const exact = std::make_unique<char[]>(size);
    std::copy(room.get(), room.get() + size, exact.get());
    std::string shown;
    return append_shown(form, {exact.get(), size}, shown) ? shown : "not shown";
}

struct shown_case {
    std::uint32_t type;
    char const* text;
};

TEST(ShownValue, IsTheTextThatTheServerWouldPrint) {
    for (auto const& [type, text] : {
             shown_case{16, "t"},
             {16, "f"},
             {20, "-9223372036854775808"},
             {21, "32767"},
             {23, "-1"},
             {25, "안녕 <script>"},
             {25, ""},
             {700, "0.5"},
             {701, "-1.25e+300"},
             {1082, "2026-11-30"},
             {1082, "0001-01-01"},
             {1082, "infinity"},
             {1082, "0044-03-15 BC"},
             {1083, "00:00:00"},
             {1083, "23:59:59.5"},
             {1114, "2026-11-30 05:00:00"},
             {1114, "2026-11-30 05:00:00.000123"},
             {1184, "2026-11-30 05:00:00.5+00"},
             {1184, "infinity"},
             {1700, "0"},
             {1700, "0.00"},
             {1700, "-123.4500"},
             {1700, "10000"},
             {1700, "0.0001"},
             {1700, "0.00001234"},
             {1700, "99999999999999999999999999999999.9999"},
             {2950, "0f8fad5b-d9cb-469f-a165-70867728950e"},
             {3802, "{\"k\": [1, 2]}"},
             {17, "\\x00ff10"},
             {17, "\\x"},
         }) {
        EXPECT_EQ(there_and_back(type, text), text) << type;
    }
}

TEST(ShownValue, NumbersThatAreNone) {
    std::string shown;
    EXPECT_TRUE(
        append_shown(send_form::float8, std::string_view{"\x7f\xf8\0\0\0\0\0\0", 8}, shown));
    EXPECT_TRUE(append_shown(send_form::float4, std::string_view{"\xff\x80\0\0", 4}, shown));
    EXPECT_TRUE(append_shown(send_form::numeric, std::string_view{"\0\0\0\0\xc0\0\0\0", 8}, shown));
    EXPECT_EQ(shown, "NaN-InfinityNaN");
}

TEST(ShownValue, BytesThatAreNoValueOfTheForm) {
    for (auto const form :
         {send_form::boolean, send_form::int2, send_form::int4, send_form::int8, send_form::float4,
          send_form::float8, send_form::numeric, send_form::jsonb, send_form::uuid, send_form::date,
          send_form::time, send_form::timestamp, send_form::timestamptz, send_form::none}) {
        std::string shown = "before";
        EXPECT_FALSE(append_shown(form, {}, shown)) << static_cast<int>(form);
        auto const three = std::make_unique<char[]>(3);
        bool const numeric_like = form == send_form::jsonb; // any bytes behind its version
        EXPECT_EQ(append_shown(form, {three.get(), 3}, shown), numeric_like)
            << static_cast<int>(form);
        if (!numeric_like) {
            EXPECT_EQ(shown, "before");
        }
    }
    std::string shown;
    EXPECT_FALSE(append_shown(send_form::numeric, std::string_view{"\0\5\0\0\0\0\0\0", 8}, shown))
        << "it has fewer groups than it says";
}

} // namespace
} // namespace tandem::values
