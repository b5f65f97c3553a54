#include "engine/flow/streamed_transactions.hpp"

#include "tests/support/pgoutput_builder.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

namespace tandem::engine {
namespace {

constexpr std::uint32_t transaction = 77;
constexpr std::uint32_t table = 16'400;

class StreamedTransactions : public testing::Test {
protected:
    // Keeps one message of the transaction; what failed, or nothing.
    boost::system::error_code keep(streamed_transactions& in, std::string const& bytes) {
        auto const decoded = decoder_.next(bytes);
        EXPECT_TRUE(decoded.has_value());
        auto const kept = in.keep(xid{transaction}, *decoded, bytes);
        return kept ? boost::system::error_code{} : kept.error();
    }

    counter held_{0};
    pgoutput::decoder decoder_;
    std::string start_ = wire::stream_start(transaction, true);
    std::string relation_ =
        wire::streamed(transaction, wire::relation(table, "public", "t", 'd', {{"id", 23, true}}));
    std::string row_ = wire::streamed(transaction, wire::insert(table, {wire::text("1")}));
};

TEST_F(StreamedTransactions, AnEchoNeedsNoFile) {
    streamed_transactions all{"/no/such/folder", held_};
    for (auto const& message :
         {start_, wire::origin(1, "tandem_1_a"), relation_, row_, row_, wire::stream_stop()}) {
        EXPECT_FALSE(keep(all, message));
    }
    auto const echo = all.take(xid{transaction});
    EXPECT_TRUE(echo.echo);
    EXPECT_FALSE(echo.messages.has_value());
    EXPECT_EQ(echo.origin, "tandem_1_a");
    EXPECT_EQ(echo.changes, 2U);
    EXPECT_EQ(held_, 0U);
}

TEST_F(StreamedTransactions, AnotherOnesOriginNeedsOne) {
    streamed_transactions all{"/no/such/folder", held_};
    EXPECT_FALSE(keep(all, start_));
    EXPECT_EQ(keep(all, wire::origin(1, "pg_16390")).value(), ENOENT);
}

TEST_F(StreamedTransactions, AreReplayedFromTheirFirstMessageOn) {
    streamed_transactions all{testing::TempDir(), held_};
    for (auto const& message : {start_, relation_, row_, wire::stream_stop()}) {
        EXPECT_FALSE(keep(all, message));
    }
    EXPECT_GT(held_, start_.size() + relation_.size() + row_.size());
    streamed_replay replay{all.take(xid{transaction}), decoder_};
    std::vector<std::size_t> kinds;
    for (auto item = replay.next(); item.has_value() && !item->end; item = replay.next()) {
        ASSERT_TRUE(item->message.has_value());
        kinds.push_back(item->message->index());
    }
    using pgoutput::message;
    EXPECT_EQ(kinds, (std::vector{message{pgoutput::stream_start{}}.index(),
                                  message{pgoutput::relation{}}.index(),
                                  message{pgoutput::insert{}}.index(),
                                  message{pgoutput::stream_stop{}}.index()}));
}

// Others get their turn while many of them are read and left out.
TEST_F(StreamedTransactions, WhatWasRolledBackIsPassedOverAtItsSize) {
    constexpr std::uint32_t savepoint = 78;
    auto const undone = wire::streamed(savepoint, wire::insert(table, {wire::text("2")}));
    streamed_transactions all{testing::TempDir(), held_};
    for (auto const& message : {start_, relation_, undone, row_, undone, wire::stream_stop()}) {
        EXPECT_FALSE(keep(all, message));
    }
    pgoutput::stream_abort rolled_back;
    rolled_back.transaction = xid{transaction};
    rolled_back.subtransaction = xid{savepoint};
    all.abort(rolled_back);
    streamed_replay replay{all.take(xid{transaction}), decoder_};
    std::vector<std::pair<bool, std::size_t>> read; // whether it counts, its bytes
    for (auto item = replay.next(); item.has_value() && !item->end; item = replay.next()) {
        read.emplace_back(item->message.has_value(), item->size);
    }
    EXPECT_EQ(read,
              (std::vector<std::pair<bool, std::size_t>>{{true, start_.size()},
                                                         {true, relation_.size()},
                                                         {false, undone.size()},
                                                         {true, row_.size()},
                                                         {false, undone.size()},
                                                         {true, wire::stream_stop().size()}}));
}

} // namespace
} // namespace tandem::engine
