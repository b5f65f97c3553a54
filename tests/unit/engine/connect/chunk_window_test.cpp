#include "engine/connect/chunk_window.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace tandem::connect {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using values = std::vector<std::optional<std::string>>;

pgoutput::relation_shape shape_of(std::vector<std::string> columns, char const* name = "t") {
    pgoutput::relation_shape made;
    made.schema = "s";
    made.name = name;
    for (auto& each : columns) {
        made.columns.push_back({std::move(each), {}, -1, false});
    }
    return made;
}
pgoutput::relation_shape const shape = shape_of({"v", "id", "part"});

// As the stream has it, with its bytes in `room`.
pgoutput::tuple_view row(values const& of, std::string& room) {
    room.clear();
    for (auto const& each : of) {
        if (!each) {
            room += 'n';
            continue;
        }
        room += 't';
        for (int shift = 24; shift >= 0; shift -= 8) {
            room += static_cast<char>((each->size() >> static_cast<unsigned>(shift)) & 0xFFU);
        }
        room += *each;
    }
    return {static_cast<std::uint16_t>(of.size()), room};
}

struct window {
    window() { of.open("s", "t", {"part", "id"}); }
    void changed(values const& what) { of.changed(shape, row(what, room)); }
    void add(values const& what) { of.add(shape, row(what, room)); }
    // Their first values.
    std::vector<std::string> left() {
        std::vector<std::string> made;
        for (auto const& each : of.close()) {
            pgoutput::tuple_view::cursor next{{3, each}};
            made.emplace_back(next.next().bytes);
        }
        return made;
    }
    chunk_window of;
    std::string room;
};

TEST(ChunkWindow, WhatTheStreamBringsIsLeftOut) {
    window one;
    one.changed({"new", "1", "a"});        // before the chunk was there
    one.changed({std::nullopt, "2", "a"}); // a delete's key
    for (auto const* id : {"1", "2", "3", "4"}) {
        one.add({std::string{"old "} + id, id, "a"});
    }
    one.add({"other part", "1", "b"});
    one.of.filled();
    one.changed({"new", "4", "a"});
    one.changed({"new", "9", "a"}); // not of the chunk
    EXPECT_FALSE(one.of.spoiled());
    EXPECT_THAT(one.left(), ElementsAre("old 3", "other part"));
    EXPECT_FALSE(one.of.is_of(shape)); // closed
}

TEST(ChunkWindow, KeysAreNotMistakenForOthers) {
    window one;
    one.changed({"x", "23", "1"});
    one.add({"y", "3", "12"});
    one.of.filled();
    EXPECT_THAT(one.left(), ElementsAre("y"));
}

TEST(ChunkWindow, WhatSaysNotWhichRowSpoilsIt) {
    window one;
    one.changed({"x", std::nullopt, "a"});
    EXPECT_TRUE(one.of.spoiled());
    window other;
    other.add({"y", "3", "12"});
    other.of.truncated();
    EXPECT_TRUE(other.of.spoiled());
}

TEST(ChunkWindow, IsOfOneTable) {
    window one;
    EXPECT_TRUE(one.of.is_of(shape));
    EXPECT_FALSE(one.of.is_of(shape_of({"id"}, "u")));
    EXPECT_FALSE(chunk_window{}.is_of(shape));
}

TEST(SeenTransactions, AreThoseThatHadEnded) {
    auto const seen = seen_transactions::parse("4294967290:4294967300:4294967291,4294967298");
    ASSERT_TRUE(seen); // 64 bits: the epoch is one, and they go round in between
    EXPECT_TRUE(seen->sees({4294967290U}));
    EXPECT_FALSE(seen->sees({4294967291U}));
    EXPECT_TRUE(seen->sees({1}));
    EXPECT_FALSE(seen->sees({2}));
    EXPECT_FALSE(seen->sees({4}));
    EXPECT_FALSE(seen->sees({100}));
    EXPECT_TRUE(seen_transactions::parse("7:7:")->sees({6}));
    EXPECT_FALSE(seen_transactions::parse("7:7:")->sees({7}));
    EXPECT_FALSE(seen_transactions::parse("7:7:x"));
    EXPECT_FALSE(seen_transactions::parse(""));
}

} // namespace
} // namespace tandem::connect
