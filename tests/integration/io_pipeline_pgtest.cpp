// io/pg/pipeline_session against a real server.

#include "io/pg/pipeline_session.hpp"
#include "tests/integration/io_pg.hpp"

#include <gmock/gmock.h>

#include <array>

namespace tandem::io::pg {
namespace {

using test::must;
using testing::ElementsAre;
using testing::HasSubstr;
using kind = outcome::kind;

constexpr oid int4{23};
constexpr oid text_type{25};

char const* name(kind what) {
    switch (what) {
    case kind::ok:
        return "ok";
    case kind::rows:
        return "rows";
    case kind::error:
        return "error";
    case kind::aborted:
        return "aborted";
    case kind::sync:
        return "sync";
    }
    return "?";
}

awaitable<std::vector<outcome>> take_all(pipeline_session& session) {
    std::vector<outcome> all;
    while (session.pending() != 0) {
        auto next = co_await session.next_result();
        if (!next) {
            throw std::runtime_error{next.error().message};
        }
        all.push_back(std::move(*next));
    }
    co_return all;
}

std::vector<std::string> names(std::vector<outcome> const& all) {
    std::vector<std::string> list;
    for (auto const& one : all) {
        list.emplace_back(name(one.what));
    }
    return list;
}

class Pipeline : public test::pg_test {
protected:
    std::vector<outcome> flush_and_take(pipeline_session& session) {
        must(loop_.run(session.flush()));
        return loop_.run(take_all(session));
    }
    pipeline_session open_pipeline(std::string const& preparation) {
        auto link = open();
        execute(*link, preparation);
        pipeline_session session{std::move(link)};
        must(session.enter());
        return session;
    }
    // One explicit transaction that inserts `key`.
    static void send_transaction(pipeline_session& session, std::string const& key) {
        param value;
        value.data = key.c_str();
        must(session.send_query("BEGIN"));
        must(session.send_prepared("add", {&value, 1}));
        must(session.send_query("COMMIT"));
        must(session.sync());
    }
};

TEST_F(Pipeline, ThreeTransactionsInFlightAndTheMiddleOneFails) {
    auto session = open_pipeline("CREATE TEMP TABLE t (id int PRIMARY KEY)");
    std::array<oid, 1> const types{int4};
    must(session.send_prepare("add", "INSERT INTO t VALUES ($1)", types));
    must(session.sync());
    send_transaction(session, "1");
    send_transaction(session, "1");
    send_transaction(session, "2");
    auto const all = flush_and_take(session);
    // COMMIT stood between the failure and the sync: it was skipped, so the transaction is open and
    // failed, and everything behind the sync runs inside it until somebody rolls back.
    EXPECT_THAT(names(all), ElementsAre("ok", "sync",                     //
                                        "ok", "ok", "ok", "sync",         //
                                        "ok", "error", "aborted", "sync", //
                                        "error", "aborted", "aborted", "sync"));
    EXPECT_EQ(all[7].why.sqlstate, "23505");
    EXPECT_EQ(all[10].why.sqlstate, "25P02");
    EXPECT_EQ(all[3].data.affected(), 1);

    must(session.send_query("ROLLBACK"));
    must(session.send_query("SELECT id FROM t"));
    must(session.sync());
    auto const rest = flush_and_take(session);
    EXPECT_THAT(names(rest), ElementsAre("ok", "rows", "sync"));
    ASSERT_EQ(rest[1].data.size(), 1);
    EXPECT_EQ(rest[1].data.text(0, 0), "1");

    must(session.exit());
    EXPECT_EQ(text(session.link(), "SELECT 'plain again'"), "plain again");
}

TEST_F(Pipeline, ParametersTravelAsTextBinaryAndNull) {
    auto session = open_pipeline("");
    std::array<oid, 3> const types{int4, text_type, text_type};
    must(session.send_prepare("echo", "SELECT $1 + 1, $2, $3 IS NULL", types));
    std::array<char, 4> const seven{0, 0, 0, 7};
    std::array<param, 3> values;
    values[0].data = seven.data();
    values[0].length = 4;
    values[0].binary = true;
    values[1].data = "some text";
    must(session.send_prepared("echo", values));
    must(session.sync());
    auto const all = flush_and_take(session);
    ASSERT_THAT(names(all), ElementsAre("ok", "rows", "sync"));
    EXPECT_EQ(all[1].data.integer(0, 0), 8);
    EXPECT_EQ(all[1].data.text(0, 1), "some text");
    EXPECT_TRUE(all[1].data.boolean(0, 2));
}

// Both directions are larger than any socket buffer: sender and server must not wait for each other.
TEST_F(Pipeline, LargeDataBothWaysWithoutAReader) {
    auto session = open_pipeline("");
    std::string const large(std::size_t{1} << 20, 'x');
    std::array<oid, 1> const types{text_type};
    must(session.send_prepare("echo", "SELECT $1", types));
    for (int count = 0; count < 40; ++count) {
        param value;
        value.data = large.c_str();
        must(session.send_prepared("echo", {&value, 1}));
    }
    must(session.sync());
    auto const all = flush_and_take(session);
    ASSERT_EQ(all.size(), 42U);
    for (std::size_t at = 1; at <= 40; ++at) {
        ASSERT_EQ(all[at].what, kind::rows);
        EXPECT_EQ(all[at].data.text(0, 0), large);
    }
}

awaitable<result<void>> send_rounds(pipeline_session& session, std::string const& large,
                                    int rounds) {
    for (int round = 0; round < rounds; ++round) {
        param value;
        value.data = large.c_str();
        auto queued = session.send_prepared("echo", {&value, 1});
        if (queued) {
            queued = session.sync();
        }
        if (queued) {
            queued = co_await session.flush();
        }
        if (!queued) {
            co_return queued;
        }
    }
    co_return boost::system::in_place_value;
}

awaitable<std::size_t> take_rounds(pipeline_session& session, int rounds) {
    std::size_t bytes = 0;
    for (int round = 0; round < rounds; ++round) {
        for (int part = 0; part < 2; ++part) {
            auto const next = co_await session.next_result();
            if (!next) {
                throw std::runtime_error{next.error().message};
            }
            bytes += next->what == kind::rows ? next->data.text(0, 0).size() : 0;
        }
    }
    co_return bytes;
}

TEST_F(Pipeline, ReaderAndSenderRunTogether) {
    auto session = open_pipeline("");
    std::array<oid, 1> const types{text_type};
    must(session.send_prepare("echo", "SELECT $1", types));
    must(session.sync());
    flush_and_take(session);
    constexpr int rounds = 200;
    for (std::size_t const size : {std::size_t{10}, std::size_t{70'000}, std::size_t{700'000}}) {
        std::string const body(size, 'x');
        auto taking = loop_.start(take_rounds(session, rounds));
        auto sending = loop_.start(send_rounds(session, body, rounds));
        must(loop_.finish(sending));
        EXPECT_EQ(loop_.finish(taking), size * rounds);
        EXPECT_EQ(session.pending(), 0U);
    }
}

TEST_F(Pipeline, LostConnectionGivesTheServersWordsThenTheLoss) {
    auto const admin = open();
    auto session = open_pipeline("");
    must(session.send_query("SELECT 1"));
    must(session.sync());
    must(session.send_query("SELECT pg_sleep(60)"));
    must(session.sync());
    must(loop_.run(session.flush()));
    auto const first = must(loop_.run(session.next_result()));
    EXPECT_EQ(first.what, kind::rows);
    EXPECT_EQ(must(loop_.run(session.next_result())).what, kind::sync);
    auto waiting = loop_.start(session.next_result());
    auto const pid = std::to_string(session.link().backend_pid());
    execute(*admin, "SELECT pg_terminate_backend(" + pid + ", 30000)");
    auto const words = must(loop_.finish(waiting));
    EXPECT_EQ(words.what, kind::error);
    EXPECT_EQ(words.why.sqlstate, "57P01");
    auto const after = loop_.run(session.next_result());
    ASSERT_FALSE(after.has_value());
    EXPECT_EQ(after.error().code, errc::connection_lost);
    EXPECT_FALSE(session.link().healthy());
}

// libpq would call the interrupted SELECT a success here (connection::healthy()).
TEST_F(Pipeline, NothingIsBelievedAfterTheLoss) {
    auto const admin = open();
    auto session = open_pipeline("");
    must(session.send_query("SELECT pg_sleep(60)"));
    must(session.send_query("COMMIT"));
    must(session.sync());
    must(loop_.run(session.flush()));
    auto const pid = std::to_string(session.link().backend_pid());
    ASSERT_TRUE(
        becomes(*admin, "SELECT wait_event FROM pg_stat_activity WHERE pid = " + pid, "PgSleep"));
    execute(*admin, "SELECT pg_terminate_backend(" + pid + ", 30000)");
    result<void> taken{boost::system::in_place_value};
    while (taken) { // the last words and the end of the connection, before anybody interprets them
        taken = session.link().take_input();
    }
    EXPECT_EQ(taken.error().code, errc::connection_lost);
    outcome none;
    EXPECT_FALSE(session.try_result(none));
    auto const after = loop_.run(session.next_result());
    ASSERT_FALSE(after.has_value());
    EXPECT_EQ(after.error().code, errc::connection_lost);
}

TEST_F(Pipeline, CopyIsRefused) {
    auto session = open_pipeline("CREATE TEMP TABLE t (id int)");
    must(session.send_query("COPY t FROM STDIN"));
    must(session.sync());
    must(loop_.run(session.flush()));
    auto const answer = must(loop_.run(session.next_result()));
    EXPECT_EQ(answer.what, kind::error);
    EXPECT_EQ(answer.why.code, errc::protocol);
}

} // namespace
} // namespace tandem::io::pg
