// io/pg/connection against a real server.

#include "io/runtime/deadline.hpp"
#include "tests/integration/io_pg.hpp"

#include <gmock/gmock.h>

#include <arpa/inet.h>
#include <chrono>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tandem::io::pg {
namespace {

using namespace std::chrono_literals;
using test::must;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// A loopback port: bound, and listening only when asked to; nobody ever accepts.
class local_port {
public:
    explicit local_port(bool listening) : socket_{::socket(AF_INET, SOCK_STREAM, 0)} {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(socket_, generic, size) != 0 || ::getsockname(socket_, generic, &size) != 0 ||
            (listening && ::listen(socket_, 16) != 0)) {
            throw std::runtime_error{"no loopback port"};
        }
        number_ = ntohs(address.sin_port);
    }
    ~local_port() { ::close(socket_); }
    local_port(local_port const&) = delete;
    local_port& operator=(local_port const&) = delete;
    [[nodiscard]] std::string number() const { return std::to_string(number_); }

private:
    int socket_;
    int number_ = 0;
};

class Connection : public test::pg_test {
protected:
    error failure(connect_options set) {
        auto const opened = try_open(std::move(set));
        EXPECT_FALSE(opened.has_value());
        return opened ? error{} : opened.error();
    }
};

TEST_F(Connection, OpensWithSettingsAndParameters) {
    auto set = options();
    set.parameters.emplace_back("application_name", "io test");
    set.settings.emplace_back("DateStyle", "ISO, DMY");
    set.settings.emplace_back("tandem.odd", R"(a b\c 'd')");
    auto const link = must(try_open(set));
    EXPECT_EQ(text(*link, "SHOW application_name"), "io test");
    EXPECT_EQ(text(*link, "SHOW DateStyle"), "ISO, DMY");
    EXPECT_EQ(text(*link, "SHOW tandem.odd"), R"(a b\c 'd')");
    EXPECT_EQ(text(*link, "SELECT pg_backend_pid()"), std::to_string(link->backend_pid()));
    EXPECT_EQ(text(*link, "SHOW server_version_num"), std::to_string(link->server_version()));
    EXPECT_EQ(link->parameter("server_encoding"), "UTF8");
    EXPECT_TRUE(link->healthy());
}

TEST_F(Connection, KeepsTheOptionsOfTheUri) {
    auto set = options();
    set.conninfo += set.conninfo.find('?') == std::string::npos ? "?" : "&";
    set.conninfo += "options=-c%20tandem.theirs%3Dyes";
    set.settings.emplace_back("tandem.ours", "too");
    auto const link = must(try_open(set));
    EXPECT_EQ(text(*link, "SHOW tandem.theirs"), "yes");
    EXPECT_EQ(text(*link, "SHOW tandem.ours"), "too");
}

TEST_F(Connection, RefusedPortIsNamed) {
    local_port const port{false};
    auto set = options();
    set.conninfo = "postgresql://u:sesame@localhost:" + port.number() + "/chat";
    auto const failed = failure(set);
    EXPECT_EQ(failed.code, errc::connect_failed);
    EXPECT_THAT(failed.message,
                StartsWith("Connection to localhost:" + port.number() + " refused"));
    EXPECT_THAT(failed.message, HasSubstr("127.0.0.1"));
    EXPECT_THAT(failed.message, HasSubstr("nothing listens there as seen from this host"));
    EXPECT_THAT(failed.message, Not(HasSubstr("sesame")));
    EXPECT_EQ(failed.classify(), retry_class::transient);
}

TEST_F(Connection, UnknownHostIsNamed) {
    auto set = options();
    set.conninfo = "postgresql://u:sesame@no-such-host.invalid:5434/chat";
    auto const failed = failure(set);
    EXPECT_EQ(failed.code, errc::connect_failed);
    EXPECT_THAT(failed.message, StartsWith("Connection to no-such-host.invalid:5434 failed: "));
    EXPECT_THAT(failed.message, Not(HasSubstr("sesame")));
}

TEST_F(Connection, UnknownDatabaseIsForTheOperator) {
    auto set = options();
    set.parameters.emplace_back("dbname", "no_such_database");
    auto const failed = failure(set);
    EXPECT_EQ(failed.code, errc::connect_failed);
    EXPECT_EQ(failed.sqlstate, "3D000");
    EXPECT_THAT(failed.message, HasSubstr("database \"no_such_database\" does not exist"));
    EXPECT_EQ(failed.classify(), retry_class::operator_);
}

TEST_F(Connection, WrongUriIsNotRepeated) {
    for (std::string const wrong : {"postgresql://u:sesame@h:1/x?sesame", "sesame",
                                    "postgresql://u:ses@ame@h/x", "postgresql://u:sesame"}) {
        auto set = options();
        set.conninfo = wrong;
        auto const failed = failure(set);
        EXPECT_EQ(failed.code, errc::bad_conninfo);
        EXPECT_THAT(failed.message, Not(HasSubstr("ame"))) << wrong;
        EXPECT_THAT(failed.message, HasSubstr("connection string")) << wrong;
    }
}

