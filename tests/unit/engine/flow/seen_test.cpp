// What the streams tell of who had seen whom (R13).

#include "engine/flow/window_writer.hpp"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tandem::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

direction_setup telling(sql::row_versions versions) {
    direction_setup made;
    made.tells_seen = true;
    made.conflicts.rest.versions = versions;
    return made;
}

progress_row begun() {
    progress_row row;
    row.seen = {lsn{50}, pg_time{500}};
    row.newest = pg_time{1'000};
    return row;
}

struct stream {
    explicit stream(sql::row_versions versions) : setup{telling(versions)} {
        link.source_deletes = &deletes;
    }

    // One row; the transaction's end is its beginning + 1.
    void transaction(std::uint64_t begins, std::int64_t at, std::uint32_t id = 7) {
        ASSERT_FALSE(writer.begin({lsn{begins}, pg_time{at}, xid{id}}));
        change made;
        made.new_row = pgoutput::tuple_view{1, row};
        ASSERT_FALSE(writer.row(made, shape, nullptr));
        ASSERT_FALSE(writer.commit({lsn{begins}, lsn{begins + 1}, pg_time{at}}));
    }
    void echo(std::uint64_t begins, seen_of_target told) {
        ASSERT_FALSE(writer.begin({lsn{begins}, pg_time{1}, xid{8}}));
        writer.marked(told);
        ASSERT_FALSE(writer.commit({lsn{begins}, lsn{begins + 1}, pg_time{1}}));
    }
    std::vector<transaction_header> sent() {
        writer.hand_over();
        std::vector<transaction_header> headers;
        for (auto step = link.window.next(); step.kind != change_window::step_kind::nothing;
             step = link.window.next()) {
            if (step.kind == change_window::step_kind::begin) {
                headers.push_back(step.piece->header);
            }
        }
        return headers;
    }

    boost::asio::io_context context;
    direction_setup setup;
    direction_stats stats{"a", "b"};
    direction_memory memory;
    node_deletes deletes;
    direction_link link{context.get_executor(), setup, stats, memory, begun(), lsn{}, false};
    window_writer writer{link, resume_guard{{}, false}};
    std::string row = std::string(10, 'x');
    pgoutput::relation_ptr shape = std::make_shared<pgoutput::relation_shape const>();
};

std::vector<std::uint64_t> ends(std::vector<inversion> const& of) {
    std::vector<std::uint64_t> all;
    all.reserve(of.size());
    for (inversion const& each : of) {
        all.push_back(each.end.value);
    }
    return all;
}

TEST(Seen, ARowIsComparedByWhatItsWriterHadSeen) {
    stream made{sql::row_versions::seen};
    made.transaction(100, 2'000);
    made.echo(200, {lsn{90}, pg_time{900}});
    made.transaction(300, 2'100);
    made.echo(400, {lsn{80}, pg_time{800}}); // of a row that was stored again: nothing is unseen
    made.transaction(500, 2'200);
    auto const sent = made.sent();
    ASSERT_EQ(sent.size(), 3U);
    EXPECT_EQ(sent[0].v(sql::row_versions::seen), pg_time{500}) << "as the last start knew";
    EXPECT_EQ(sent[0].seen, lsn{50});
    EXPECT_EQ(sent[1].v(sql::row_versions::seen), pg_time{900});
    EXPECT_EQ(sent[1].seen, lsn{90});
    EXPECT_EQ(sent[2].v(sql::row_versions::seen), pg_time{900});
    EXPECT_EQ(sent[1].commit_time, pg_time{2'100});
}

TEST(Seen, OfTheNodeThatWinsEverythingIsWritten) {
    stream made{sql::row_versions::always};
    made.transaction(100, 2'000);
    EXPECT_EQ(made.sent().at(0).earliest(), pg_time{std::numeric_limits<std::int64_t>::max()});
}

TEST(Seen, ByLastUpdateWinsACommitTimeIsTheVersion) {
    stream made{sql::row_versions::commit_time};
    made.transaction(100, 2'000);
    EXPECT_EQ(made.sent().at(0).earliest(), pg_time{2'000});
}

TEST(Seen, CommitTimesThatDoNotRiseAreNoted) {
    stream made{sql::row_versions::always};
    made.transaction(100, 900, 1); // no greater than what was sent before this start
    made.transaction(200, 2'000, 2);
    made.transaction(300, 1'990, 3); // stands behind, and looks older
    made.transaction(400, 2'000, 4); // the same time
    made.transaction(500, 1'990, 5); // the same as one that is noted
    made.transaction(600, 2'001, 6);
    auto const noted = made.deletes.inversions(lsn{});
    EXPECT_THAT(ends(noted), ElementsAre(101, 301, 401, 501));
    EXPECT_EQ(noted[0].id, 0U) << "its time is its own";
    EXPECT_EQ(noted[1].id, 0U);
    EXPECT_EQ(noted[2].id, 4U);
    EXPECT_EQ(noted[3].id, 5U);
    EXPECT_THAT(ends(made.deletes.inversions(lsn{301})), ElementsAre(401, 501))
        << "beyond what was seen";
}

TEST(Seen, EchoesAreNotOfTheNodesOwn) {
    stream made{sql::row_versions::always};
    made.echo(100, {lsn{90}, pg_time{900}});
    EXPECT_THAT(made.deletes.inversions(lsn{}), IsEmpty());
}

TEST(Seen, WhatIsKnownIsNotStoredTwice) {
    node_deletes deletes;
    deletes.inverted({lsn{20}, pg_time{2}, 0});
    deletes.inverted({lsn{10}, pg_time{1}, 0}, true); // read from the node behind it
    deletes.inverted({lsn{20}, pg_time{2}, 0});
    EXPECT_THAT(ends(deletes.inversions_to_store()), ElementsAre(20));
    EXPECT_THAT(ends(deletes.inversions(lsn{})), ElementsAre(10, 20));
    deletes.inverted({lsn{30}, pg_time{3}, 0});
    deletes.inversions_stored(1);
    EXPECT_THAT(ends(deletes.inversions_to_store()), ElementsAre(30));
}

TEST(Seen, WhatNobodyCanHaveMissedIsForgotten) {
    node_deletes deletes;
    for (std::uint64_t const end : {10U, 20U, 30U}) {
        deletes.inverted({lsn{end}, pg_time{1}, 0});
    }
    deletes.peer_said(
        {lsn{20}, lsn{500}, {}}); // everything to 20 was applied when the peer was at 500
    EXPECT_EQ(deletes.droppable(lsn{499}), lsn{});
    EXPECT_THAT(ends(deletes.inversions(lsn{})), ElementsAre(10, 20, 30));
    EXPECT_EQ(deletes.droppable(lsn{500}), lsn{20});
    EXPECT_THAT(ends(deletes.inversions(lsn{})), ElementsAre(20, 30));
}

// What is sent again after a start is no greater than what the target had of it, and was compared before.
TEST(Seen, WhatIsSentAgainIsNotNotedAgain) {
    stream made{sql::row_versions::always};
    made.transaction(100, 2'000);
    direction_link again{
        made.context.get_executor(), made.setup, made.stats, made.memory, begun(), lsn{}, false};
    again.source_deletes = &made.deletes;
    window_writer writer{again, resume_guard{{}, false}};
    ASSERT_FALSE(writer.begin({lsn{100}, pg_time{2'000}, xid{7}}));
    ASSERT_FALSE(writer.commit({lsn{100}, lsn{101}, pg_time{2'000}}));
    EXPECT_THAT(made.deletes.inversions(lsn{}), IsEmpty());
    ASSERT_FALSE(writer.begin({lsn{200}, pg_time{1'999}, xid{7}}));
    ASSERT_FALSE(writer.commit({lsn{200}, lsn{201}, pg_time{1'999}}));
    EXPECT_THAT(ends(made.deletes.inversions(lsn{})), ElementsAre(201));
}

TEST(Seen, WhatAnotherProcessHasSentMeanwhileCounts) {
    stream made{sql::row_versions::always};
    made.transaction(100, 1'100);
    auto later = begun();
    later.newest = pg_time{5'000};
    direction_link again{
        made.context.get_executor(), made.setup, made.stats, made.memory, later, lsn{}, false};
    again.source_deletes = &made.deletes;
    window_writer writer{again, resume_guard{{}, false}};
    ASSERT_FALSE(writer.begin({lsn{200}, pg_time{4'999}, xid{7}}));
    ASSERT_FALSE(writer.commit({lsn{200}, lsn{201}, pg_time{4'999}}));
    EXPECT_THAT(ends(made.deletes.inversions(lsn{})), ElementsAre(201));
}

// A batch has one answer to what its writers had not seen: also to what the decoder of the other node, which starts again
// beside it, tells only later.
TEST(Seen, ThatNoneIsBetweenIsKnownWhenTheDecoderHasPassed) {
    stream made{sql::row_versions::always};
    EXPECT_FALSE(made.deletes.none_inverted(lsn{50}, lsn{101}));
    made.transaction(100, 2'000);
    EXPECT_FALSE(made.deletes.none_inverted(lsn{50}, lsn{101})) << "one may be stored";
    made.deletes.loaded();
    EXPECT_TRUE(made.deletes.none_inverted(lsn{50}, lsn{101}));
    EXPECT_FALSE(made.deletes.none_inverted(lsn{50}, lsn{102}));
    made.transaction(200, 1'990);
    EXPECT_FALSE(made.deletes.none_inverted(lsn{101}, lsn{201}));
    EXPECT_TRUE(made.deletes.none_inverted(lsn{50}, lsn{200}));
    EXPECT_TRUE(made.deletes.none_inverted(lsn{201}, lsn{201}));
    made.echo(300, {lsn{90}, pg_time{900}});
    EXPECT_TRUE(made.deletes.none_inverted(lsn{201}, lsn{301}));
}

} // namespace
} // namespace tandem::engine
