// Frames that no server sends, as they come off a connection: what was said before, then one frame that must be refused
// by the layer, with the error and at the byte that is told.
#include "codecs/pgoutput/decoder.hpp"
#include "codecs/replication/frame.hpp"
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

constexpr std::uint32_t table = 16'400;
constexpr std::uint32_t other = 16'500;

enum class layer { frame, message };

struct hostile_frame {
    std::string name;                // of the test: letters, digits, underscores
    std::vector<std::string> before; // messages
    std::string bytes;               // of a frame, or of the message in one
    layer where = layer::message;
    codec_error expected;
};

void PrintTo(hostile_frame const& shown, std::ostream* out) {
    *out << shown.name;
}

class HostileStream : public testing::TestWithParam<hostile_frame> {};

TEST_P(HostileStream, FrameIsRefused) {
    auto const& [_, before, bytes, where, expected] = GetParam();
    decoder in;
    for (std::string const& message : before) {
        wire::exact_buffer const buffer{wire::xlog_data(1, 2, 3, message)};
        auto const frame = replication::decode_frame(buffer.view());
        ASSERT_TRUE(in.next(std::get<replication::xlog_data>(*frame).payload));
    }
    bool const whole = where == layer::frame;
    wire::exact_buffer const buffer{whole ? bytes : wire::xlog_data(1, 2, 3, bytes)};
    auto const frame = replication::decode_frame(buffer.view());
    ASSERT_EQ(frame.has_value(), !whole);
    if (whole) {
        EXPECT_EQ(frame.error().message(), expected.message());
        return;
    }
    auto const read = in.next(std::get<replication::xlog_data>(*frame).payload);
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().message(), expected.message());
}

std::string relation(std::uint32_t id = table) {
    return wire::relation(id, "public", "t", 'd', {{"id", 20, true}, {"v"}});
}

wire::columns row_of(std::size_t columns) {
    return wire::columns(columns, wire::text("1")); // 6 bytes each
}

std::vector<hostile_frame> frames() {
    std::string const keepalive = 'k' + u64(1) + u64(2);
    auto const of = [](std::string name, std::string bytes, codec_error expected) {
        return hostile_frame{std::move(name), {}, std::move(bytes), layer::frame, expected};
    };
    return {
        of("nothing", "", {errc::truncated, 0}),
        of("data_of_its_tag", "w", {errc::truncated, 1}),
        of("data_with_half_a_start", 'w' + u32(1), {errc::truncated, 1}),
        of("data_with_half_an_end", 'w' + u64(1) + u32(2), {errc::truncated, 9}),
        of("data_with_half_a_time", 'w' + u64(1) + u64(2) + u32(3), {errc::truncated, 17}),
        of("data_without_a_byte_of_its_time", wire::xlog_data(1, 2, 3, "").substr(0, 24),
           {errc::truncated, 17}),
        of("keepalive_of_its_tag", "k", {errc::truncated, 1}),
        of("keepalive_with_half_a_position", 'k' + u32(1), {errc::truncated, 1}),
        of("keepalive_with_half_a_time", 'k' + u64(1) + u32(2), {errc::truncated, 9}),
        of("keepalive_that_asks_neither", keepalive, {errc::truncated, 17}),
        of("keepalive_that_asks_2", keepalive + u8(2), {errc::bad_value, 17}),
        of("keepalive_that_asks_255", keepalive + u8(255), {errc::bad_value, 17}),
        of("keepalive_that_asks_in_a_letter", keepalive + 't', {errc::bad_value, 17}),
        of("keepalive_with_a_zero_behind", keepalive + u8(0) + u8(0), {errc::trailing_bytes, 18}),
        of("keepalive_twice", wire::keepalive(1, 2, false) + wire::keepalive(1, 2, false),
           {errc::trailing_bytes, 18}),
        of("keepalive_with_a_message", wire::keepalive(1, 2, true) + wire::begin(1, 2, 3),
           {errc::trailing_bytes, 18}),
        of("keepalive_with_the_end_of_data_too", 'k' + u64(1) + u64(2) + u64(3) + u8(0),
           {errc::trailing_bytes, 18}),
        of("a_message_without_a_frame", wire::begin(1, 2, 3), {errc::unknown_tag, 0}),
        of("a_frame_in_a_copy_message", 'd' + u32(22) + wire::keepalive(1, 2, false),
           {errc::unknown_tag, 0}),
        of("our_standby_status", 'r' + std::string(33, '\0'), {errc::unknown_tag, 0}),
        of("our_feedback", 'h' + std::string(24, '\0'), {errc::unknown_tag, 0}),
        of("data_in_capitals", 'W' + std::string(24, '\0'), {errc::unknown_tag, 0}),
        of("keepalive_in_capitals", 'K' + std::string(17, '\0'), {errc::unknown_tag, 0}),
        of("zeros", std::string(25, '\0'), {errc::unknown_tag, 0}),
        of("ones", std::string(25, '\xFF'), {errc::unknown_tag, 0}),
    };
}