// Makes the server ask one role for its password and takes that back at the end.
class ScramRole : public Connection {
protected:
    void SetUp() override {
        Connection::SetUp();
        admin_ = open();
        file_ = text(*admin_, "SHOW hba_file");
        execute(*admin_,
                "SET password_encryption = 'scram-sha-256';"
                "DROP ROLE IF EXISTS io_scram;"
                "CREATE ROLE io_scram LOGIN PASSWORD 'open sesame';"
                "CREATE TEMP TABLE hba (number int GENERATED ALWAYS AS IDENTITY, line text);"
                "COPY hba (line) FROM PROGRAM 'cat " +
                    file_ +
                    "' (DELIMITER E'\\x01');"
                    "COPY (SELECT line FROM (SELECT 0 AS number, 'host all io_scram all "
                    "scram-sha-256' AS line UNION ALL SELECT * FROM hba) s ORDER BY number)"
                    " TO '" +
                    file_ + "' (DELIMITER E'\\x01')");
        execute(*admin_, "SELECT pg_reload_conf()");
    }
    void TearDown() override {
        if (admin_) {
            execute(*admin_, "COPY (SELECT line FROM hba ORDER BY number) TO '" + file_ +
                                 "' (DELIMITER E'\\x01')");
            execute(*admin_, "SELECT pg_reload_conf()");
            execute(*admin_, "DROP ROLE io_scram");
        }
    }

    std::unique_ptr<connection> admin_;
    std::string file_;
};

TEST_F(ScramRole, WrongPasswordIsForTheOperator) {
    auto set = options();
    set.parameters.emplace_back("user", "io_scram");
    set.parameters.emplace_back("password", "closed barley");
    // The reload reaches the postmaster a moment later.
    auto const limit = std::chrono::steady_clock::now() + 30s;
    auto opened = try_open(set);
    while (opened && std::chrono::steady_clock::now() < limit) {
        opened = try_open(set);
    }
    ASSERT_FALSE(opened.has_value());
    auto const failed = opened.error();
    EXPECT_EQ(failed.code, errc::connect_failed);
    EXPECT_EQ(failed.sqlstate, "28P01");
    EXPECT_EQ(failed.classify(), retry_class::operator_);
    EXPECT_THAT(failed.message, HasSubstr("password authentication failed for user \"io_scram\""));
    EXPECT_THAT(failed.message, Not(HasSubstr("barley")));

    set.parameters.back().second = "open sesame";
    auto const link = must(try_open(set));
    EXPECT_EQ(text(*link, "SELECT current_user"), "io_scram");
}

TEST_F(Connection, DeadlineEndsAConnectThatNobodyAnswers) {
    local_port const port{true};
    auto set = options();
    set.conninfo = "postgresql://u@127.0.0.1:" + port.number() + "/chat";
    set.timeout = 300ms;
    auto const began = std::chrono::steady_clock::now();
    auto const failed = failure(set);
    auto const took = std::chrono::steady_clock::now() - began;
    EXPECT_EQ(failed.code, errc::timed_out);
    EXPECT_EQ(failed.message,
              "Connection to 127.0.0.1:" + port.number() + " timed out after 300 ms");
    EXPECT_GE(took, 300ms);
    EXPECT_LT(took, 5s);
}

TEST_F(Connection, NextAddressIsTriedAfterARefusedOne) {
    local_port const closed{false};
    auto const here = open();
    auto set = options();
    set.parameters = {{"host", "127.0.0.1,127.0.0.1"},
                      {"port", closed.number() + "," + PQport(here->native())}};
    auto const link = must(try_open(set));
    EXPECT_EQ(text(*link, "SELECT 1"), "1");
}

TEST_F(Connection, QueriesGiveRows) {
    auto const link = open();
    parameters values{"7", std::nullopt, "t"};
    auto const answer =
        must(loop_.run(link->query("SELECT $1::int + 1, $2::text, $3::bool, 'x y'", values)));
    ASSERT_EQ(answer.size(), 1);
    EXPECT_EQ(answer.integer(0, 0), 8);
    EXPECT_TRUE(answer.null(0, 1));
    EXPECT_EQ(answer.optional(0, 1), std::nullopt);
    EXPECT_TRUE(answer.boolean(0, 2));
    EXPECT_EQ(answer.optional(0, 3), "x y");
    EXPECT_EQ(answer.integer(0, 3), 0);

    auto const last = execute(*link, "CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1), (2)");
    EXPECT_EQ(last.affected(), 2);
    EXPECT_TRUE(last.empty());
    EXPECT_TRUE(execute(*link, "").empty());
}

