// Frames that no server sends, one named case each, with the exact error and the byte it is found at.
#include "codecs/pgoutput/message.hpp"
#include "tests/support/exact_buffer.hpp"
#include "tests/support/pgoutput_builder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace tandem::pgoutput {
namespace {

using errc = codec_errc;

struct hostile {
    std::string name; // of the test: letters, digits, underscores
    std::string bytes;
    codec_error expected;
    within where = within::transaction;
};

std::ostream& operator<<(std::ostream& out, hostile const& shown) {
    return out << shown.name;
}

class HostileFrame : public testing::TestWithParam<hostile> {};

TEST_P(HostileFrame, IsRefusedByName) {
    wire::exact_buffer const buffer{GetParam().bytes};
    auto const decoded = decode(buffer.view(), GetParam().where);
    ASSERT_FALSE(decoded.has_value());
    EXPECT_EQ(decoded.error().message(), GetParam().expected.message());
}

// --- every message cut before and inside every field, and with a byte too many --------------------------

// Where the error is found, and which, when the message ends before the field: where it starts or, when
// its length announced it, where that length starts.
struct field {
    std::uint32_t at;
    errc missing = errc::truncated;
    std::uint32_t length = 0; // bytes of that length
};

struct layout {
    std::string name;
    std::string bytes;
    std::vector<field> fields; // behind the tag
    within where = within::transaction;
};

constexpr auto text = errc::bad_string;
constexpr auto counted = errc::bad_length;
constexpr auto block = within::stream_block;

std::vector<layout> layouts() {
    wire::columns const row{wire::text("ab"), wire::null()};
    std::string const relation = wire::relation(1, "s", "tt", 'd', {{"id", 20, true}, {"v"}});
    return {
        {"begin", wire::begin(1, 2, 3), {{1}, {9}, {17}}},
        {"commit", wire::commit(1, 2, 3), {{1}, {2}, {10}, {18}}},
        {"origin", wire::origin(1, "o"), {{1}, {9, text}}},
        {"relation",
         relation,
         {{1}, {5, text}, {7, text}, {10}, {11}, {13}, {14, text}, {17}, {21}, {25}, {26, text}}},
        {"type", wire::type(1, "s", "t"), {{1}, {5, text}, {7, text}}},
        {"insert", wire::insert(1, row), {{1}, {5}, {6}, {8}, {9}, {9, counted, 4}, {15}}},
        {"update", wire::update(1, row), {{1}, {5}, {6}, {8}, {9}, {9, counted, 4}, {15}}},
        {"update_by_key",
         wire::update(1, 'K', row, row),
         {{1},
          {5},
          {6},
          {8},
          {9},
          {9, counted, 4},
          {15},
          {16},
          {17},
          {19},
          {20},
          {20, counted, 4},
          {26}}},
        {"delete", wire::remove(1, 'O', row), {{1}, {5}, {6}, {8}, {9}, {9, counted, 4}, {15}}},
        {"truncate", wire::truncate({1, 2}), {{1}, {5}, {6, counted}}},
        {"message",
         wire::logical_message(true, 1, "p", "cc"),
         {{1}, {2}, {10, text}, {12}, {16, counted}}},
        {"stream_start", wire::stream_start(1, true), {{1}, {5}}},
        {"stream_commit", wire::stream_commit(1, 2, 3, 4), {{1}, {5}, {6}, {14}, {22}}},
        {"stream_abort", wire::stream_abort(1, 2), {{1}, {5}}},
        {"stream_abort_parallel", wire::stream_abort(1, 2, 3, 4), {{1}, {5}, {17}}},
        {"begin_prepare", wire::begin_prepare(1, 2, 3, 4, "g"), {{1}, {9}, {17}, {25}, {29, text}}},
        {"prepare", wire::prepare(1, 2, 3, 4, "g"), {{1}, {2}, {10}, {18}, {26}, {30, text}}},
        {"stream_prepare",
         wire::stream_prepare(1, 2, 3, 4, "g"),
         {{1}, {2}, {10}, {18}, {26}, {30, text}}},
        {"commit_prepared",
         wire::commit_prepared(1, 2, 3, 4, "g"),
         {{1}, {2}, {10}, {18}, {26}, {30, text}}},
        {"rollback_prepared",
         wire::rollback_prepared(1, 2, 3, 4, 5, "g"),
         {{1}, {2}, {10}, {18}, {26}, {34}, {38, text}}},
        {"streamed_insert",
         wire::streamed(9, wire::insert(1, row)),
         {{1}, {5}, {9}, {10}, {12}, {13}, {13, counted, 4}, {19}},
         block},
        {"streamed_update",
         wire::streamed(9, wire::update(1, row)),
         {{1}, {5}, {9}, {10}, {12}, {13}, {13, counted, 4}, {19}},
         block},
        {"streamed_delete",
         wire::streamed(9, wire::remove(1, 'K', row)),
         {{1}, {5}, {9}, {10}, {12}, {13}, {13, counted, 4}, {19}},
         block},
        {"streamed_truncate",
         wire::streamed(9, wire::truncate({1, 2})),
         {{1}, {5}, {9}, {10, counted}},
         block},
        {"streamed_relation",
         wire::streamed(9, relation),
         {{1}, {5}, {9, text}, {11, text}, {14}, {15}, {17}, {18, text}},
         block},
        {"streamed_type",
         wire::streamed(9, wire::type(1, "s", "t")),
         {{1}, {5}, {9, text}, {11, text}},
         block},
        {"streamed_message",
         wire::streamed(9, wire::logical_message(true, 1, "p", "cc")),
         {{1}, {5}, {6}, {14, text}, {16}, {20, counted}},
         block},
    };
}

std::vector<hostile> cut_frames() {
    std::vector<hostile> all;
    for (layout const& each : layouts()) {
        auto const add = [&](std::string const& how, std::string bytes, codec_error expected) {
            all.push_back({each.name + "_" + how, std::move(bytes), expected, each.where});
        };
        for (std::size_t index = 0; index < each.fields.size(); ++index) {
            field const& cut = each.fields[index];
            add("cut_before_field_" + std::to_string(index + 1),
                each.bytes.substr(0, cut.at + cut.length), {cut.missing, cut.at});
        }
        if (each.name == "stream_abort") { // more bytes make it the form of protocol 4, see parts()
            continue;
        }
        auto const size = static_cast<std::uint32_t>(each.bytes.size());
        add("and_a_byte", each.bytes + 'x', {errc::trailing_bytes, size});
        add("twice", each.bytes + each.bytes, {errc::trailing_bytes, size});
    }
    return all;
}

// --- fields that hold what they must not ----------------------------------------------------------------

std::vector<hostile> tags() {
    std::vector<hostile> all{
        {"nothing", "", {errc::truncated, 0}},
        {"nothing_in_a_block", "", {errc::truncated, 0}, block},
    };
    std::string_view const known = "BCORYIUDTMSEcAbPKrp";
    for (int tag = 0; tag < 256; ++tag) {
        if (known.find(static_cast<char>(tag)) == std::string_view::npos) {
            std::string const bytes = std::string(1, static_cast<char>(tag)) + wire::u64(0);
            all.push_back({"tag_" + std::to_string(tag), bytes, {errc::unknown_tag, 0}});
        }
    }
    return all;
}

std::vector<hostile> flags() {
    std::string const prepared = wire::prepared(1, 2, 3, 4, "g");
    std::string const relation_head =
        'R' + wire::u32(1) + wire::zero_terminated("s") + wire::zero_terminated("t");
    std::vector<hostile> all;
    for (int const value : {1, 2, 128, 255}) {
        std::string const flag = wire::u8(static_cast<unsigned>(value));
        std::string const suffix = "_" + std::to_string(value);
        all.push_back(
            {"commit_flags" + suffix, 'C' + flag + std::string(24, '\0'), {errc::bad_value, 1}});
        all.push_back({"stream_commit_flags" + suffix,
                       'c' + wire::u32(1) + flag + std::string(24, '\0'),
                       {errc::bad_value, 5}});
        for (char const tag : {'P', 'p', 'K'}) {
            all.push_back({std::string{"flags_of_"} +
                               (tag == 'p' ? "stream_prepare" : std::string(1, tag)) + suffix,
                           tag + flag + prepared,
                           {errc::bad_value, 1}});
        }
        all.push_back({"rollback_prepared_flags" + suffix,
                       'r' + flag + std::string(36, '\0') + wire::zero_terminated("g"),
                       {errc::bad_value, 1}});
        if (value > 1) {
            all.push_back(
                {"stream_start_first" + suffix, 'S' + wire::u32(1) + flag, {errc::bad_value, 5}});
            all.push_back({"message_transactional" + suffix,
                           'M' + flag + wire::u64(1) + wire::zero_terminated("p") + wire::u32(0),
                           {errc::bad_value, 1}});
            all.push_back({"relation_key_column" + suffix,
                           relation_head + 'd' + wire::u16(1) + flag + wire::zero_terminated("c") +
                               wire::u64(0),
                           {errc::bad_value, 12}});
        }
        if (value > 3) {
            all.push_back(
                {"truncate_options" + suffix, 'T' + wire::u32(0) + flag, {errc::bad_value, 5}});
        }
    }
    for (char const identity : {'x', 'D', '\0', 'p'}) {
        all.push_back({"replica_identity_" + std::to_string(int{identity}),
                       relation_head + identity + wire::u16(0),
                       {errc::bad_value, 9}});
    }
    return all;
}

std::vector<hostile> lengths() {
    constexpr auto greatest = std::numeric_limits<std::int32_t>::max();
    constexpr auto least = std::numeric_limits<std::int32_t>::min();
    std::string const message = 'M' + wire::u8(1) + wire::u64(1) + wire::zero_terminated("p");
    std::string const value = 'I' + wire::u32(1) + 'N' + wire::u16(1) + 't';
    std::string const binary = 'I' + wire::u32(1) + 'N' + wire::u16(1) + 'b';
    std::string const relation =
        'R' + wire::u32(1) + wire::zero_terminated("s") + wire::zero_terminated("t") + 'd';
    return {
        {"value_of_minus_1", value + wire::i32(-1) + "abc", {errc::bad_length, 9}},
        {"value_of_minus_1_at_the_end", value + wire::i32(-1), {errc::bad_length, 9}},
        {"value_of_the_least_at_the_end", value + wire::i32(least), {errc::bad_length, 9}},
        {"value_of_the_least", value + wire::i32(least) + "abc", {errc::bad_length, 9}},
        {"value_of_the_greatest", value + wire::i32(greatest) + "abc", {errc::bad_length, 9}},
        {"value_one_beyond", value + wire::i32(4) + "abc", {errc::bad_length, 9}},
        {"value_one_short", value + wire::i32(2) + "abc", {errc::trailing_bytes, 15}},
        {"empty_value_and_bytes", value + wire::i32(0) + "abc", {errc::trailing_bytes, 13}},
        {"binary_of_minus_1", binary + wire::i32(-1) + "abc", {errc::bad_length, 9}},
        {"binary_one_beyond", binary + wire::i32(4) + "abc", {errc::bad_length, 9}},
        {"second_value_beyond",
         'I' + wire::u32(1) + 'N' + wire::u16(2) + 't' + wire::i32(1) + "a" + 't' + wire::i32(1),
         {errc::bad_length, 15}},
        {"length_that_takes_the_next_tag",
         'I' + wire::u32(1) + 'N' + wire::u16(2) + 't' + wire::i32(2) + "an",
         {errc::truncated, 15}},
        {"columns_65535_none_sent",
         'I' + wire::u32(1) + 'N' + wire::u16(65'535),
         {errc::truncated, 8}},
        {"columns_3_sent_2", 'I' + wire::u32(1) + 'N' + wire::u16(3) + "nu", {errc::truncated, 10}},
        {"columns_1_sent_2",
         'I' + wire::u32(1) + 'N' + wire::u16(1) + "nu",
         {errc::trailing_bytes, 9}},
        {"columns_0_sent_1",
         'I' + wire::u32(1) + 'N' + wire::u16(0) + "n",
         {errc::trailing_bytes, 8}},
        {"old_columns_beyond",
         'U' + wire::u32(1) + 'K' + wire::u16(1) + 't' + wire::i32(9) + "abcN" + wire::u16(0),
         {errc::bad_length, 9}},
        {"truncate_minus_1", 'T' + wire::i32(-1) + wire::u8(0), {errc::bad_length, 1}},
        {"truncate_least", 'T' + wire::i32(least) + wire::u8(0), {errc::bad_length, 1}},
        {"truncate_greatest",
         'T' + wire::i32(greatest) + wire::u8(0) + wire::u32(1),
         {errc::bad_length, 6}},
        // 0x40000001 * 4 is 4 in 32 bits.
        {"truncate_that_overflows",
         'T' + wire::u32(0x4000'0001) + wire::u8(0) + wire::u32(1),
         {errc::bad_length, 6}},
        {"message_minus_1", message + wire::i32(-1), {errc::bad_length, 12}},
        {"message_least", message + wire::i32(least), {errc::bad_length, 12}},
        {"message_greatest", message + wire::i32(greatest) + "x", {errc::bad_length, 16}},
        {"message_longer_than_sent", message + wire::u32(2) + "x", {errc::bad_length, 16}},
        {"relation_65535_columns", relation + wire::u16(65'535), {errc::truncated, 12}},
        {"relation_one_column_too_few", relation + wire::u16(1), {errc::truncated, 12}},
        {"relation_one_column_too_many",
         relation + wire::u16(0) + wire::u8(0) + wire::zero_terminated("c") + wire::u64(0),
         {errc::trailing_bytes, 12}},
    };
}

std::vector<hostile> parts() {
    std::string const row = wire::tuple({wire::text("1")});
    return {
        {"insert_of_an_old_row", 'I' + wire::u32(1) + 'O' + row, {errc::unknown_tag, 5}},
        {"insert_of_a_key", 'I' + wire::u32(1) + 'K' + row, {errc::unknown_tag, 5}},
        {"insert_of_lower_case", 'I' + wire::u32(1) + 'n' + row, {errc::unknown_tag, 5}},
        {"update_of_unknown_part", 'U' + wire::u32(1) + 'X' + row, {errc::unknown_tag, 5}},
        {"update_with_key_only", 'U' + wire::u32(1) + 'K' + row, {errc::truncated, 14}},
        {"update_with_old_only", 'U' + wire::u32(1) + 'O' + row, {errc::truncated, 14}},
        {"update_with_two_keys",
         'U' + wire::u32(1) + 'K' + row + 'K' + row,
         {errc::unknown_tag, 14}},
        {"update_with_key_and_old",
         'U' + wire::u32(1) + 'K' + row + 'O' + row,
         {errc::unknown_tag, 14}},
        {"update_with_new_before_key",
         'U' + wire::u32(1) + 'N' + row + 'K' + row,
         {errc::trailing_bytes, 14}},
        {"delete_of_a_new_row", 'D' + wire::u32(1) + 'N' + row, {errc::unknown_tag, 5}},
        {"delete_with_two_parts",
         'D' + wire::u32(1) + 'K' + row + 'O' + row,
         {errc::trailing_bytes, 14}},
        {"column_of_unknown_kind",
         'I' + wire::u32(1) + 'N' + wire::u16(1) + 'x',
         {errc::unknown_tag, 8}},
        {"column_of_kind_zero",
         'I' + wire::u32(1) + 'N' + wire::u16(1) + '\0',
         {errc::unknown_tag, 8}},
        {"column_of_kind_N", 'I' + wire::u32(1) + 'N' + wire::u16(1) + 'N', {errc::unknown_tag, 8}},
        {"second_column_of_unknown_kind",
         'I' + wire::u32(1) + 'N' + wire::u16(2) + "n\xff",
         {errc::unknown_tag, 9}},
        {"origin_without_its_zero", 'O' + wire::u64(1) + "name", {errc::bad_string, 9}},
        {"type_with_one_name",
         'Y' + wire::u32(1) + wire::zero_terminated("public"),
         {errc::bad_string, 12}},
        {"relation_with_one_name",
         'R' + wire::u32(1) + wire::zero_terminated("public"),
         {errc::bad_string, 12}},
        {"message_prefix_without_its_zero",
         'M' + wire::u8(1) + wire::u64(1) + "prefix",
         {errc::bad_string, 10}},
        {"gid_without_its_zero", 'b' + std::string(28, '\0') + "gid", {errc::bad_string, 29}},
        {"gid_and_more", wire::begin_prepare(1, 2, 3, 4, "g") + "more", {errc::trailing_bytes, 31}},
        {"stream_stop_with_a_body", "E" + wire::u32(1), {errc::trailing_bytes, 1}},
        {"stream_abort_with_half_a_position",
         wire::stream_abort(1, 2) + wire::u32(3),
         {errc::truncated, 9}},
        {"stream_abort_with_a_position_only",
         wire::stream_abort(1, 2) + wire::u64(3),
         {errc::truncated, 17}},
        // The xid in front belongs to blocks: without it everything stands four bytes off.
        {"plain_insert_in_a_block",
         wire::insert(1, {wire::text("ab")}),
         {errc::unknown_tag, 9},
         block},
        {"streamed_insert_outside",
         wire::streamed(1, wire::insert(1, {wire::text("ab")})),
         {errc::unknown_tag, 5}},
    };
}

std::string name_of(testing::TestParamInfo<hostile> const& info) {
    return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Cut, HostileFrame, testing::ValuesIn(cut_frames()), name_of);
INSTANTIATE_TEST_SUITE_P(Tag, HostileFrame, testing::ValuesIn(tags()), name_of);
INSTANTIATE_TEST_SUITE_P(Flag, HostileFrame, testing::ValuesIn(flags()), name_of);
INSTANTIATE_TEST_SUITE_P(Length, HostileFrame, testing::ValuesIn(lengths()), name_of);
INSTANTIATE_TEST_SUITE_P(Part, HostileFrame, testing::ValuesIn(parts()), name_of);

// --- every byte -----------------------------------------------------------------------------------------

TEST(HostileFrames, CutAnywhereIsRefused) {
    for (layout const& each : layouts()) {
        wire::exact_buffer const whole{each.bytes};
        EXPECT_TRUE(decode(whole.view(), each.where).has_value()) << each.name;
        for (std::size_t size = 0; size < each.bytes.size(); ++size) {
            bool const shorter_form = each.name == "stream_abort_parallel" && size == 9;
            wire::exact_buffer const buffer{std::string_view{each.bytes}.substr(0, size)};
            auto const decoded = decode(buffer.view(), each.where);
            ASSERT_EQ(decoded.has_value(), shorter_form) << each.name << " cut to " << size;
            if (!shorter_form) {
                EXPECT_LE(decoded.error().offset, size);
                EXPECT_TRUE(decoded.error().code == errc::truncated ||
                            decoded.error().code == counted || decoded.error().code == text)
                    << each.name << " cut to " << size << ": " << decoded.error().message();
            }
        }
    }
}

// Whatever one byte becomes, decode() answers; AddressSanitizer watches the exact buffer.
TEST(HostileFrames, AChangedByteNeverReadsBeyond) {
    for (layout const& each : layouts()) {
        for (std::size_t at = 0; at < each.bytes.size(); ++at) {
            for (int value = 0; value < 256; ++value) {
                std::string changed = each.bytes;
                changed[at] = static_cast<char>(value);
                wire::exact_buffer const buffer{changed};
                auto const decoded = decode(buffer.view(), each.where);
                if (!decoded.has_value()) {
                    EXPECT_LE(decoded.error().offset, changed.size());
                } else if (auto const* const row = std::get_if<insert>(&*decoded)) {
                    std::string again =
                        wire::insert(row->relation_id.value, wire::columns_of(row->new_row));
                    again =
                        each.where == block ? wire::streamed(row->streamed.value, again) : again;
                    EXPECT_EQ(again, changed) << each.name;
                }
            }
        }
    }
}

} // namespace
} // namespace tandem::pgoutput
