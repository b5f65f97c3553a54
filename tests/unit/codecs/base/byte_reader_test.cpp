#include "codecs/base/byte_reader.hpp"

#include "tests/support/exact_buffer.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tandem {
namespace {

using wire::exact_buffer;
using namespace std::string_view_literals;

TEST(BigEndian, StoresAndLoadsEveryWidth) {
    char bytes[8];
    store_big_endian(bytes, std::uint64_t{0x0102'0304'0506'0708});
    EXPECT_EQ(std::string_view(bytes, 8), "\1\2\3\4\5\6\7\x8"sv);
    EXPECT_EQ(load_big_endian<std::uint64_t>(bytes), 0x0102'0304'0506'0708U);
    EXPECT_EQ(load_big_endian<std::uint32_t>(bytes + 1), 0x0203'0405U) << "unaligned";
    EXPECT_EQ(load_big_endian<std::uint16_t>(bytes + 1), 0x0203U);
    EXPECT_EQ(load_big_endian<std::uint8_t>(bytes + 1), 0x02U);
}

TEST(ByteReader, ReadsFieldsInOrder) {
    exact_buffer const buffer{"\x01\x02\x03\xff\xff\xff\xfe\x80\0\0\0\0\0\0\1name\0\1xyz"sv};
    byte_reader in{buffer.view()};
    EXPECT_EQ(in.u8(), 1);
    EXPECT_EQ(in.u16(), 0x0203);
    EXPECT_EQ(in.i32(), -2);
    EXPECT_EQ(in.u64(), 0x8000'0000'0000'0001U);
    EXPECT_EQ(in.zero_terminated(), "name");
    EXPECT_TRUE(in.flag());
    EXPECT_EQ(in.bytes(1), "x");
    EXPECT_EQ(in.left(), 2U);
    EXPECT_EQ(in.finish().code, codec_errc::trailing_bytes);
    EXPECT_EQ(in.rest(), "yz");
    EXPECT_EQ(in.finish().code, codec_errc::ok);
}

TEST(ByteReader, EveryNumberStopsAtTheEnd) {
    for (std::size_t size = 0; size < 8; ++size) {
        exact_buffer const buffer{std::string(size, '\x7f')};
        byte_reader in{buffer.view()};
        EXPECT_EQ(in.u64(), 0U);
        EXPECT_EQ(in.finish().code, codec_errc::truncated) << size;
    }
    exact_buffer const three{"abc"};
    byte_reader in{three.view()};
    EXPECT_EQ(in.u32(), 0U);
    EXPECT_EQ(in.finish().code, codec_errc::truncated);
}

TEST(ByteReader, TheFirstErrorSticks) {
    exact_buffer const buffer{"\2rest of it"sv};
    byte_reader in{buffer.view()};
    EXPECT_FALSE(in.flag()) << "2 is neither true nor false";
    EXPECT_TRUE(in.failed());
    EXPECT_EQ(in.left(), 0U);
    EXPECT_EQ(in.u32(), 0U);
    EXPECT_EQ(in.zero_terminated(), "");
    EXPECT_EQ(in.bytes(1), "");
    EXPECT_EQ(in.rest(), "");
    EXPECT_EQ(in.finish().code, codec_errc::bad_value);
}

TEST(ByteReader, SaysWhereTheFieldBegan) {
    exact_buffer const buffer{"ab\0\2cdef"sv};
    struct {
        codec_error expected;
        void (*read)(byte_reader&);
    } const cases[] = {
        {{codec_errc::truncated, 4}, [](byte_reader& in) { static_cast<void>(in.u64()); }},
        {{codec_errc::bad_string, 4},
         [](byte_reader& in) { static_cast<void>(in.zero_terminated()); }},
        {{codec_errc::bad_length, 4}, [](byte_reader& in) { static_cast<void>(in.bytes(5)); }},
        {{codec_errc::bad_value, 4}, [](byte_reader& in) { static_cast<void>(in.flag()); }},
        {{codec_errc::unknown_tag, 4}, [](byte_reader& in) { in.fail(codec_errc::unknown_tag); }},
        {{codec_errc::unknown_tag, 2},
         [](byte_reader& in) { in.fail(codec_errc::unknown_tag, 2); }},
        {{codec_errc::trailing_bytes, 4}, [](byte_reader&) {}},
    };
    for (auto const& [expected, read] : cases) {
        byte_reader in{buffer.view()};
        EXPECT_EQ(in.zero_terminated(), "ab");
        EXPECT_EQ(in.u8(), 2);
        EXPECT_EQ(in.offset(), 4U);
        read(in);
        EXPECT_EQ(in.finish(), expected);
    }
}

TEST(ByteReader, StringsNeedTheirZero) {
    exact_buffer const buffer{"\0ab"sv};
    byte_reader in{buffer.view()};
    EXPECT_EQ(in.zero_terminated(), "");
    EXPECT_FALSE(in.failed()) << "an empty string is one";
    EXPECT_EQ(in.zero_terminated(), "");
    EXPECT_EQ(in.finish().code, codec_errc::bad_string);
}

TEST(ByteReader, CountsBeyondTheEndAreRefused) {
    exact_buffer const buffer{"abc"};
    for (std::uint64_t const count :
         {std::uint64_t{4}, std::uint64_t{0xFFFF'FFFF}, ~std::uint64_t{0}}) {
        byte_reader in{buffer.view()};
        EXPECT_EQ(in.bytes(count), "");
        EXPECT_EQ(in.finish().code, codec_errc::bad_length) << count;
    }
}

TEST(ByteReader, NothingIsReadFromNothing) {
    byte_reader in{std::string_view{}};
    EXPECT_EQ(in.finish().code, codec_errc::ok);
    EXPECT_EQ(in.rest(), "");
    EXPECT_EQ(in.zero_terminated(), "");
    EXPECT_EQ(in.finish().code, codec_errc::bad_string);
}

} // namespace
} // namespace tandem
