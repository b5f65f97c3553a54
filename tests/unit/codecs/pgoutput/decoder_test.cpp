// The stream as a whole: each message in its place and fitting its relation.
#include "codecs/pgoutput/decoder.hpp"

#include "tests/support/exact_buffer.hpp"
#include "tests/support/pgoutput_builder.hpp"

#include <gtest/gtest.h>

namespace tandem::pgoutput {
namespace {

using errc = codec_errc;

constexpr std::uint32_t table = 16'400;
constexpr std::uint32_t other = 16'500;

std::string relation(std::uint32_t id = table, std::size_t columns = 2) {
    std::vector<wire::relation_column> described{{"id", 20, true}};
    for (std::size_t index = 1; index < columns; ++index) {
        described.push_back({"c" + std::to_string(index)});
    }
    return wire::relation(id, "public", "t", 'd', described);
}

std::string insert_of(std::uint32_t id = table, std::size_t columns = 2) {
    return wire::insert(id, wire::columns(columns, wire::text("1")));
}

std::string begin_one() {
    return wire::begin(100, 1, 7);
}
std::string commit_one() {
    return wire::commit(100, 110, 1);
}

// --- sequences: the last message is the one that must not stand there

struct sequence {
    std::string name;
    std::vector<std::string> messages;
    codec_error expected; // of the last; ok when all are accepted
};

std::ostream& operator<<(std::ostream& out, sequence const& shown) {
    return out << shown.name;
}

class DecoderSequence : public testing::TestWithParam<sequence> {};

TEST_P(DecoderSequence, Last) {
    decoder in;
    auto const& messages = GetParam().messages;
    for (std::size_t index = 0; index < messages.size(); ++index) {
        wire::exact_buffer const buffer{messages[index]};
        auto const read = in.next(buffer.view());
        bool const last = index + 1 == messages.size();
        codec_error const expected = last ? GetParam().expected : codec_error{};
        EXPECT_EQ(read.has_value() ? codec_error{} : read.error(), expected)
            << "message " << index << ": "
            << (read.has_value() ? "accepted" : read.error().message());
    }
}

std::vector<sequence> accepted() {
    std::string const key_row = wire::update(table, 'K', {wire::text("1"), wire::null()},
                                             {wire::text("2"), wire::unchanged()});
    return {
        {"empty_transaction", {begin_one(), commit_one()}, {}},
        {"rows", {begin_one(), relation(), insert_of(), key_row, commit_one()}, {}},
        {"a_relation_lasts",
         {begin_one(), relation(), commit_one(), begin_one(), insert_of(), commit_one()},
         {}},
        {"replayed",
         {begin_one(), wire::origin(1, "o"), relation(), insert_of(), commit_one()},
         {}},
        {"messages",
         {wire::logical_message(false, 1, "p", ""), begin_one(),
          wire::logical_message(true, 1, "p", ""), commit_one(),
          wire::logical_message(false, 1, "p", "")},
         {}},
        {"a_type_first", {begin_one(), wire::type(1, "s", "t"), relation(), commit_one()}, {}},
        {"truncate_of_two",
         {begin_one(), relation(), relation(other), wire::truncate({table, other})},
         {}},
        {"two_phase",
         {wire::begin_prepare(1, 2, 3, 4, "g"), relation(), insert_of(),
          wire::prepare(1, 2, 3, 4, "g"), begin_one(), commit_one(),
          wire::commit_prepared(1, 2, 3, 4, "g")},
         {}},
        {"two_phase_rolled_back",
         {wire::begin_prepare(1, 2, 3, 4, "g"), wire::prepare(1, 2, 3, 4, "g"),
          wire::rollback_prepared(1, 2, 3, 4, 5, "g")},
         {}},
        // Prepared before this stream began.
        {"commit_prepared_alone", {wire::commit_prepared(1, 2, 3, 4, "g")}, {}},
        {"rollback_prepared_alone", {wire::rollback_prepared(1, 2, 3, 4, 5, "g")}, {}},
        {"blocks",
         {wire::stream_start(7, true), wire::streamed(7, relation()),
          wire::streamed(8, insert_of()), wire::stream_stop(), begin_one(), commit_one(),
          wire::stream_start(7, false), wire::streamed(7, insert_of()), wire::stream_stop(),
          wire::stream_commit(7, 1, 2, 3)},
         {}},
        {"blocks_of_two",
         {wire::stream_start(7, true), wire::stream_stop(), wire::stream_start(9, true),
          wire::stream_stop(), wire::stream_start(7, false), wire::stream_stop(),
          wire::stream_commit(9, 1, 2, 3), wire::stream_commit(7, 4, 5, 6)},
         {}},
        {"a_replayed_block",
         {wire::stream_start(7, true), wire::origin(1, "o"), wire::stream_stop()},
         {}},
        {"a_block_prepared",
         {wire::stream_start(7, true), wire::stream_stop(), wire::stream_prepare(1, 2, 3, 7, "g")},
         {}},
        {"an_aborted_subtransaction",
         {wire::stream_start(7, true), wire::stream_stop(), wire::stream_abort(7, 8),
          wire::stream_start(7, false), wire::stream_stop(), wire::stream_commit(7, 1, 2, 3)},
         {}},
        {"an_aborted_transaction",
         {wire::stream_start(7, true), wire::stream_stop(), wire::stream_abort(7, 7),
          wire::stream_start(7, true)},
         {}},
        {"an_abort_of_protocol_4",
         {wire::stream_start(7, true), wire::stream_stop(), wire::stream_abort(7, 7, 1, 2)},
         {}},
        {"a_relation_from_a_committed_block",
         {wire::stream_start(7, true), wire::streamed(7, relation()), wire::stream_stop(),
          wire::stream_commit(7, 1, 2, 3), begin_one(), insert_of()},
         {}},
    };
}

std::vector<sequence> out_of_order() {
    codec_error const wrong{errc::out_of_order, 0};
    std::string const start = wire::stream_start(7, true);
    std::string const stop = wire::stream_stop();
    std::string const begin_prepared = wire::begin_prepare(1, 2, 3, 4, "g");
    std::string const prepared = wire::prepare(1, 2, 3, 4, "g");
    return {
        {"commit_first", {commit_one()}, wrong},
        {"commit_twice", {begin_one(), commit_one(), commit_one()}, wrong},
        {"begin_in_a_transaction", {begin_one(), begin_one()}, wrong},
        {"begin_in_a_prepared_one", {begin_prepared, begin_one()}, wrong},
        {"begin_prepare_in_a_transaction", {begin_one(), begin_prepared}, wrong},
        {"commit_of_a_prepared_one", {begin_prepared, commit_one()}, wrong},
        {"prepare_of_a_plain_one", {begin_one(), prepared}, wrong},
        {"prepare_first", {prepared}, wrong},
        {"commit_prepared_inside", {begin_one(), wire::commit_prepared(1, 2, 3, 4, "g")}, wrong},
        {"rollback_prepared_inside",
         {begin_one(), wire::rollback_prepared(1, 2, 3, 4, 5, "g")},
         wrong},
        {"commit_prepared_in_a_block", {start, wire::commit_prepared(1, 2, 3, 4, "g")}, wrong},
        {"insert_outside", {begin_one(), relation(), commit_one(), insert_of()}, wrong},
        {"update_outside", {wire::update(table, {wire::text("1")})}, wrong},
        {"delete_outside", {wire::remove(table, 'K', {wire::text("1")})}, wrong},
        {"truncate_outside", {wire::truncate({table})}, wrong},
        {"relation_outside", {relation()}, wrong},
        {"type_outside", {wire::type(1, "s", "t")}, wrong},
        {"origin_outside", {wire::origin(1, "o")}, wrong},
        {"origin_twice", {begin_one(), wire::origin(1, "o"), wire::origin(1, "o")}, wrong},
        {"origin_behind_a_relation", {begin_one(), relation(), wire::origin(1, "o")}, wrong},
        {"origin_behind_a_row",
         {begin_one(), relation(), insert_of(), wire::origin(1, "o")},
         wrong},
        {"origin_behind_a_commit", {begin_one(), commit_one(), wire::origin(1, "o")}, wrong},
        {"transactional_message_outside", {wire::logical_message(true, 1, "p", "")}, wrong},
        {"loose_message_inside", {begin_one(), wire::logical_message(false, 1, "p", "")}, wrong},
        {"start_in_a_transaction", {begin_one(), start}, wrong},
        {"start_in_a_block", {start, wire::stream_start(8, true)}, wrong},
        {"start_that_is_not_the_first", {wire::stream_start(7, false)}, wrong},
        {"start_that_is_first_again", {start, stop, start}, wrong},
        {"start_again_behind_its_commit",
         {start, stop, wire::stream_commit(7, 1, 2, 3), wire::stream_start(7, false)},
         wrong},
        {"stop_first", {stop}, wrong},
        {"stop_twice", {start, stop, stop}, wrong},
        {"stop_in_a_transaction", {begin_one(), stop}, wrong},
        {"begin_in_a_block", {start, begin_one()}, wrong},
        {"commit_in_a_block", {start, commit_one()}, wrong},
        {"stream_commit_in_its_block", {start, wire::stream_commit(7, 1, 2, 3)}, wrong},
        {"stream_commit_of_another", {start, stop, wire::stream_commit(8, 1, 2, 3)}, wrong},
        {"stream_commit_twice",
         {start, stop, wire::stream_commit(7, 1, 2, 3), wire::stream_commit(7, 1, 2, 3)},
         wrong},
        {"stream_prepare_of_another", {start, stop, wire::stream_prepare(1, 2, 3, 8, "g")}, wrong},
        {"stream_prepare_in_its_block", {start, wire::stream_prepare(1, 2, 3, 7, "g")}, wrong},
        {"abort_of_another", {start, stop, wire::stream_abort(8, 8)}, wrong},
        {"abort_in_its_block", {start, wire::stream_abort(7, 7)}, wrong},
        {"abort_in_a_transaction", {start, stop, begin_one(), wire::stream_abort(7, 8)}, wrong},
        {"commit_behind_the_abort",
         {start, stop, wire::stream_abort(7, 7), wire::stream_commit(7, 1, 2, 3)},
         wrong},
    };
}

std::vector<sequence> relations() {
    codec_error const unknown{errc::unknown_relation, 1};
    codec_error const columns{errc::wrong_columns, 6}; // where they are counted
    wire::columns const one{wire::text("1")};
    wire::columns const two{wire::text("1"), wire::null()};
    std::string const start = wire::stream_start(7, true);
    std::string const stop = wire::stream_stop();
    return {
        {"insert_of_unknown", {begin_one(), insert_of()}, unknown},
        {"insert_of_another", {begin_one(), relation(), insert_of(other)}, unknown},
        {"update_of_unknown", {begin_one(), wire::update(table, two)}, unknown},
        {"delete_of_unknown", {begin_one(), wire::remove(table, 'K', two)}, unknown},
        {"truncate_of_unknown",
         {begin_one(), relation(), wire::truncate({table, other})},
         {errc::unknown_relation, 10}},
        {"insert_with_a_column_less", {begin_one(), relation(), wire::insert(table, one)}, columns},
        {"insert_with_a_column_more", {begin_one(), relation(), insert_of(table, 3)}, columns},
        {"insert_with_none", {begin_one(), relation(), wire::insert(table, {})}, columns},
        {"update_with_a_column_less", {begin_one(), relation(), wire::update(table, one)}, columns},
        {"update_with_a_short_key",
         {begin_one(), relation(), wire::update(table, 'K', one, two)},
         columns},
        {"update_with_a_long_old_row",
         {begin_one(), relation(), wire::update(table, 'O', wire::columns(3), two)},
         columns},
        {"delete_with_a_short_key",
         {begin_one(), relation(), wire::remove(table, 'K', one)},
         columns},
        {"row_of_the_shape_before",
         {begin_one(), relation(), insert_of(), relation(table, 3), insert_of()},
         columns},
        {"row_of_the_shape_now",
         {begin_one(), relation(), insert_of(), relation(table, 3), insert_of(table, 3)},
         {}},
        {"a_block_that_was_not_committed",
         {start, wire::streamed(7, relation()), stop, begin_one(), insert_of()},
         unknown},
        {"a_block_that_was_aborted",
         {start, wire::streamed(7, relation()), stop, wire::stream_abort(7, 7), begin_one(),
          insert_of()},
         unknown},
        {"a_block_of_another",
         {start, wire::streamed(7, relation()), stop, wire::stream_start(9, true),
          wire::streamed(9, insert_of())},
         {errc::unknown_relation, 5}},
        {"a_block_sees_what_was_before",
         {begin_one(), relation(), commit_one(), start, wire::streamed(7, insert_of())},
         {}},
        {"a_block_keeps_its_own_shape",
         {begin_one(), relation(), commit_one(), start, wire::streamed(7, relation(table, 3)), stop,
          begin_one(), insert_of(), commit_one(), wire::stream_start(7, false),
          wire::streamed(7, insert_of(table, 3))},
         {}},
        {"a_block_whose_shape_is_not_ours",
         {begin_one(), relation(), commit_one(), start, wire::streamed(7, relation(table, 3)), stop,
          begin_one(), insert_of(table, 3)},
         columns},
        {"the_shape_of_a_committed_block",
         {begin_one(), relation(), commit_one(), start, wire::streamed(7, relation(table, 3)), stop,
          wire::stream_commit(7, 1, 2, 3), begin_one(), insert_of(table, 3)},
         {}},
        {"the_shape_of_a_prepared_block",
         {start, wire::streamed(7, relation()), stop, wire::stream_prepare(1, 2, 3, 7, "g"),
          begin_one(), insert_of()},
         {}},
    };
}

std::string name_of(testing::TestParamInfo<sequence> const& info) {
    return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Accepted, DecoderSequence, testing::ValuesIn(accepted()), name_of);
INSTANTIATE_TEST_SUITE_P(OutOfOrder, DecoderSequence, testing::ValuesIn(out_of_order()), name_of);
INSTANTIATE_TEST_SUITE_P(Relations, DecoderSequence, testing::ValuesIn(relations()), name_of);

// --- what it tells

void feed(decoder& into, std::string const& bytes) {
    wire::exact_buffer const buffer{bytes};
    auto const read = into.next(buffer.view());
    ASSERT_TRUE(read.has_value()) << read.error().message();
}

TEST(Decoder, TheShapeOfTheRow) {
    decoder in;
    feed(in, begin_one());
    feed(in, relation(table, 2));
    feed(in, relation(other, 3));
    for (int round = 0; round < 2; ++round) {
        feed(in, insert_of(table, 2));
        EXPECT_EQ(in.shape()->id, oid{table});
        EXPECT_EQ(in.shape()->columns.size(), 2U);
        feed(in, insert_of(other, 3));
        EXPECT_EQ(in.shape()->id, oid{other});
    }
    EXPECT_EQ(in.find(oid{1}), nullptr);
}

TEST(Decoder, TheShapeOutlivesManyRelations) {
    decoder in;
    feed(in, begin_one());
    feed(in, relation());
    feed(in, insert_of());
    relation_ptr const kept = in.shape();
    for (std::uint32_t id = 1; id < 1'000; ++id) {
        feed(in, relation(id));
        feed(in, insert_of(id));
        ASSERT_EQ(in.shape()->id, oid{id});
    }
    feed(in, insert_of());
    EXPECT_EQ(in.shape(), kept);
}

TEST(Decoder, AnEqualShapeKeepsItsPointerThroughBlocks) {
    decoder in;
    feed(in, begin_one());
    feed(in, relation());
    EXPECT_EQ(in.described(), relation_cache::outcome::added);
    feed(in, insert_of());
    relation_ptr const before = in.shape();
    feed(in, commit_one());
    feed(in, wire::stream_start(7, true));
    feed(in, wire::streamed(7, relation()));
    EXPECT_EQ(in.described(), relation_cache::outcome::unchanged);
    feed(in, wire::streamed(7, insert_of()));
    EXPECT_EQ(in.shape(), before);
    feed(in, wire::streamed(7, relation(table, 3)));
    EXPECT_EQ(in.described(), relation_cache::outcome::changed);
    feed(in, wire::stream_stop());
    EXPECT_EQ(*in.find(oid{table}), before);
    feed(in, wire::stream_commit(7, 1, 2, 3));
    EXPECT_EQ((*in.find(oid{table}))->columns.size(), 3U);
    EXPECT_EQ(before->columns.size(), 2U);
}

// Another transaction was told of a newer shape while the streamed one was open.
TEST(Decoder, AnOlderShapeOfAStreamIsNotTakenOver) {
    decoder in;
    for (std::string const& message :
         {wire::stream_start(7, true), wire::streamed(7, relation(table, 2)), wire::stream_stop(),
          begin_one(), relation(table, 3), insert_of(table, 3), commit_one(),
          wire::stream_commit(7, 1, 2, 3), begin_one()}) {
        ASSERT_TRUE(in.next(message).has_value());
    }
    EXPECT_EQ((*in.find(oid{table}))->columns.size(), 3U);
    EXPECT_TRUE(in.next(insert_of(table, 3)).has_value());
}

TEST(Decoder, WhereItStands) {
    decoder in;
    EXPECT_FALSE(in.inside());
    feed(in, wire::stream_start(7, true));
    EXPECT_TRUE(in.inside() && in.in_block());
    EXPECT_EQ(in.streamed(), xid{7});
    EXPECT_EQ(in.open_streams(), 1U);
    feed(in, wire::stream_stop());
    EXPECT_FALSE(in.inside() || in.in_block());
    feed(in, wire::begin_prepare(1, 2, 3, 4, "g"));
    EXPECT_TRUE(in.inside());
    EXPECT_FALSE(in.in_block());
    feed(in, wire::prepare(1, 2, 3, 4, "g"));
    feed(in, wire::stream_abort(7, 7));
    EXPECT_EQ(in.open_streams(), 0U);
}

} // namespace
} // namespace tandem::pgoutput
