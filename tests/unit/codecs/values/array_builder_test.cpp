#include "codecs/values/array_builder.hpp"

#include "tests/support/pgoutput_builder.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace tandem::values {
namespace {

constexpr oid text_type{25};
constexpr oid int8_type{20};

std::string header(bool has_null, oid type, std::uint32_t count) {
    return wire::u32(1) + wire::u32(has_null ? 1 : 0) + wire::u32(type.value) + wire::u32(count) +
           wire::u32(1);
}

std::string element(std::string_view value) {
    return wire::u32(value.size()) + std::string{value};
}

TEST(ArrayBuilder, WritesOneDimensionFromOne) {
    array_builder array;
    array.start(text_type);
    EXPECT_TRUE(array.append("abc"));
    EXPECT_TRUE(array.append(""));
    EXPECT_TRUE(array.append({}));
    EXPECT_EQ(array.size(), 3U);
    EXPECT_EQ(array.element_type(), text_type);
    std::string const expected =
        header(false, text_type, 3) + element("abc") + element("") + element("");
    EXPECT_EQ(array.bytes(), expected.size());
    EXPECT_EQ(array.finish(), expected);
}

TEST(ArrayBuilder, NullsSetTheFlag) {
    array_builder array;
    array.start(text_type);
    EXPECT_TRUE(array.append_null());
    EXPECT_TRUE(array.append("x"));
    EXPECT_EQ(array.finish(), header(true, text_type, 2) + wire::i32(-1) + element("x"));
    array.clear();
    EXPECT_TRUE(array.append("x"));
    EXPECT_EQ(array.finish(), header(false, text_type, 1) + element("x"))
        << "and clear() unsets it";
}

TEST(ArrayBuilder, AnEmptyArrayHasNoDimension) {
    std::string const expected = wire::u32(0) + wire::u32(0) + wire::u32(25);
    array_builder array;
    array.start(text_type);
    EXPECT_EQ(array.bytes(), expected.size());
    EXPECT_EQ(array.finish(), expected);
    EXPECT_TRUE(array.append_null());
    array.clear();
    EXPECT_EQ(array.finish(), expected);
    EXPECT_EQ(array.bytes(), expected.size());
}

TEST(ArrayBuilder, FixedWidthIntegersAreBigEndian) {
    array_builder array;
    array.start(int8_type);
    EXPECT_TRUE(array.append_fixed(std::int64_t{0x0102'0304'0506'0708}));
    EXPECT_TRUE(array.append_fixed(std::numeric_limits<std::int64_t>::min()));
    EXPECT_TRUE(array.append_fixed(std::int64_t{-1}));
    EXPECT_EQ(array.finish(),
              header(false, int8_type, 3) + element(wire::u64(0x0102'0304'0506'0708)) +
                  element(wire::u64(0x8000'0000'0000'0000)) + element(wire::i64(-1)));
    array.start(oid{23});
    EXPECT_TRUE(array.append_fixed(std::int32_t{-2}));
    EXPECT_EQ(array.finish(), header(false, oid{23}, 1) + element(wire::i32(-2)));
    array.start(oid{21});
    EXPECT_TRUE(array.append_fixed(std::int16_t{-2}));
    EXPECT_EQ(array.finish(), header(false, oid{21}, 1) + element("\xff\xfe"));
}

TEST(ArrayBuilder, FinishMayBeFollowedByMore) {
    array_builder array;
    array.start(text_type);
    EXPECT_TRUE(array.append("a"));
    EXPECT_EQ(array.finish(), header(false, text_type, 1) + element("a"));
    EXPECT_TRUE(array.append("b"));
    EXPECT_EQ(array.finish(), header(false, text_type, 2) + element("a") + element("b"));
}

TEST(ArrayBuilder, GrowsAndKeepsItsCapacity) {
    array_builder array;
    std::string expected;
    array.start(text_type);
    for (int row = 0; row < 10'000; ++row) {
        std::string const value(static_cast<std::size_t>(row % 97),
                                static_cast<char>('a' + row % 26));
        ASSERT_TRUE(array.append(value));
        expected += element(value);
    }
    EXPECT_EQ(array.finish(), header(false, text_type, 10'000) + expected);
    std::size_t const capacity = array.capacity();
    char const* const buffer = array.finish().data();
    for (int batch = 0; batch < 3; ++batch) {
        array.clear();
        for (int row = 0; row < 10'000; ++row) {
            ASSERT_TRUE(array.append("0123456789012345678901234567890123456789"));
        }
        EXPECT_EQ(array.capacity(), capacity);
        EXPECT_EQ(array.finish().data(), buffer) << "no allocation for a batch that fits";
    }
}

TEST(ArrayBuilder, TrimGivesBackWhatAHugeValueTook) {
    array_builder array;
    array.start(text_type);
    ASSERT_TRUE(array.append(std::string(1 << 20, 'x')));
    array.trim(4096);
    EXPECT_EQ(array.capacity(), array.bytes()) << "what is in use stays";
    EXPECT_EQ(array.finish(), header(false, text_type, 1) + element(std::string(1 << 20, 'x')));
    array.clear();
    array.trim(4096);
    EXPECT_EQ(array.capacity(), 4096U);
    array.trim(8192);
    EXPECT_EQ(array.capacity(), 4096U) << "trim never grows";
    ASSERT_TRUE(array.append(std::string(5000, 'y')));
    EXPECT_EQ(array.finish(), header(false, text_type, 1) + element(std::string(5000, 'y')));
}

TEST(ArrayBuilder, TrimToNothing) {
    array_builder array;
    array.trim(0);
    EXPECT_EQ(array.capacity(), 0U);
    array.start(text_type);
    ASSERT_TRUE(array.append("abc"));
    array.clear();
    array.trim(0);
    EXPECT_EQ(array.finish().size(), 12U);
    ASSERT_TRUE(array.append("abc"));
    EXPECT_EQ(array.finish(), header(false, text_type, 1) + element("abc"));
}

TEST(ArrayBuilder, RefusesBytesBeyondItsLimitAndChangesNothing) {
    array_builder array{{.bytes = 20 + 4 + 10 + 4, .elements = 100}};
    array.start(text_type);
    ASSERT_TRUE(array.append("0123456789"));
    EXPECT_FALSE(array.append("x")) << "one byte too many";
    EXPECT_FALSE(array.append_fixed(std::int64_t{1}));
    EXPECT_EQ(array.finish(), header(false, text_type, 1) + element("0123456789"));
    EXPECT_TRUE(array.append_null()) << "exactly full";
    EXPECT_FALSE(array.append_null());
    EXPECT_EQ(array.finish(), header(true, text_type, 2) + element("0123456789") + wire::i32(-1));
    array.clear();
    EXPECT_FALSE(array.append(std::string(15, 'x')));
    EXPECT_TRUE(array.append(std::string(14, 'x'))) << "a value that just fits alone";
}

TEST(ArrayBuilder, ARefusedNullDoesNotSetTheFlag) {
    array_builder array{{.bytes = 1000, .elements = 1}};
    array.start(text_type);
    ASSERT_TRUE(array.append("a"));
    EXPECT_FALSE(array.append_null());
    EXPECT_FALSE(array.append("b"));
    EXPECT_EQ(array.finish(), header(false, text_type, 1) + element("a"));
}

TEST(ArrayBuilder, AValueNoServerTakesIsRefusedWithoutReadingIt) {
    array_builder array;
    array.start(text_type);
    char const one = 'x';
    // Never dereferenced: only the lengths are looked at.
    for (std::size_t const size : {std::size_t{0x3FFF'FFFF}, std::size_t{0xFFFF'FFFF},
                                   std::numeric_limits<std::size_t>::max() / 2}) {
        EXPECT_FALSE(array.append({&one, size})) << size;
    }
    EXPECT_EQ(array.capacity(), 0U) << "and nothing was allocated for it";
}

TEST(ArrayBuilder, MovesWithItsBytes) {
    std::vector<array_builder> arrays;
    for (std::uint32_t type = 1; type <= 20; ++type) { // the vector grows, the builders move
        arrays.emplace_back().start(oid{type});
        ASSERT_TRUE(arrays.back().append(std::to_string(type)));
    }
    for (std::uint32_t type = 1; type <= 20; ++type) {
        EXPECT_EQ(arrays[type - 1].finish(),
                  header(false, oid{type}, 1) + element(std::to_string(type)));
    }
    array_builder taken = std::move(arrays[0]);
    EXPECT_EQ(taken.finish(), header(false, oid{1}, 1) + element("1"));
    arrays[0] = std::move(taken);
    EXPECT_EQ(arrays[0].finish(), header(false, oid{1}, 1) + element("1"));
}

} // namespace
} // namespace tandem::values
