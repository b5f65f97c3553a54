// decode() on bytes that are no message: every error by name, and never a byte beyond the buffer.
#include "codecs/pgoutput/message.hpp"
#include "tests/support/exact_buffer.hpp"
#include "tests/support/pgoutput_builder.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace tandem::pgoutput {
namespace {

codec_errc error_of(std::string_view bytes) {
    wire::exact_buffer const buffer{bytes};
    auto const decoded = decode(buffer.view());
    return decoded.has_value() ? codec_errc::ok : static_cast<codec_errc>(decoded.error().value());
}

struct sample {
    char const* name;
    std::string bytes;
};

// One message of every kind, with every kind of part.
std::vector<sample> samples() {
    wire::columns const key{wire::text("1"), wire::null()};
    wire::columns const row{wire::text("12"), wire::null(), wire::unchanged(), wire::binary("xyz")};
    return {
        {"begin", wire::begin(1, 2, 3)},
        {"commit", wire::commit(1, 2, 3)},
        {"origin", wire::origin(1, "tandem_a_0")},
        {"relation", wire::relation(1, "public", "t", 'd', {{"id", 20, true}, {"v"}})},
        {"relation without columns", wire::relation(1, "public", "t", 'd', {})},
        {"type", wire::type(1, "public", "mood")},
        {"insert", wire::insert(1, row)},
        {"insert without columns", wire::insert(1, {})},
        {"update", wire::update(1, row)},
        {"update with key", wire::update(1, 'K', key, row)},
        {"update with old row", wire::update(1, 'O', row, row)},
        {"delete by key", wire::remove(1, 'K', key)},
        {"delete with old row", wire::remove(1, 'O', row)},
        {"truncate", wire::truncate({1, 2}, true, true)},
        {"message", wire::logical_message(true, 1, "tandem", "content")},
        {"message without content", wire::logical_message(false, 1, "", "")},
    };
}

TEST(PgoutputDecodeHostile, TruncationAtEveryByteIsAnError) {
    for (auto const& [name, bytes] : samples()) {
        EXPECT_EQ(error_of(bytes), codec_errc::ok) << name;
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            codec_errc const error = error_of(std::string_view{bytes}.substr(0, size));
            EXPECT_TRUE(error == codec_errc::truncated || error == codec_errc::bad_length ||
                        error == codec_errc::bad_string)
                << name << " cut to " << size << " of " << bytes.size() << ": "
                << make_error_code(error).message();
        }
    }
}

TEST(PgoutputDecodeHostile, TrailingBytesAreAnError) {
    for (auto const& [name, bytes] : samples()) {
        EXPECT_EQ(error_of(bytes + '\0'), codec_errc::trailing_bytes) << name;
        EXPECT_EQ(error_of(bytes + bytes), codec_errc::trailing_bytes) << name;
    }
}

TEST(PgoutputDecodeHostile, UnknownMessageTags) {
    EXPECT_EQ(error_of(""), codec_errc::truncated);
    std::string_view const known = "BCORYIUDTM";
    for (int tag = 0; tag < 256; ++tag) {
        std::string const bytes(1, static_cast<char>(tag));
        bool const is_known = known.find(bytes[0]) != std::string_view::npos;
        EXPECT_EQ(error_of(bytes) == codec_errc::unknown_tag, !is_known) << tag;
    }
    // The stream messages of protocol 2 and the two-phase ones of protocol 3 were not asked for.
    EXPECT_EQ(error_of('S' + wire::u32(1) + wire::u8(1)), codec_errc::unknown_tag);
}

