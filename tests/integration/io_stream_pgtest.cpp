// io/pg/replication_stream against a real server.

#include "codecs/pgoutput/message.hpp"
#include "io/pg/replication_stream.hpp"
#include "tests/integration/io_pg.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <variant>

namespace tandem::io::pg {
namespace {

using namespace std::chrono_literals;
using test::must;
using testing::ElementsAre;
using testing::HasSubstr;

// What a reader has seen: one text per change, and the end of the last transaction.
struct seen {
    std::vector<std::string> changes;
    lsn last_commit_end;
    lsn wal_end;
    std::size_t keepalives = 0;
};

std::string first_column(pgoutput::tuple_view row) {
    pgoutput::tuple_view::cursor walk{row};
    return std::string{walk.next().bytes};
}

void note(std::string_view payload, seen& into) {
    auto const message = pgoutput::decode(payload);
    if (!message) {
        throw std::runtime_error{"undecodable: " + message.error().message()};
    }
    if (auto const* row = std::get_if<pgoutput::insert>(&*message)) {
        into.changes.push_back("insert " + first_column(row->new_row));
    } else if (auto const* gone = std::get_if<pgoutput::remove>(&*message)) {
        into.changes.push_back("delete " + first_column(gone->old_row));
    } else if (auto const* text = std::get_if<pgoutput::logical_message>(&*message)) {
        into.changes.push_back("message " + std::string{text->content});
    } else if (auto const* end = std::get_if<pgoutput::commit>(&*message)) {
        into.last_commit_end = end->end_lsn;
    }
}

void note(copy_message const& received, seen& into) {
    auto const frame = replication::decode_frame(received.view());
    if (!frame) {
        throw std::runtime_error{"no frame: " + frame.error().message()};
    }
    if (auto const* alive = std::get_if<replication::keepalive>(&*frame)) {
        into.wal_end = alive->wal_end;
        ++into.keepalives;
    } else {
        note(std::get<replication::xlog_data>(*frame).payload, into);
    }
}

// Until `changes` have been seen or the stream ended; true when they were seen.
awaitable<bool> read_changes(replication_stream& stream, std::size_t changes, seen& into) {
    copy_message received;
    while (into.changes.size() < changes || !into.last_commit_end) {
        switch (stream.try_next(received)) {
        case replication_stream::next::message:
            note(received, into);
            break;
        case replication_stream::next::ended:
            co_return false;
        case replication_stream::next::nothing:
            auto const more = co_await stream.wait();
            if (!more) {
                co_return false;
            }
        }
    }
    co_return true;
}

// Until the stream ends, whatever comes.
awaitable<bool> read_to_end(replication_stream& stream, seen& into) {
    copy_message received;
    for (;;) {
        auto const found = stream.try_next(received);
        if (found == replication_stream::next::ended) {
            co_return true;
        }
        if (found == replication_stream::next::message) {
            note(received, into);
            continue;
        }
        auto const more = co_await stream.wait();
        if (!more) {
            co_return false;
        }
    }
}

replication::standby_status confirm(lsn position, bool reply) {
    replication::standby_status status;
    status.written = status.flushed = status.applied = position;
    status.reply_requested = reply;
    return status;
}

class Stream : public test::pg_test {
protected:
    void SetUp() override {
        pg_test::SetUp();
        admin_ = open();
        TearDownObjects();
        execute(*admin_, "CREATE TABLE io_stream (id int PRIMARY KEY, body text)");
        execute(*admin_, "CREATE PUBLICATION \"io \"\"pub\" FOR TABLE io_stream");
        execute(*admin_, "SELECT pg_create_logical_replication_slot('io_slot', 'pgoutput')");
    }
    void TearDown() override {
        if (admin_) {
            TearDownObjects();
        }
    }
    void TearDownObjects() {
        execute(*admin_, "SELECT pg_terminate_backend(active_pid, 30000) FROM pg_replication_slots "
                         "WHERE slot_name = 'io_slot' AND active_pid IS NOT NULL");
        execute(*admin_, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                         "WHERE slot_name = 'io_slot'");
        execute(*admin_,
                "DROP PUBLICATION IF EXISTS \"io \"\"pub\"; DROP TABLE IF EXISTS io_stream");
    }

