// A decoder that knows the tail of the record before says of every other record what one says that knows nothing.
#include "codecs/event/decode.hpp"
#include "tests/support/event_said.hpp"
#include "tests/support/padded_record.hpp"

#include <gtest/gtest.h>

namespace tandem::event {
namespace {

constexpr std::string_view head = R"({"before":null,"after":{"id":1,"v":"a\"b"},"source":)";
constexpr std::string_view tail =
    R"({"version":"1","connector":"postgresql","name":"s","ts_ms":5,"snapshot":"false","db":"d",)"
    R"("sequence":"[\"1\",\"2\"]","ts_us":5000,"ts_ns":5000000,"schema":"public","table":"t","txId":7,)"
    R"("lsn":20,"xmin":null,"origin":"o","origin_lsn":null},"transaction":null,"op":"c","ts_ms":6,)"
    R"("ts_us":6000,"ts_ns":123})";

std::string whole(std::string_view front = head, std::string_view end = tail) {
    return std::string{front} + std::string{end};
}

// What it says of the last of these records.
std::string said(std::vector<std::string> const& records) {
    event_decoder decoder;
    field_names names;
    event_view event;
    arena strings;
    std::string text;
    for (std::string const& each : records) {
        wire::padded_record const record{each, whole()};
        auto const read = decoder.value(record.view(), {}, names, event, strings);
        text = read ? "" : read.error().message();
        for (auto const& [name, value] :
             read ? wire::event_said::of(event, names) : wire::plain_event::said{}) {
            text += name + '=' + value + '\n';
        }
    }
    return text;
}

void expect_same(std::string const& record) {
    std::string const fresh = said({record});
    EXPECT_EQ(said({whole(), record}), fresh) << record;
    // And what was refused leaves nothing behind.
    EXPECT_EQ(said({whole(), record, whole()}), said({whole()})) << record;
}

TEST(KnownTail, OfTheSameRecord) {
    std::string const once = said({whole()});
    EXPECT_NE(once.find("after.v=string a\"b\n"), once.npos) << once;
    EXPECT_NE(once.find("source.lsn=20\n"), once.npos) << once;
    EXPECT_EQ(said({whole(), whole(), whole()}), once);
}

// Transactions of a few records: each begins with a tail that is not known.
TEST(KnownTail, OfManyTransactions) {
    std::vector<std::string> records;
    for (int transaction = 10; transaction < 30; ++transaction) {
        std::string end{tail};
        end.replace(end.find("\"txId\":7"), 8, "\"txId\":" + std::to_string(transaction));
        for (int each = 0; each < 10; ++each) {
            records.push_back(whole(head, end));
        }
    }
    EXPECT_EQ(said(records), said({records.back()}));
}

TEST(KnownTail, ASequenceThatIsNoStringIsReadEachTime) {
    auto const with = [](std::string_view sequence) {
        std::string end{tail};
        constexpr std::string_view was = R"("[\"1\",\"2\"]")";
        end.replace(end.find(was), was.size(), sequence);
        return whole(head, end);
    };
    for (std::string_view const each : {"02", "-1", "12", "null", "tru0"}) {
        EXPECT_EQ(said({with("12"), with(each)}), said({with(each)})) << each;
    }
}

TEST(KnownTail, WhateverOneByteBecomes) {
    std::string const record = whole();
    for (std::size_t at = 0; at < record.size(); ++at) {
        for (char const each : std::string_view{"\"\\{}[],:0 xu\x01\x80"}) {
            std::string changed = record;
            changed[at] = each;
            ASSERT_NO_FATAL_FAILURE(expect_same(changed));
        }
    }
}

TEST(KnownTail, WhateverIsLeftOutOrPutIn) {
    std::string const record = whole();
    for (std::size_t at = 0; at < record.size(); ++at) {
        for (std::size_t const size : {1U, 2U, 7U, 40U}) {
            std::string changed = record;
            ASSERT_NO_FATAL_FAILURE(expect_same(changed.erase(at, size)));
        }
        for (std::string_view const each : {"\"", "\\", "{", "}", ",", "0", " ", "\"x\":1,"}) {
            std::string changed = record;
            ASSERT_NO_FATAL_FAILURE(expect_same(changed.insert(at, each)));
        }
    }
}

// The tail is there, and what is in front of it makes it something else, or wrong.
TEST(KnownTail, BehindOtherHeads) {
    for (std::string_view const front : {
             R"({"before":null,"after":{"id":1},"source":)",
             R"({"after":{"id":1},"source":)",
             R"({"after":{"id":2,"new":[1,{"a":"b"}]},"source":)",
             R"({"op":"c","after":{"id":1},"source":)",
             R"({"before":null,"after":{"id":1,"source":)",
             R"({"before":null,"after":{"id":1},"x":)",
             R"({"before":null,"after":{"id":1},"before":)",
             R"({"before":null,"after":{"id":1},"transaction":)",
             R"({"before":null,"after":{"id":1},"x":[)",
             R"({"before":null,"after":{"id":1},"x":{"source":)",
             R"({"before":null,"after":{"id":1},"source")",
             R"({"before":null,"after":{"id":1},)",
             R"({"before":null,"after":{"id":1},"source":{},"source":)",
             R"({"before":null,"after":{"id":1,"v":"x"source":)",
             R"({"before":null,"after":{"id":1,"v":"x\"source":)",
             R"({"before":null,"after":{"id":1,"v":"x,"source":)",
             R"({"before":null,"after":{"id":01},"source":)",
             "{\"before\":null,\"after\":{\"v\":\"\xE5\x90\"},\"source\":",
             R"({"before":null,"after":{"v":"\ud800"},"source":)",
             R"({"after":null,"source":)",
             R"({"before":{"id":1},"after":null,"source":)",
             "",
             ":",
             "1",
             R"("source":)",
             R"({"source":)",
             R"([)",
         }) {
        expect_same(whole(front));
    }
}

TEST(KnownTail, OfOtherNumbersAndLengths) {
    auto const with = [](std::string_view old, std::string_view now) {
        std::string changed = whole();
        return changed.replace(changed.find(old), old.size(), now);
    };
    for (auto const& [old, now] : std::vector<std::pair<std::string, std::string>>{
             {R"("lsn":20)", R"("lsn":99)"},
             {R"("lsn":20)", R"("lsn":00)"},
             {R"("lsn":20)", R"("lsn":-1)"},
             {R"("lsn":20)", R"("lsn":100)"},
             {R"("lsn":20)", R"("lsn":5)"},
             {R"(\"2\")", R"(\"9\")"},
             {R"(\"2\")", R"(\"22\")"},
             {R"("[\"1\",\"2\"]")", R"("[\"1\",\"2\"x")"},
             {R"("op":"c")", R"("op":"u")"},
             {R"("op":"c")", R"("op":"d")"},
             {R"("op":"c")", R"("op":"t")"},
             {R"("op":"c")", R"("op":"m")"},
             {R"("op":"c")", R"("op":"z")"},
             {R"("op":"c")", R"("op":"C")"},
             {R"("op":"c")", R"("op":"""})"},
         }) {
        expect_same(with(old, now));
        // A length that was taken once is the known one from then on.
        EXPECT_EQ(said({whole(), with(old, now), with(old, now)}), said({with(old, now)}));
    }
}

} // namespace
} // namespace tandem::event
