// Events and keys that real Debezium and our encoder wrote (tests/interop/record_events, kept as the fuzzers' seeds).
#include "codecs/event/decode.hpp"
#include "tests/support/event_said.hpp"
#include "tests/support/padded_record.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace tandem::event {
namespace {

struct recorded {
    std::string name;
    std::string text;
    [[nodiscard]] bool schema() const { return name.find("_schema") != std::string::npos; }
};

std::ostream& operator<<(std::ostream& out, recorded const& shown) {
    return out << shown.name;
}

std::vector<recorded> all_in(std::string const& folder) {
    std::vector<recorded> found;
    for (auto const& entry :
         std::filesystem::directory_iterator{std::filesystem::path{TANDEM_CORPUS} / folder}) {
        std::string const name = entry.path().filename().string();
        if (!name.starts_with("debezium_") && !name.starts_with("tandem_")) {
            continue; // made by hand
        }
        std::ifstream file{entry.path(), std::ios::binary};
        found.push_back({name, std::string{std::istreambuf_iterator<char>{file},
                                           std::istreambuf_iterator<char>{}}});
    }
    std::sort(found.begin(), found.end(),
              [](auto const& a, auto const& b) { return a.name < b.name; });
    return found;
}

std::string name_of(testing::TestParamInfo<recorded> const& info) {
    return info.param.name;
}

class RecordedEvent : public testing::TestWithParam<recorded> {};

TEST_P(RecordedEvent, IsReadAndNothingShorterIs) {
    std::string_view const text = GetParam().text;
    bool const schema = GetParam().schema();
    event_decoder decoder;
    field_names names;
    event_view event;
    arena strings;
    wire::padded_record const whole{text};
    auto const read = decoder.value(whole.view(), {true, schema}, names, event, strings);
    ASSERT_TRUE(read) << read.error().message();
    auto const plain = wire::plain_event::value(text, true, schema);
    ASSERT_TRUE(plain.has_value());
    EXPECT_EQ(wire::event_said::of(event, names), *plain);
    EXPECT_EQ(event.source.connector, "postgresql");
    EXPECT_NE(event.source.position, lsn{});
    for (std::size_t size = 0; size < text.size(); ++size) {
        wire::padded_record const cut{text.substr(0, size)};
        auto const part = decoder.value(cut.view(), {true, schema}, names, event, strings);
        ASSERT_FALSE(part) << "cut to " << size;
        ASSERT_LE(part.error().offset, size);
    }
}

INSTANTIATE_TEST_SUITE_P(Event, RecordedEvent, testing::ValuesIn(all_in("fuzz_event")), name_of);

class RecordedKey : public testing::TestWithParam<recorded> {};

TEST_P(RecordedKey, IsReadAndNothingShorterIs) {
    std::string_view const text = GetParam().text;
    bool const schema = GetParam().schema();
    event_decoder decoder;
    field_names names;
    row_values key;
    arena strings;
    wire::padded_record const whole{text};
    auto const read = decoder.key(whole.view(), schema, names, key, strings);
    ASSERT_TRUE(read) << read.error().message();
    wire::plain_event::said said;
    wire::event_said::row("key", key, names, said);
    EXPECT_EQ(said, wire::plain_event::key(text, schema));
    EXPECT_TRUE(said.contains("key.id"));
    for (std::size_t size = 0; size < text.size(); ++size) {
        wire::padded_record const cut{text.substr(0, size)};
        ASSERT_FALSE(decoder.key(cut.view(), schema, names, key, strings)) << "cut to " << size;
    }
}

INSTANTIATE_TEST_SUITE_P(Event, RecordedKey, testing::ValuesIn(all_in("fuzz_key")), name_of);

} // namespace
} // namespace tandem::event