TEST(PgoutputDecodeHostile, Fields) {
    std::string const row = wire::tuple({wire::text("1")});
    std::string const table = 'R' + wire::u32(1) + wire::zero_terminated("s");
    std::string const message = 'M' + wire::u8(1) + wire::u64(1) + wire::zero_terminated("p");
    struct {
        char const* name;
        std::string bytes;
        codec_errc error;
    } const cases[] = {
        {"commit with flags", 'C' + wire::u8(1) + std::string(24, '\0'), codec_errc::bad_value},
        {"origin without its zero", 'O' + wire::u64(1) + "name", codec_errc::bad_string},
        {"type with one name", 'Y' + wire::u32(1) + wire::zero_terminated("public"),
         codec_errc::bad_string},
        {"relation name without its zero", table + "t", codec_errc::bad_string},
        {"relation with unknown identity", wire::relation(1, "s", "t", 'x', {}),
         codec_errc::bad_value},
        {"relation with identity zero", wire::relation(1, "s", "t", '\0', {}),
         codec_errc::bad_value},
        {"relation column with unknown flag",
         table + wire::zero_terminated("t") + 'd' + wire::u16(1) + wire::u8(2) +
             wire::zero_terminated("c") + wire::u64(0),
         codec_errc::bad_value},
        {"relation with a column too few", table + wire::zero_terminated("t") + 'd' + wire::u16(1),
         codec_errc::truncated},
        {"relation with 65535 columns announced",
         table + wire::zero_terminated("t") + 'd' + wire::u16(65'535), codec_errc::truncated},
        {"insert of an old row", 'I' + wire::u32(1) + 'O' + row, codec_errc::unknown_tag},
        {"update with unknown row", 'U' + wire::u32(1) + 'X' + row, codec_errc::unknown_tag},
        {"update with key and no new row", 'U' + wire::u32(1) + 'K' + row, codec_errc::truncated},
        {"update with two keys", 'U' + wire::u32(1) + 'K' + row + 'K' + row,
         codec_errc::unknown_tag},
        {"update with new row first", 'U' + wire::u32(1) + 'N' + row + 'K' + row,
         codec_errc::trailing_bytes},
        {"delete of a new row", 'D' + wire::u32(1) + 'N' + row, codec_errc::unknown_tag},
        {"truncate with unknown option", 'T' + wire::u32(0) + wire::u8(4), codec_errc::bad_value},
        {"truncate of fewer than none", 'T' + wire::i32(-1) + wire::u8(0), codec_errc::bad_length},
        {"truncate of more than sent", 'T' + wire::u32(2) + wire::u8(0) + wire::u32(1),
         codec_errc::bad_length},
        // 0x40000001 * 4 is 4 in 32 bits
        {"truncate whose size overflows", 'T' + wire::u32(0x4000'0001) + wire::u8(0) + wire::u32(1),
         codec_errc::bad_length},
        {"message neither in nor out", 'M' + wire::u8(2) + std::string(13, '\0'),
         codec_errc::bad_value},
        {"message with negative length", message + wire::i32(-1), codec_errc::bad_length},
        {"message with the least length",
         message + wire::i32(std::numeric_limits<std::int32_t>::min()), codec_errc::bad_length},
        {"message longer than sent", message + wire::u32(2) + "x", codec_errc::bad_length},
    };
    for (auto const& [name, bytes, error] : cases) {
        EXPECT_EQ(error_of(bytes), error) << name;
    }
}

TEST(PgoutputDecodeHostile, Columns) {
    std::string const head = 'I' + wire::u32(1) + 'N';
    std::int32_t const greatest = std::numeric_limits<std::int32_t>::max();
    std::int32_t const least = std::numeric_limits<std::int32_t>::min();
    struct {
        char const* name;
        std::string bytes;
        codec_errc error;
    } const cases[] = {
        {"unknown kind", wire::u16(1) + 'x', codec_errc::unknown_tag},
        {"kind zero", wire::u16(1) + '\0', codec_errc::unknown_tag},
        {"one column, none sent", wire::u16(1), codec_errc::truncated},
        {"three columns, two sent", wire::u16(3) + "nu", codec_errc::truncated},
        {"65535 columns, none sent", wire::u16(65'535), codec_errc::truncated},
        {"one column, two sent", wire::u16(1) + "nu", codec_errc::trailing_bytes},
        {"no column, one sent", wire::u16(0) + "n", codec_errc::trailing_bytes},
        {"half a length", wire::u16(1) + 't' + wire::u16(0), codec_errc::truncated},
        {"length -1", wire::u16(1) + 't' + wire::i32(-1) + "abc", codec_errc::bad_length},
        {"least length", wire::u16(1) + 't' + wire::i32(least) + "abc", codec_errc::bad_length},
        {"greatest length", wire::u16(1) + 'b' + wire::i32(greatest) + "abc",
         codec_errc::bad_length},
        {"one beyond", wire::u16(1) + 't' + wire::i32(4) + "abc", codec_errc::bad_length},
        {"one short", wire::u16(1) + 't' + wire::i32(2) + "abc", codec_errc::trailing_bytes},
        {"the second beyond", wire::u16(2) + 't' + wire::i32(1) + "a" + 't' + wire::i32(1),
         codec_errc::bad_length},
        {"length that reads the next tag", wire::u16(2) + 't' + wire::i32(2) + "an",
         codec_errc::truncated},
    };
    for (auto const& [name, bytes, error] : cases) {
        EXPECT_EQ(error_of(head + bytes), error) << name;
        EXPECT_EQ(error_of('U' + wire::u32(1) + 'N' + bytes), error) << name << ", in an update";
        EXPECT_EQ(error_of('D' + wire::u32(1) + 'K' + bytes), error) << name << ", in a delete";
    }
}

TEST(PgoutputDecodeHostile, AChangedByteNeverReadsBeyond) {
    // Whatever one byte becomes, decode() answers; AddressSanitizer watches the exact buffer, and
    // the walk over what was accepted stays inside it.
    for (auto const& [name, bytes] : samples()) {
        for (std::size_t at = 0; at < bytes.size(); ++at) {
            for (int value = 0; value < 256; ++value) {
                std::string changed = bytes;
                changed[at] = static_cast<char>(value);
                wire::exact_buffer const buffer{changed};
                auto const decoded = decode(buffer.view());
                if (!decoded.has_value()) {
                    continue;
                }
                if (auto const* const row = std::get_if<insert>(&*decoded)) {
                    EXPECT_EQ(wire::insert(row->relation_id.value, wire::columns_of(row->new_row)),
                              changed)
                        << name;
                }
            }
        }
    }
}

} // namespace
} // namespace tandem::pgoutput
