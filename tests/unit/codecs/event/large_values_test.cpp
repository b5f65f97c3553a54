// Values of 64 MB through encoder, decoder and the literal of SQL: exact, in bounded time and memory.
#include "codecs/event/decode.hpp"
#include "codecs/event/envelope.hpp"
#include "codecs/event/read_value.hpp"
#include "codecs/event/row_plan.hpp"
#include "codecs/sql/quote.hpp"
#include "tests/support/pgoutput_builder.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <fstream>

namespace tandem::event {
namespace {

constexpr std::size_t megabyte = std::size_t{1} << 20U;
constexpr std::size_t value_bytes = 64 * megabyte;

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TANDEM_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TANDEM_SANITIZED
#endif
#ifdef TANDEM_SANITIZED
// They keep what was freed, and a shadow of all of it.
constexpr std::size_t memory_most = 32 * value_bytes;
constexpr double seconds_most = 60;
#else
constexpr std::size_t memory_most = 10 * value_bytes;
constexpr double seconds_most = 10;
#endif

std::string repeated(std::string_view piece, std::string_view first = {},
                     std::string_view last = {}, char filler = '0') {
    std::string text{first};
    text.reserve(value_bytes);
    while (text.size() + piece.size() + last.size() <= value_bytes) {
        text += piece;
    }
    text += last;
    text.insert(first.size(), value_bytes - text.size(), filler);
    return text;
}

struct large_case {
    char const* name;
    std::uint32_t type;
    bool exact;
    std::string (*make)();
};

void PrintTo(large_case const& each, std::ostream* out) {
    *out << each.name;
}

std::string plain_text() {
    return repeated("The quick brown fox jumps over the lazy dog, and 名前 too. ");
}
std::string text_of_escapes() {
    return repeated("'a\"b\\c\n\x01 名");
}
std::string bytea() {
    return repeated("00ff7f80c3", "\\x");
}
std::string jsonb() {
    return repeated(R"({"id": 12.50, "tags": ["a\"b", null, true, "\\"]}, )", "[", "0]", ' ');
}

// Resident memory of this process at most, since the last call of forget_peak().
std::size_t peak() {
    std::ifstream in{"/proc/self/status"};
    for (std::string word; in >> word;) {
        std::size_t kilobytes = 0;
        if (word == "VmHWM:" && in >> kilobytes) {
            return kilobytes * 1024;
        }
    }
    return 0;
}
void forget_peak() {
    std::ofstream{"/proc/self/clear_refs"} << "5"; // see proc(5)
}

// What one apostrophe or backslash becomes, letter by letter.
bool is_literal_of(std::string_view literal, std::string_view text) {
    bool const escaped = text.find('\\') != text.npos;
    if (!literal.starts_with(escaped ? "E'" : "'") || !literal.ends_with('\'')) {
        return false;
    }
    std::size_t at = escaped ? 2 : 1;
    for (char const each : text) {
        if (each == '\'' || each == '\\') {
            if (literal[at++] != each) {
                return false;
            }
        }
        if (literal[at++] != each) {
            return false;
        }
    }
    return at + 1 == literal.size();
}

class LargeValue : public testing::TestWithParam<large_case> {};

TEST_P(LargeValue, ComesBack) {
    auto const [name, type, exact, make] = GetParam();
    std::string const text = make();
    ASSERT_EQ(text.size(), value_bytes);
    forget_peak();
    std::size_t const before = peak();
    std::clock_t const begun = std::clock(); // of this process, whatever else is running

    pgoutput::relation_shape const shape{
        oid{1}, "s", "t", 'd', {{"id", oid{20}, -1, true}, {"v", oid{type}, -1, false}}};
    relation_events const relation{
        shape, exact ? exact_plan(shape) : debezium_plan(shape, type_table{}, value_options{})};
    event_source source{"1", "s", "d"};
    source.values = exact ? value_form::exact : value_form::debezium;
    arena bytes;
    std::string_view record;
    {
        std::string const message = wire::insert(1, {wire::text("1"), wire::text(text)});
        relation_events::change made;
        made.new_row = std::get<pgoutput::insert>(*pgoutput::decode(message)).new_row;
        auto const written =
            relation.value(made, {source, xid{1}, pg_time{}, lsn{}}, event_time{0}, bytes);
        ASSERT_TRUE(written);
        record = *written;
    }
    std::string padded{record};
    padded.append(record_padding, '\0');
    event_decoder decoder;
    field_names names;
    event_view event;
    arena strings;
    auto const read = decoder.value({padded.data(), record.size()}, {}, names, event, strings);
    ASSERT_TRUE(read) << read.error().message();
    std::string back;
    if (exact) {
        back = *exact_text(event.after.at(1));
    } else {
        ASSERT_TRUE(debezium_text(event.after.at(1), resolve(oid{type}, -1, {}), {}, back));
    }
    ASSERT_TRUE(back == text);
    ASSERT_TRUE(is_literal_of(sql::literal(back), text));

    EXPECT_LT(static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC, seconds_most);
    EXPECT_GT(peak(), before) << "the kernel does not tell";
    EXPECT_LT(peak() - before, memory_most) << (peak() - before) / megabyte << " MB";
}

INSTANTIATE_TEST_SUITE_P(Events, LargeValue,
                         testing::Values(large_case{"text", 25, true, plain_text},
                                         large_case{"text_of_escapes", 25, true, text_of_escapes},
                                         large_case{"bytea", 17, true, bytea},
                                         large_case{"jsonb", 3802, true, jsonb},
                                         large_case{"debezium_text", 25, false, text_of_escapes},
                                         large_case{"debezium_bytea", 17, false, bytea},
                                         large_case{"debezium_jsonb", 3802, false, jsonb}),
                         [](auto const& each) { return std::string{each.param.name}; });

} // namespace
} // namespace tandem::event