std::vector<hostile_frame> payloads() {
    std::string const b = wire::begin(1, 2, 3);
    auto const of = [](std::string name, std::vector<std::string> before, std::string bytes,
                       codec_error expected) {
        return hostile_frame{std::move(name), std::move(before), std::move(bytes), layer::message,
                             expected};
    };
    return {
        of("data_without_a_message", {}, "", {errc::truncated, 0}),
        of("data_in_data", {}, wire::xlog_data(1, 2, 3, b), {errc::unknown_tag, 0}),
        of("keepalive_in_data", {}, wire::keepalive(1, 2, true), {errc::unknown_tag, 0}),
        of("two_messages", {}, b + wire::commit(1, 2, 3), {errc::trailing_bytes, 21}),
        of("an_empty_message_in_a_transaction", {b}, "", {errc::truncated, 0}),
        of("an_empty_message_in_a_block", {wire::stream_start(7, true)}, "", {errc::truncated, 0}),
        of("a_plain_truncate_in_a_block",
           {wire::stream_start(7, true), wire::streamed(7, relation())}, wire::truncate({table}),
           {errc::bad_value, 9}),
        of("a_plain_delete_in_a_block",
           {wire::stream_start(7, true), wire::streamed(7, relation())},
           wire::remove(table, 'K', row_of(2)), {errc::unknown_tag, 9}),
        of("a_streamed_update_outside", {b, relation()},
           wire::streamed(7, wire::update(table, row_of(2))), {errc::unknown_tag, 5}),
        of("a_streamed_delete_outside", {b, relation()},
           wire::streamed(7, wire::remove(table, 'K', row_of(2))), {errc::unknown_tag, 5}),
        of("a_streamed_relation_outside", {b}, wire::streamed(7, relation()), {errc::bad_value, 7}),
        of("a_value_beyond_a_good_stream", {b, relation(), wire::insert(table, row_of(2))},
           'I' + u32(table) + 'N' + u16(2) + 't' + i32(1) + "1" + 't' + i32(2) + "1",
           {errc::bad_length, 15}),
    };
}