    stream_options slot() const {
        stream_options set;
        set.slot = "io_slot";
        set.publications = {"io \"pub"};
        set.messages = true;
        return set;
    }

    replication_stream streaming() {
        replication_stream stream{open_replication()};
        must(loop_.run(stream.start(slot())));
        return stream;
    }

    std::unique_ptr<connection> admin_;
};

TEST_F(Stream, IdentifiesTheServer) {
    replication_stream stream{open_replication()};
    auto const who = must(loop_.run(stream.identify()));
    EXPECT_EQ(who.system_id, text(*admin_, "SELECT system_identifier FROM pg_control_system()"));
    EXPECT_EQ(std::to_string(who.timeline),
              text(*admin_, "SELECT timeline_id FROM pg_control_checkpoint()"));
    EXPECT_EQ(who.database, text(*admin_, "SELECT current_database()"));
    EXPECT_NE(who.flushed, lsn{});
}

TEST_F(Stream, GivesCommittedChangesInOrder) {
    auto stream = streaming();
    execute(*admin_, "INSERT INTO io_stream VALUES (1, 'a'), (2, 'b');"
                     "SELECT pg_logical_emit_message(true, 'tandem', 'hello')");
    execute(*admin_, "BEGIN; INSERT INTO io_stream VALUES (9, 'never'); ROLLBACK");
    execute(*admin_, "DELETE FROM io_stream WHERE id = 1");
    seen all;
    EXPECT_TRUE(loop_.run(read_changes(stream, 4, all)));
    EXPECT_THAT(all.changes, ElementsAre("insert 1", "insert 2", "message hello", "delete 1"));
}

TEST_F(Stream, StatusMovesTheSlot) {
    auto stream = streaming();
    execute(*admin_, "INSERT INTO io_stream VALUES (1, 'a')");
    seen all;
    EXPECT_TRUE(loop_.run(read_changes(stream, 1, all)));
    must(loop_.run(stream.send(confirm(all.last_commit_end, false))));
    EXPECT_TRUE(becomes(*admin_,
                        "SELECT confirmed_flush_lsn FROM pg_replication_slots "
                        "WHERE slot_name = 'io_slot'",
                        to_string(all.last_commit_end)));
}

TEST_F(Stream, SendsWhileAnotherCoroutineWaits) {
    auto stream = streaming();
    seen all;
    auto reading = loop_.start(read_changes(stream, 1, all));
    for (int round = 0; round < 20; ++round) {
        must(loop_.run(stream.send(confirm(lsn{}, true))));
        EXPECT_FALSE(reading.done());
    }
    execute(*admin_, "INSERT INTO io_stream VALUES (1, 'a')");
    EXPECT_TRUE(loop_.finish(reading));
    EXPECT_THAT(all.changes, ElementsAre("insert 1"));
    EXPECT_GE(all.keepalives, 20U); // each of our requests was answered, and the answer was read
}

TEST_F(Stream, EndsCleanlyAndTheConnectionLivesOn) {
    auto stream = streaming();
    execute(*admin_, "INSERT INTO io_stream SELECT n, 'x' FROM generate_series(1, 2000) n");
    seen some;
    EXPECT_TRUE(loop_.run(read_changes(stream, 2000, some)));
    loop_.run(stream.finish(10s));
    copy_message none;
    EXPECT_EQ(stream.try_next(none), replication_stream::next::ended);
    EXPECT_TRUE(stream.link().healthy());
    EXPECT_EQ(text(*admin_, "SELECT active FROM pg_replication_slots WHERE slot_name = 'io_slot'"),
              "f");
    must(loop_.run(stream.identify()));
}

TEST_F(Stream, CleanEndWithUnreadChangesStillReleasesTheSlot) {
    auto stream = streaming();
    execute(*admin_, "INSERT INTO io_stream SELECT n, repeat('x', 500) "
                     "FROM generate_series(1, 20000) n");
    loop_.run(stream.finish(30s));
    EXPECT_EQ(text(*admin_, "SELECT active FROM pg_replication_slots WHERE slot_name = 'io_slot'"),
              "f");
}

TEST_F(Stream, UnknownSlotIsAnErrorAndTheConnectionLivesOn) {
    replication_stream stream{open_replication()};
    auto set = slot();
    set.slot = "no_such_slot";
    auto const started = loop_.run(stream.start(set));
    ASSERT_FALSE(started.has_value());
    EXPECT_EQ(started.error().sqlstate, "42704");
    EXPECT_EQ(started.error().classify(), retry_class::operator_);
    must(loop_.run(stream.start(slot())));
}

TEST_F(Stream, SlotInUseIsTriedAgain) {
    auto const first = streaming();
    replication_stream second{open_replication()};
    auto const started = loop_.run(second.start(slot()));
    ASSERT_FALSE(started.has_value());
    EXPECT_EQ(started.error().sqlstate, "55006");
    EXPECT_EQ(started.error().classify(), retry_class::transient);
}

TEST_F(Stream, TerminatedWalsenderSaysWhyAfterItsLastChange) {
    auto stream = streaming();
    execute(*admin_, "INSERT INTO io_stream VALUES (1, 'a')");
    seen all;
    auto reading = loop_.start(read_to_end(stream, all));
    ASSERT_TRUE(becomes(*admin_,
                        "SELECT sent_lsn >= pg_current_wal_flush_lsn() FROM pg_stat_replication "
                        "WHERE pid = " +
                            std::to_string(stream.link().backend_pid()),
                        "t"));
    execute(*admin_, "SELECT pg_terminate_backend(" + std::to_string(stream.link().backend_pid()) +
                         ", 30000)");
    EXPECT_TRUE(loop_.finish(reading));
    EXPECT_THAT(all.changes, ElementsAre("insert 1"));
    EXPECT_EQ(stream.why().sqlstate, "57P01");
    EXPECT_EQ(stream.why().classify(), retry_class::transient);
    loop_.run(stream.finish(1s)); // nothing to end: returns at once
}

// Over a Unix socket the reader rests while input gathers; status goes out at the same time.
TEST_F(Stream, HighRateOverAUnixSocketLosesNothing) {
    auto set = options();
    set.parameters.emplace_back("replication", "database");
    set.parameters.emplace_back("host", text(*admin_, "SELECT split_part(current_setting("
                                                      "'unix_socket_directories'), ', ', 1)"));
    replication_stream stream{must(try_open(set))};
    ASSERT_TRUE(stream.link().over_unix_socket());
    EXPECT_FALSE(admin_->over_unix_socket());
    must(loop_.run(stream.start(slot())));
    execute(*admin_, "INSERT INTO io_stream SELECT n, repeat('x', 200) "
                     "FROM generate_series(1, 60000) n");
    seen all;
    auto reading = loop_.start(read_changes(stream, 60000, all));
    int sent = 0;
    for (; !reading.done(); ++sent) {
        must(loop_.run(stream.send(confirm(lsn{}, true))));
    }
    EXPECT_TRUE(loop_.finish(reading));
    EXPECT_GT(sent, 0);
    ASSERT_EQ(all.changes.size(), 60000U);
    for (std::size_t at = 0; at < all.changes.size(); ++at) {
        ASSERT_EQ(all.changes[at], "insert " + std::to_string(at + 1));
    }
}

TEST_F(Stream, LargeTransactionAndLargeRowArriveWhole) {
    auto stream = streaming();
    execute(*admin_, "INSERT INTO io_stream SELECT n, 'narrow' FROM generate_series(1, 50000) n;"
                     "INSERT INTO io_stream VALUES (0, repeat('wide', 4 * 1024 * 1024))");
    seen all;
    EXPECT_TRUE(loop_.run(read_changes(stream, 50001, all)));
    EXPECT_EQ(all.changes.size(), 50001U);
    EXPECT_EQ(all.changes.front(), "insert 1");
    EXPECT_EQ(all.changes[49999], "insert 50000");
    EXPECT_EQ(all.changes.back(), "insert 0");
}

} // namespace
} // namespace tandem::io::pg
