#include "codecs/base/arena.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem {
namespace {

TEST(Arena, NothingKeptHoldsNothing) {
    arena const empty;
    EXPECT_EQ(empty.capacity(), 0U);
}

TEST(Arena, CopiesStayWhereTheyAreThroughGrowthAndMoves) {
    arena bytes;
    std::vector<std::string> wanted;
    std::vector<std::string_view> kept;
    for (std::size_t size = 1; size < 3'000; size += 7) {
        auto const& text = wanted.emplace_back(size, static_cast<char>('a' + size % 26));
        kept.push_back(bytes.keep(text));
        ASSERT_NE(kept.back().data(), text.data());
    }
    arena const moved = std::move(bytes);
    for (std::size_t at = 0; at < wanted.size(); ++at) {
        ASSERT_EQ(kept[at], wanted[at]);
    }
    EXPECT_GT(moved.capacity(), 0U);
}

TEST(Arena, ASmallOneIsSmallAndALargeOneWastesLittle) {
    arena small;
    static_cast<void>(small.keep("x"));
    EXPECT_EQ(small.capacity(), 512U);
    arena large;
    std::string const row(100, 'r');
    for (int at = 0; at < 100'000; ++at) {
        static_cast<void>(large.keep(row));
    }
    EXPECT_GE(large.capacity(), 10'000'000U);
    EXPECT_LE(large.capacity(), 10'100'000U) << "blocks stop growing";
}

TEST(Arena, WhatIsLargerThanABlockGetsItsOwn) {
    arena bytes;
    std::string const big(1'000'000, 'b');
    EXPECT_EQ(bytes.keep(big), big);
    EXPECT_EQ(bytes.capacity(), big.size());
    EXPECT_EQ(bytes.keep("after"), "after");
}

TEST(Arena, WhatIsReservedAndNotCommittedIsGivenAgain) {
    arena bytes;
    char* const first = bytes.reserve(100);
    std::fill_n(first, 100, 'a');
    EXPECT_EQ(bytes.commit(3), "aaa");
    char* const second = bytes.reserve(100);
    EXPECT_EQ(second, first + 3);
    std::fill_n(second, 100, 'b');
    EXPECT_EQ(bytes.commit(100), std::string(100, 'b'));
    EXPECT_EQ(bytes.keep("c"), "c");
    EXPECT_EQ((std::string_view{first, 3}), "aaa");
}

TEST(Arena, ClearedItUsesItsMemoryAgain) {
    arena bytes;
    auto const fill = [&bytes] {
        for (std::size_t size = 1; size < 2'000; size += 3) {
            std::string const text(size, 'x');
            EXPECT_EQ(bytes.keep(text), text);
        }
    };
    fill();
    std::size_t const once = bytes.capacity();
    for (int round = 0; round < 10; ++round) {
        bytes.clear();
        fill();
    }
    EXPECT_EQ(bytes.capacity(), once);
    bytes.clear();
    std::string const big(100'000, 'b'); // beyond every block that was kept
    EXPECT_EQ(bytes.keep(big), big);
    EXPECT_GE(bytes.capacity(), once + big.size());
}

TEST(Arena, NothingMayBeKept) {
    arena bytes;
    EXPECT_EQ(bytes.keep({}).size(), 0U);
}

} // namespace
} // namespace tandem