std::vector<hostile_frame> unknown_relations() {
    std::string const b = wire::begin(1, 2, 3);
    std::string const start = wire::stream_start(7, true);
    std::string const described = wire::streamed(7, relation());
    auto const of = [](std::string name, std::vector<std::string> before, std::string bytes,
                       std::uint32_t at) {
        return hostile_frame{std::move(name),
                             std::move(before),
                             std::move(bytes),
                             layer::message,
                             {errc::unknown_relation, at}};
    };
    return {
        of("insert_of_relation_0", {b, relation()}, wire::insert(0, row_of(2)), 1),
        of("insert_of_the_greatest_relation", {b, relation()}, wire::insert(0xFFFF'FFFF, row_of(2)),
           1),
        of("insert_of_a_type_that_was_described", {b, wire::type(table, "s", "t")},
           wire::insert(table, row_of(2)), 1),
        of("update_of_an_unknown_relation_by_key", {b, relation()},
           wire::update(other, 'K', row_of(2), row_of(2)), 1),
        of("delete_of_an_unknown_relation", {b, relation()}, wire::remove(other, 'O', row_of(2)),
           1),
        of("first_of_two_truncated", {b, relation()}, wire::truncate({other, table}), 6),
        of("second_of_two_truncated", {b, relation()}, wire::truncate({table, other}), 10),
        of("third_of_three_truncated", {b, relation()}, wire::truncate({table, table, other}, true),
           14),
        of("streamed_insert", {start}, wire::streamed(7, wire::insert(table, row_of(2))), 5),
        of("streamed_update", {start, described}, wire::streamed(7, wire::update(other, row_of(2))),
           5),
        of("streamed_delete", {start, described},
           wire::streamed(8, wire::remove(other, 'K', row_of(2))), 5),
        of("first_of_two_truncated_in_a_block", {start, described},
           wire::streamed(7, wire::truncate({other, table})), 10),
        of("second_of_two_truncated_in_a_block", {start, described},
           wire::streamed(7, wire::truncate({table, other})), 14),
        of("of_a_block_that_was_rolled_back",
           {start, described, wire::stream_stop(), wire::stream_abort(7, 7),
            wire::stream_start(7, true)},
           wire::streamed(7, wire::insert(table, row_of(2))), 5),
        of("of_another_open_transaction", {start, described, wire::stream_stop(), b},
           wire::insert(table, row_of(2)), 1),
    };
}

std::vector<hostile_frame> counts() {
    std::string const b = wire::begin(1, 2, 3);
    std::string const start = wire::stream_start(7, true);
    std::string const described = wire::streamed(7, relation());
    auto const of = [](std::string name, std::vector<std::string> before, std::string bytes,
                       std::uint32_t at) {
        return hostile_frame{std::move(name),
                             std::move(before),
                             std::move(bytes),
                             layer::message,
                             {errc::wrong_columns, at}};
    };
    return {
        of("insert_of_none", {b, relation()}, wire::insert(table, {}), 6),
        of("insert_of_one", {b, relation()}, wire::insert(table, row_of(1)), 6),
        of("insert_of_three", {b, relation()}, wire::insert(table, row_of(3)), 6),
        of("insert_of_65535_nulls", {b, relation()}, wire::insert(table, wire::columns(65'535)), 6),
        of("insert_into_a_relation_without_columns", {b, wire::relation(table, "s", "t", 'd', {})},
           wire::insert(table, row_of(1)), 6),
        of("update_of_one", {b, relation()}, wire::update(table, row_of(1)), 6),
        of("update_whose_key_is_short", {b, relation()},
           wire::update(table, 'K', row_of(1), row_of(2)), 6),
        of("update_whose_old_row_is_long", {b, relation()},
           wire::update(table, 'O', row_of(3), row_of(2)), 6),
        of("update_whose_old_row_is_empty", {b, relation()},
           wire::update(table, 'O', {}, row_of(2)), 6),
        // U, relation, K, count, 2 columns of 6 bytes, N.
        of("update_whose_new_row_is_short", {b, relation()},
           wire::update(table, 'K', row_of(2), row_of(1)), 21),
        of("update_whose_new_row_is_empty", {b, relation()},
           wire::update(table, 'K', row_of(2), {}), 21),
        of("update_whose_rows_are_both_short", {b, relation()},
           wire::update(table, 'O', row_of(1), row_of(1)), 6),
        of("delete_of_one", {b, relation()}, wire::remove(table, 'K', row_of(1)), 6),
        of("delete_of_three", {b, relation()}, wire::remove(table, 'O', row_of(3)), 6),
        of("delete_of_none", {b, relation()}, wire::remove(table, 'K', {}), 6),
        of("streamed_insert_of_three", {start, described},
           wire::streamed(7, wire::insert(table, row_of(3))), 10),
        of("streamed_update_whose_new_row_is_short", {start, described},
           wire::streamed(7, wire::update(table, 'K', row_of(2), row_of(1))), 25),
        of("streamed_delete_of_one", {start, described},
           wire::streamed(8, wire::remove(table, 'K', row_of(1))), 10),
        of("row_of_the_shape_before",
           {b, relation(), wire::relation(table, "public", "t", 'd', {{"id", 20, true}})},
           wire::insert(table, row_of(2)), 6),
    };
}

std::vector<hostile_frame> places() {
    std::string const b = wire::begin(1, 2, 3);
    std::string const start = wire::stream_start(7, true);
    std::string const stop = wire::stream_stop();
    std::string const begin_prepare = wire::begin_prepare(1, 2, 3, 4, "g");
    std::string const prepare = wire::prepare(1, 2, 3, 4, "g");
    auto const of = [](std::string name, std::vector<std::string> before, std::string bytes) {
        return hostile_frame{std::move(name),
                             std::move(before),
                             std::move(bytes),
                             layer::message,
                             {errc::out_of_order, 0}};
    };
    return {
        of("begin_prepare_in_a_block", {start}, begin_prepare),
        of("begin_prepare_twice", {begin_prepare}, begin_prepare),
        of("prepare_in_a_block", {start}, prepare),
        of("prepare_twice", {begin_prepare, prepare}, prepare),
        of("start_in_a_prepared_transaction", {begin_prepare}, start),
        of("stop_in_a_prepared_transaction", {begin_prepare}, stop),
        of("stop_behind_a_commit", {b, wire::commit(1, 2, 3)}, stop),
        of("commit_prepared_in_a_prepared_one", {begin_prepare},
           wire::commit_prepared(1, 2, 3, 4, "g")),
        of("rollback_prepared_in_a_prepared_one", {begin_prepare},
           wire::rollback_prepared(1, 2, 3, 4, 5, "g")),
        of("rollback_prepared_in_a_block", {start}, wire::rollback_prepared(1, 2, 3, 4, 5, "g")),
        of("stream_commit_in_a_transaction", {start, stop, b}, wire::stream_commit(7, 1, 2, 3)),
        of("stream_commit_in_a_prepared_one", {start, stop, begin_prepare},
           wire::stream_commit(7, 1, 2, 3)),
        of("stream_commit_of_a_subtransaction", {start, wire::streamed(8, relation()), stop},
           wire::stream_commit(8, 1, 2, 3)),
        of("stream_prepare_in_a_transaction", {start, stop, b},
           wire::stream_prepare(1, 2, 3, 7, "g")),
        of("stream_prepare_twice", {start, stop, wire::stream_prepare(1, 2, 3, 7, "g")},
           wire::stream_prepare(1, 2, 3, 7, "g")),
        of("stream_commit_behind_its_prepare", {start, stop, wire::stream_prepare(1, 2, 3, 7, "g")},
           wire::stream_commit(7, 1, 2, 3)),
        of("abort_behind_its_commit", {start, stop, wire::stream_commit(7, 1, 2, 3)},
           wire::stream_abort(7, 7)),
        of("abort_by_its_subtransaction", {start, stop}, wire::stream_abort(8, 7)),
        of("abort_of_protocol_4_of_another", {start, stop}, wire::stream_abort(9, 9, 1, 2)),
        of("abort_without_a_stream", {}, wire::stream_abort(7, 8)),
        of("origin_in_a_block_behind_a_relation", {start, wire::streamed(7, relation())},
           wire::origin(1, "o")),
        of("origin_behind_a_stop", {start, stop}, wire::origin(1, "o")),
        of("origin_behind_a_message", {b, wire::logical_message(true, 1, "p", "")},
           wire::origin(1, "o")),
        of("loose_message_in_a_block", {start},
           wire::streamed(7, wire::logical_message(false, 1, "p", ""))),
        of("loose_message_in_a_prepared_one", {begin_prepare},
           wire::logical_message(false, 1, "p", "")),
        of("transactional_message_behind_a_stop", {start, stop},
           wire::logical_message(true, 1, "p", "")),
        of("relation_behind_a_stop", {start, stop}, relation()),
        of("insert_behind_a_prepare", {begin_prepare, relation(), prepare},
           wire::insert(table, row_of(2))),
        of("truncate_behind_a_commit", {b, relation(), wire::commit(1, 2, 3)},
           wire::truncate({table})),
    };
}

std::string name_of(testing::TestParamInfo<hostile_frame> const& info) {
    return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Frame, HostileStream, testing::ValuesIn(frames()), name_of);
INSTANTIATE_TEST_SUITE_P(Payload, HostileStream, testing::ValuesIn(payloads()), name_of);
INSTANTIATE_TEST_SUITE_P(Unknown, HostileStream, testing::ValuesIn(unknown_relations()), name_of);
INSTANTIATE_TEST_SUITE_P(Count, HostileStream, testing::ValuesIn(counts()), name_of);
INSTANTIATE_TEST_SUITE_P(Place, HostileStream, testing::ValuesIn(places()), name_of);

} // namespace
} // namespace tandem::pgoutput