TEST_F(Connection, ErrorLeavesItUsable) {
    auto const link = open();
    execute(*link, "CREATE TEMP TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1)");
    auto const failed = loop_.run(
        link->execute("INSERT INTO t VALUES (2); INSERT INTO t VALUES (1); SELECT 'not run'"));
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().code, errc::server_error);
    EXPECT_EQ(failed.error().sqlstate, "23505");
    EXPECT_THAT(failed.error().message, HasSubstr("duplicate key value"));
    EXPECT_THAT(failed.error().message, Not(HasSubstr("(a)=(1)")));
    EXPECT_THAT(failed.error().detail, HasSubstr("(a)=(1)"));
    EXPECT_EQ(failed.error().classify(), retry_class::data);
    EXPECT_EQ(text(*link, "SELECT count(*) FROM t"), "1");

    auto const copying = loop_.run(link->execute("COPY t FROM STDIN"));
    ASSERT_FALSE(copying.has_value());
    EXPECT_EQ(text(*link, "SELECT 'again'"), "again");
}

TEST_F(Connection, LargeTextsTravelBothWays) {
    auto const link = open();
    std::string const large(std::size_t{24} << 20, 'x');
    parameters values{large};
    auto const answer = must(loop_.run(link->query("SELECT $1::text || repeat('y', 10)", values)));
    EXPECT_EQ(answer.text(0, 0).size(), large.size() + 10);
    EXPECT_TRUE(answer.text(0, 0).ends_with("yyyyyyyyyy"));
}

TEST_F(Connection, CancelEndsTheRunningStatement) {
    auto const link = open();
    auto const began = std::chrono::steady_clock::now();
    auto sleeping = loop_.start(link->execute("SELECT pg_sleep(60)"));
    deadline const limit{loop_.executor(), 100ms, [&link] { link->request_cancel(); }};
    auto const ended = loop_.finish(sleeping);
    EXPECT_TRUE(limit.expired());
    ASSERT_FALSE(ended.has_value());
    EXPECT_EQ(ended.error().sqlstate, "57014");
    EXPECT_LT(std::chrono::steady_clock::now() - began, 30s);
    EXPECT_EQ(text(*link, "SELECT 'again'"), "again");
}

TEST_F(Connection, InterruptEndsTheWait) {
    auto const link = open();
    auto sleeping = loop_.start(link->execute("SELECT pg_sleep(60)"));
    deadline const limit{loop_.executor(), 50ms, [&link] { link->interrupt(); }};
    auto const ended = loop_.finish(sleeping);
    ASSERT_FALSE(ended.has_value());
    EXPECT_EQ(ended.error().code, errc::cancelled);
}

TEST_F(Connection, TerminatedSessionSaysWhy) {
    auto const admin = open();
    auto const link = open();
    auto sleeping = loop_.start(link->execute("SELECT pg_sleep(60)"));
    execute(*admin, "SELECT pg_terminate_backend(" + std::to_string(link->backend_pid()) + ")");
    auto const ended = loop_.finish(sleeping);
    ASSERT_FALSE(ended.has_value());
    EXPECT_EQ(ended.error().sqlstate, "57P01");
    EXPECT_EQ(ended.error().classify(), retry_class::transient);
    auto const after = loop_.run(link->execute("SELECT 1"));
    ASSERT_FALSE(after.has_value());
    EXPECT_EQ(after.error().code, errc::connection_lost);
    EXPECT_FALSE(link->healthy());
}

// libpq would call the interrupted SELECT a success here (connection::healthy()).
TEST_F(Connection, NothingIsBelievedAfterTheLoss) {
    auto const admin = open();
    auto const link = open();
    auto const pid = std::to_string(link->backend_pid());
    ASSERT_NE(PQsendQuery(link->native(), "SELECT pg_sleep(60)"), 0);
    must(loop_.run(link->flush()));
    ASSERT_TRUE(
        becomes(*admin, "SELECT wait_event FROM pg_stat_activity WHERE pid = " + pid, "PgSleep"));
    execute(*admin, "SELECT pg_terminate_backend(" + pid + ", 30000)");
    result<void> taken{boost::system::in_place_value};
    while (taken) {
        taken = link->take_input();
    }
    auto const answer = loop_.run(link->next_result());
    if (answer) {
        EXPECT_EQ(PQresultStatus(answer->get()), PGRES_FATAL_ERROR);
    } else {
        EXPECT_EQ(answer.error().code, errc::connection_lost);
    }
}

TEST_F(Connection, IdleSessionLostBetweenStatements) {
    auto const admin = open();
    auto const link = open();
    auto const pid = std::to_string(link->backend_pid());
    execute(*admin, "SELECT pg_terminate_backend(" + pid + ", 30000)");
    auto const ended = loop_.run(link->execute("SELECT 1"));
    ASSERT_FALSE(ended.has_value());
    EXPECT_EQ(ended.error().classify(), retry_class::transient);
    EXPECT_FALSE(link->healthy());
}

TEST_F(Connection, NoticesAreSilent) {
    auto const link = open();
    testing::internal::CaptureStderr();
    execute(*link, "DO $$ BEGIN RAISE NOTICE 'not for the log'; END $$");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

} // namespace
} // namespace tandem::io::pg
