// More messages that no server sends, written one by one: for every kind of message what is left out, doubled, cut
// inside a field, or of another message's form; each with the exact error and the byte it is found at.
#include "codecs/pgoutput/message.hpp"
#include "tests/support/exact_buffer.hpp"
#include "tests/support/pgoutput_builder.hpp"

#include <gtest/gtest.h>

namespace tandem::pgoutput {
namespace {

using errc = codec_errc;
using wire::i32;
using wire::u16;
using wire::u32;
using wire::u64;
using wire::u8;
using wire::zero_terminated;

constexpr auto block = within::stream_block;

struct hostile_message {
    std::string name; // of the test: letters, digits, underscores
    std::string bytes;
    codec_error expected;
    within where = within::transaction;
};

void PrintTo(hostile_message const& shown, std::ostream* out) {
    *out << shown.name;
}

class HostileMessage : public testing::TestWithParam<hostile_message> {};

TEST_P(HostileMessage, IsRefusedByName) {
    wire::exact_buffer const buffer{GetParam().bytes};
    auto const decoded = decode(buffer.view(), GetParam().where);
    ASSERT_FALSE(decoded.has_value());
    EXPECT_EQ(decoded.error().message(), GetParam().expected.message());
}

// The row of one text "1": 8 bytes.
std::string row() {
    return wire::tuple({wire::text("1")});
}

std::vector<hostile_message> transactions() {
    std::string const b = 'B' + u64(1) + u64(2);
    std::string const c = 'C' + u8(0) + u64(1);
    return {
        {"begin_with_half_a_position", 'B' + u32(1), {errc::truncated, 1}},
        {"begin_with_half_a_time", 'B' + u64(1) + u32(2), {errc::truncated, 9}},
        {"begin_with_half_an_xid", b + u16(3), {errc::truncated, 17}},
        {"begin_with_a_wide_xid", b + u64(3), {errc::trailing_bytes, 21}},
        {"begin_with_a_gid", b + u32(3) + zero_terminated("g"), {errc::trailing_bytes, 21}},
        {"begin_with_the_flags_of_a_commit",
         'B' + u8(0) + u64(1) + u64(2) + u32(3),
         {errc::trailing_bytes, 21}},
        {"commit_without_flags", 'C' + u64(1) + u64(2) + u64(3), {errc::truncated, 18}},
        {"commit_with_one_position", c + u64(3), {errc::truncated, 18}},
        {"commit_with_half_a_time", c + u64(2) + u32(3), {errc::truncated, 18}},
        {"commit_with_an_xid", wire::commit(1, 2, 3) + u32(7), {errc::trailing_bytes, 26}},
        {"commit_with_flag_64", 'C' + u8(64) + std::string(24, '\0'), {errc::bad_value, 1}},
        {"origin_with_half_a_position", 'O' + u32(1), {errc::truncated, 1}},
        {"origin_without_its_position", 'O' + zero_terminated("name"), {errc::truncated, 1}},
        {"origin_with_two_names",
         'O' + u64(1) + zero_terminated("a") + zero_terminated("b"),
         {errc::trailing_bytes, 11}},
        {"origin_with_bytes_behind_its_zero",
         'O' + u64(1) + zero_terminated("a") + "b",
         {errc::trailing_bytes, 11}},
        {"origin_of_10000_bytes_without_a_zero",
         'O' + u64(1) + std::string(10'000, 'x'),
         {errc::bad_string, 9}},
    };
}

std::vector<hostile_message> relations() {
    std::string const head = 'R' + u32(1) + zero_terminated("s") + zero_terminated("t");
    std::string const one = head + 'd' + u16(1);
    std::string const column = u8(1) + zero_terminated("c") + u32(23) + i32(-1); // 11 bytes
    return {
        {"relation_with_half_an_id", 'R' + u16(1), {errc::truncated, 1}},
        {"relation_with_a_schema_without_its_zero", 'R' + u32(1) + "public", {errc::bad_string, 5}},
        {"relation_without_an_identity", head, {errc::truncated, 9}},
        {"relation_of_identity_N", head + 'N' + u16(0), {errc::bad_value, 9}},
        {"relation_of_identity_k", head + 'k' + u16(0), {errc::bad_value, 9}},
        {"relation_of_identity_space", head + ' ' + u16(0), {errc::bad_value, 9}},
        {"relation_with_its_identity_twice", head + "dd" + u16(0), {errc::bad_string, 13}},
        {"relation_with_half_a_count", head + 'd' + u8(0), {errc::truncated, 10}},
        {"relation_whose_column_is_a_flag", one + u8(0), {errc::bad_string, 13}},
        {"relation_whose_column_has_no_zero", one + u8(0) + "c", {errc::bad_string, 13}},
        {"relation_whose_column_has_no_type",
         one + u8(0) + zero_terminated("c"),
         {errc::truncated, 15}},
        {"relation_whose_column_has_half_a_type",
         one + u8(0) + zero_terminated("c") + u16(23),
         {errc::truncated, 15}},
        {"relation_whose_column_has_no_modifier",
         one + u8(0) + zero_terminated("c") + u32(23),
         {errc::truncated, 19}},
        {"relation_whose_column_has_half_a_modifier",
         one + u8(0) + zero_terminated("c") + u32(23) + u16(0),
         {errc::truncated, 19}},
        {"relation_with_a_byte_behind_its_column", one + column + 'x', {errc::trailing_bytes, 23}},
        {"relation_with_a_column_behind_its_last",
         one + column + column,
         {errc::trailing_bytes, 23}},
        {"relation_whose_second_column_is_flagged_2",
         head + 'd' + u16(2) + column + u8(2) + zero_terminated("e") + u64(0),
         {errc::bad_value, 23}},
        {"relation_whose_second_column_has_no_zero",
         head + 'd' + u16(2) + column + u8(0) + "e",
         {errc::bad_string, 24}},
        {"relation_whose_third_column_is_missing",
         head + 'd' + u16(3) + column + column,
         {errc::truncated, 34}},
        {"relation_with_its_count_the_other_way_round",
         head + 'd' + u16(256) + column,
         {errc::truncated, 23}},
        {"streamed_relation_of_identity_x",
         wire::streamed(9, head + 'x' + u16(0)),
         {errc::bad_value, 13},
         block},
        {"streamed_relation_whose_column_is_flagged_255",
         wire::streamed(9, one + u8(255) + zero_terminated("c") + u64(0)),
         {errc::bad_value, 16},
         block},
        {"type_with_half_an_id", 'Y' + u16(1), {errc::truncated, 1}},
        {"type_with_a_schema_without_its_zero", 'Y' + u32(1) + "s", {errc::bad_string, 5}},
        {"type_with_a_name_without_its_zero",
         'Y' + u32(1) + zero_terminated("s") + "t",
         {errc::bad_string, 7}},
        {"type_with_three_names",
         'Y' + u32(1) + zero_terminated("s") + zero_terminated("t") + zero_terminated("u"),
         {errc::trailing_bytes, 9}},
    };
}

std::vector<hostile_message> inserts() {
    std::string const head = 'I' + u32(1) + 'N';
    std::string const first = 't' + i32(1) + "a"; // 6 bytes
    return {
        {"insert_with_half_a_relation", 'I' + u16(1), {errc::truncated, 1}},
        {"insert_with_half_a_count", head + u8(0), {errc::truncated, 6}},
        {"insert_of_two_rows", head + row() + 'N' + row(), {errc::trailing_bytes, 14}},
        {"insert_with_half_a_length", head + u16(1) + 't' + u16(0), {errc::truncated, 9}},
        {"insert_with_half_a_second_length",
         head + u16(2) + first + 't' + u16(0),
         {errc::truncated, 15}},
        {"insert_of_a_null_with_a_length", head + u16(1) + 'n' + u32(0), {errc::trailing_bytes, 9}},
        {"insert_of_an_unchanged_value_with_bytes",
         head + u16(1) + 'u' + i32(1) + "a",
         {errc::trailing_bytes, 9}},
        {"insert_of_a_null_as_copy_has_it", head + u16(1) + i32(-1), {errc::unknown_tag, 8}},
        {"insert_of_kind_T", head + u16(1) + 'T' + i32(1) + "a", {errc::unknown_tag, 8}},
        {"insert_of_kind_B", head + u16(1) + 'B' + i32(1) + "a", {errc::unknown_tag, 8}},
        {"insert_of_kind_U", head + u16(1) + 'U', {errc::unknown_tag, 8}},
        {"insert_of_a_kind_beyond_ascii", head + u16(1) + '\xF4', {errc::unknown_tag, 8}},
        {"insert_whose_third_kind_is_unknown", head + u16(3) + "nn\x01", {errc::unknown_tag, 10}},
        {"insert_whose_first_of_eight_kinds_is_unknown",
         head + u16(8) + "xnnnnnnn",
         {errc::unknown_tag, 8}},
        {"insert_with_its_count_the_other_way_round",
         head + u16(256) + first,
         {errc::truncated, 14}},
        {"insert_with_its_length_the_other_way_round",
         head + u16(1) + 't' + u32(0x0100'0000) + "a",
         {errc::bad_length, 9}},
        {"insert_of_99_bytes_told_as_100",
         head + u16(1) + 't' + i32(100) + std::string(99, 'x'),
         {errc::bad_length, 9}},
        {"insert_of_100_bytes_told_as_99",
         head + u16(1) + 't' + i32(99) + std::string(100, 'x'),
         {errc::trailing_bytes, 112}},
        {"insert_whose_value_takes_the_null_behind_it",
         head + u16(2) + 't' + i32(2) + "an",
         {errc::truncated, 15}},
        {"insert_whose_second_value_is_of_minus_1",
         head + u16(2) + first + 't' + i32(-1) + std::string(20, 'x'),
         {errc::bad_length, 15}},
        {"insert_whose_second_binary_is_beyond",
         head + u16(2) + first + 'b' + i32(5) + "1234",
         {errc::bad_length, 15}},
        {"insert_of_a_length_of_one_byte", head + u16(1) + 't' + u8(1) + "a", {errc::truncated, 9}},
        {"insert_with_a_zero_behind_it", head + row() + '\0', {errc::trailing_bytes, 14}},
        {"streamed_insert_of_an_old_row",
         'I' + u32(9) + u32(1) + 'O' + row(),
         {errc::unknown_tag, 9},
         block},
        {"streamed_insert_of_a_value_beyond",
         'I' + u32(9) + u32(1) + 'N' + u16(1) + 't' + i32(2) + "a",
         {errc::bad_length, 13},
         block},
        {"streamed_insert_of_kind_x",
         'I' + u32(9) + u32(1) + 'N' + u16(1) + 'x',
         {errc::unknown_tag, 12},
         block},
        {"streamed_insert_with_two_xids",
         'I' + u32(9) + u32(9) + u32(1) + 'N' + row(),
         {errc::unknown_tag, 9},
         block},
    };
}

std::vector<hostile_message> updates_and_deletes() {
    std::string const u = 'U' + u32(1);
    std::string const d = 'D' + u32(1);
    std::string const key = u + 'K' + row(); // 14 bytes
    return {
        {"update_with_half_a_relation", 'U' + u16(1), {errc::truncated, 1}},
        {"update_with_half_a_count", u + 'N' + u8(0), {errc::truncated, 6}},
        {"update_of_part_k", u + 'k' + row() + 'N' + row(), {errc::unknown_tag, 5}},
        {"update_of_part_zero", u + '\0' + row(), {errc::unknown_tag, 5}},
        {"update_with_two_old_rows", u + 'O' + row() + 'O' + row(), {errc::unknown_tag, 14}},
        {"update_with_old_and_key", u + 'O' + row() + 'K' + row(), {errc::unknown_tag, 14}},
        {"update_with_a_zero_before_its_new_row",
         key + '\0' + 'N' + row(),
         {errc::unknown_tag, 14}},
        {"update_with_two_new_rows", u + 'N' + row() + 'N' + row(), {errc::trailing_bytes, 14}},
        {"update_with_two_new_rows_behind_its_key",
         key + 'N' + row() + 'N' + row(),
         {errc::trailing_bytes, 23}},
        {"update_whose_new_row_has_no_count", key + 'N', {errc::truncated, 15}},
        {"update_whose_key_takes_the_new_row",
         u + 'K' + u16(1) + 'b' + i32(5) + "abN" + u16(0),
         {errc::truncated, 18}},
        {"update_whose_key_is_of_minus_1",
         u + 'K' + u16(1) + 't' + i32(-1) + 'N' + row(),
         {errc::bad_length, 9}},
        {"update_whose_key_counts_one_more",
         u + 'K' + u16(2) + row().substr(2) + 'N' + row(),
         {errc::unknown_tag, 14}},
        {"update_whose_key_counts_one_less",
         u + 'K' + u16(0) + row().substr(2) + 'N' + row(),
         {errc::unknown_tag, 8}},
        {"update_whose_old_row_is_of_kind_z", u + 'O' + u16(1) + 'z', {errc::unknown_tag, 8}},
        {"update_whose_new_value_is_beyond",
         key + 'N' + u16(1) + 't' + i32(2) + "a",
         {errc::bad_length, 18}},
        {"update_whose_new_row_is_of_kind_z", key + 'N' + u16(1) + 'z', {errc::unknown_tag, 17}},
        {"streamed_update_of_unknown_part",
         'U' + u32(9) + u32(1) + 'X' + row(),
         {errc::unknown_tag, 9},
         block},
        {"streamed_update_with_key_only",
         'U' + u32(9) + u32(1) + 'K' + row(),
         {errc::truncated, 18},
         block},
        {"delete_with_half_a_relation", 'D' + u16(1), {errc::truncated, 1}},
        {"delete_with_half_a_count", d + 'K' + u8(0), {errc::truncated, 6}},
        {"delete_of_part_o", d + 'o' + row(), {errc::unknown_tag, 5}},
        {"delete_of_part_zero", d + '\0' + row(), {errc::unknown_tag, 5}},
        {"delete_without_a_part", d + row(), {errc::unknown_tag, 5}},
        {"delete_with_its_key_twice", d + 'K' + row() + 'K' + row(), {errc::trailing_bytes, 14}},
        {"delete_with_a_new_row_behind", d + 'O' + row() + 'N' + row(), {errc::trailing_bytes, 14}},
        {"delete_whose_value_is_beyond",
         d + 'K' + u16(1) + 't' + i32(2) + "1",
         {errc::bad_length, 9}},
        {"delete_of_kind_z", d + 'O' + u16(1) + 'z', {errc::unknown_tag, 8}},
        {"streamed_delete_of_a_new_row",
         'D' + u32(9) + u32(1) + 'N' + row(),
         {errc::unknown_tag, 9},
         block},
    };
}

std::vector<hostile_message> truncates_and_messages() {
    std::string const m = 'M' + u8(1) + u64(1) + zero_terminated("p");
    return {
        {"truncate_with_half_a_count", 'T' + u16(1), {errc::truncated, 1}},
        {"truncate_without_options", 'T' + u32(0), {errc::truncated, 5}},
        {"truncate_of_one_with_none", 'T' + u32(1) + u8(0), {errc::bad_length, 6}},
        {"truncate_of_two_with_one_and_a_half",
         'T' + u32(2) + u8(0) + u32(1) + u16(2),
         {errc::bad_length, 6}},
        {"truncate_of_none_with_one", 'T' + u32(0) + u8(0) + u32(1), {errc::trailing_bytes, 6}},
        {"truncate_of_one_with_two",
         'T' + u32(1) + u8(0) + u32(1) + u32(2),
         {errc::trailing_bytes, 10}},
        {"truncate_with_option_4", 'T' + u32(1) + u8(4) + u32(1), {errc::bad_value, 5}},
        {"truncate_with_all_options", 'T' + u32(1) + u8(7) + u32(1), {errc::bad_value, 5}},
        {"streamed_truncate_with_option_4",
         'T' + u32(9) + u32(1) + u8(4) + u32(1),
         {errc::bad_value, 9},
         block},
        {"streamed_truncate_of_minus_1",
         'T' + u32(9) + i32(-1) + u8(0),
         {errc::bad_length, 5},
         block},
        {"message_with_a_letter_for_a_flag",
         "Mt" + u64(1) + zero_terminated("p") + u32(0),
         {errc::bad_value, 1}},
        {"message_with_half_a_position", 'M' + u8(0) + u32(1), {errc::truncated, 2}},
        {"message_without_a_prefix", 'M' + u8(0) + u64(1), {errc::bad_string, 10}},
        {"message_with_half_a_length", m + u16(0), {errc::truncated, 12}},
        {"message_of_100_bytes_with_one", m + u32(100) + "x", {errc::bad_length, 16}},
        {"message_of_one_byte_with_two", m + u32(1) + "xy", {errc::trailing_bytes, 17}},
        {"message_of_none_with_one", m + u32(0) + "x", {errc::trailing_bytes, 16}},
        {"message_that_ends_with_a_zero",
         m + u32(1) + zero_terminated("x"),
         {errc::trailing_bytes, 17}},
        {"streamed_message_with_flag_2",
         'M' + u32(9) + u8(2) + u64(1) + zero_terminated("p") + u32(0),
         {errc::bad_value, 5},
         block},
        {"streamed_message_of_minus_1",
         'M' + u32(9) + u8(1) + u64(1) + zero_terminated("p") + i32(-1),
         {errc::bad_length, 16},
         block},
    };
}

std::vector<hostile_message> streams() {
    return {
        {"stream_start_with_half_an_xid", 'S' + u16(1), {errc::truncated, 1}},
        {"stream_start_with_a_letter_for_a_flag", 'S' + u32(1) + 't', {errc::bad_value, 5}},
        {"stream_start_with_a_position", 'S' + u32(1) + u8(1) + u64(1), {errc::trailing_bytes, 6}},
        {"stream_start_with_a_wide_xid", 'S' + u64(1), {errc::trailing_bytes, 6}},
        {"stream_stop_with_a_zero", std::string{"E\0", 2}, {errc::trailing_bytes, 1}},
        {"stream_stop_in_a_block_with_an_xid", 'E' + u32(9), {errc::trailing_bytes, 1}, block},
        {"stream_commit_with_half_an_xid", 'c' + u16(1), {errc::truncated, 1}},
        {"stream_commit_without_an_xid",
         'c' + u8(0) + u64(1) + u64(2) + u64(3),
         {errc::truncated, 22}},
        {"stream_commit_with_half_a_time",
         'c' + u32(1) + u8(0) + u64(1) + u64(2) + u32(3),
         {errc::truncated, 22}},
        {"stream_commit_with_a_gid",
         wire::stream_commit(1, 2, 3, 4) + zero_terminated("g"),
         {errc::trailing_bytes, 30}},
        {"stream_commit_with_flag_4",
         'c' + u32(1) + u8(4) + std::string(24, '\0'),
         {errc::bad_value, 5}},
        {"stream_abort_with_half_an_xid", 'A' + u16(1), {errc::truncated, 1}},
        {"stream_abort_of_one_xid_and_a_half", 'A' + u32(1) + u16(2), {errc::truncated, 5}},
        {"stream_abort_with_a_byte_of_a_position",
         wire::stream_abort(1, 2) + u8(0),
         {errc::truncated, 9}},
        {"stream_abort_with_half_a_time",
         wire::stream_abort(1, 2) + u64(3) + u32(4),
         {errc::truncated, 17}},
        {"stream_abort_with_an_xid_behind_its_time",
         wire::stream_abort(1, 2, 3, 4) + u32(5),
         {errc::trailing_bytes, 25}},
    };
}

std::vector<hostile_message> prepared() {
    std::string const three = u64(1) + u64(2) + u64(3);
    std::string const gid = zero_terminated("g");
    return {
        {"begin_prepare_with_half_a_position", 'b' + u32(1), {errc::truncated, 1}},
        {"begin_prepare_with_flags",
         'b' + u8(0) + three + u32(256) + gid,
         {errc::trailing_bytes, 30}},
        {"begin_prepare_without_a_time",
         'b' + u64(1) + u64(2) + u32(4) + gid,
         {errc::truncated, 17}},
        {"begin_prepare_with_half_an_xid", 'b' + three + u16(4), {errc::truncated, 25}},
        {"begin_prepare_with_two_gids",
         'b' + three + u32(4) + gid + gid,
         {errc::trailing_bytes, 31}},
        {"prepare_with_half_a_time", 'P' + u8(0) + u64(1) + u64(2) + u32(3), {errc::truncated, 18}},
        {"prepare_with_a_gid_without_its_zero",
         'P' + u8(0) + three + u32(4) + "g",
         {errc::bad_string, 30}},
        {"prepare_and_more", wire::prepare(1, 2, 3, 4, "g") + "more", {errc::trailing_bytes, 32}},
        {"prepare_with_flag_4", 'P' + u8(4) + three + u32(4) + gid, {errc::bad_value, 1}},
        {"commit_prepared_with_half_a_time",
         'K' + u8(0) + u64(1) + u64(2) + u32(3),
         {errc::truncated, 18}},
        {"commit_prepared_without_an_xid", 'K' + u8(0) + three + gid, {errc::truncated, 26}},
        {"commit_prepared_with_a_gid_without_its_zero",
         'K' + u8(0) + three + u32(4) + "g",
         {errc::bad_string, 30}},
        {"commit_prepared_and_more",
         wire::commit_prepared(1, 2, 3, 4, "g") + "more",
         {errc::trailing_bytes, 32}},
        {"rollback_prepared_with_one_time",
         'r' + u8(0) + three + u32(5) + gid,
         {errc::truncated, 26}},
        {"rollback_prepared_with_half_an_xid",
         'r' + u8(0) + three + u64(4) + u16(5),
         {errc::truncated, 34}},
        {"rollback_prepared_with_a_gid_without_its_zero",
         'r' + u8(0) + three + u64(4) + u32(5) + "g",
         {errc::bad_string, 38}},
        {"rollback_prepared_and_more",
         wire::rollback_prepared(1, 2, 3, 4, 5, "g") + "more",
         {errc::trailing_bytes, 40}},
        {"stream_prepare_without_an_xid", 'p' + u8(0) + three + gid, {errc::truncated, 26}},
        {"stream_prepare_with_a_gid_without_its_zero",
         'p' + u8(0) + three + u32(4) + "g",
         {errc::bad_string, 30}},
        {"stream_prepare_and_more",
         wire::stream_prepare(1, 2, 3, 4, "g") + "more",
         {errc::trailing_bytes, 32}},
        {"stream_prepare_with_flag_4", 'p' + u8(4) + three + u32(4) + gid, {errc::bad_value, 1}},
    };
}

std::string name_of(testing::TestParamInfo<hostile_message> const& info) {
    return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Transaction, HostileMessage, testing::ValuesIn(transactions()), name_of);
INSTANTIATE_TEST_SUITE_P(Relation, HostileMessage, testing::ValuesIn(relations()), name_of);
INSTANTIATE_TEST_SUITE_P(Insert, HostileMessage, testing::ValuesIn(inserts()), name_of);
INSTANTIATE_TEST_SUITE_P(UpdateDelete, HostileMessage, testing::ValuesIn(updates_and_deletes()),
                         name_of);
INSTANTIATE_TEST_SUITE_P(TruncateMessage, HostileMessage,
                         testing::ValuesIn(truncates_and_messages()), name_of);
INSTANTIATE_TEST_SUITE_P(Stream, HostileMessage, testing::ValuesIn(streams()), name_of);
INSTANTIATE_TEST_SUITE_P(Prepared, HostileMessage, testing::ValuesIn(prepared()), name_of);

} // namespace
} // namespace tandem::pgoutput
