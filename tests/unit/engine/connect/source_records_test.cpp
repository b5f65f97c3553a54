#include "engine/connect/source_records.hpp"

#include <gtest/gtest.h>

namespace tandem::connect {
namespace {

TEST(RecordPosition, ComesBack) {
    arena bytes;
    auto const text = encode_position({"7345.1", {lsn{0x1'0000'00FF}, 5}}, bytes);
    EXPECT_EQ(text, "7345.1 1/FF.5");
    auto const back = decode_position(text);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->source, "7345.1");
    EXPECT_EQ(back->at, (event::stream_position{lsn{0x1'0000'00FF}, 5}));
}

TEST(RecordPosition, OfAnotherFormIsNone) {
    for (auto const* text : {"", " ", "1/FF.5", "7345.1 1/FF", "7345.1 1/FF.", "7345.1 1/FF.x",
                             "7345.1 1/FF.5x", "a\"b 1/FF.5", "7345.1 FF.5", ". ."}) {
        EXPECT_FALSE(decode_position(text)) << text;
    }
}

TEST(SourceTopic, HasNoByteThatTopicsMayNotHave) {
    source_settings settings;
    settings.prefix = "p";
    settings.delimiter = ".";
    EXPECT_EQ(source_topic(settings, "odd schema", "t\xc3\xa4"), "p.odd_schema.t__");
    EXPECT_EQ(source_topic(settings, "s", std::string(300, 't')).size(), 249U);
}

} // namespace
} // namespace tandem::connect
