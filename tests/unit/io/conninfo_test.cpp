#include "io/pg/conninfo.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace tandem::io::pg {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(Conninfo, AcceptsBothForms) {
    for (std::string const good :
         {"postgresql://u:p@localhost:5434/chat", "postgres://h", "postgresql:///chat?host=/run/pg",
          "host=localhost port=5434,5435 dbname=chat password='a b@c/d'",
          "postgresql://u:p%40ss%2Fword@h1:1,h2:2/chat?target_session_attrs=any", "dbname=a@b",
          ""}) {
        EXPECT_EQ(conninfo_problem(good), std::nullopt) << good;
    }
}

TEST(Conninfo, ProblemNeverQuotesTheString) {
    for (std::string const bad :
         {"sesame", "postgresql://u:sesame", "postgresql://u:12/sesame@h/db",
          "postgresql://u:p@sesame@h/db", "postgresql://u:sesame@h:port/db",
          "postgresql://u:s@h/db?sesame", "postgresql://u:s@h/db?sesame=1", "host=h sesame",
          "postgresql://u:%zzsesame@h/db", "host=h password='sesame", "postgresql://[sesame/db",
          "postgresql://u:s@h/db?a=sesame=b", "mysql://u:sesame@h/db"}) {
        auto const problem = conninfo_problem(bad);
        ASSERT_TRUE(problem.has_value()) << bad;
        EXPECT_THAT(*problem, Not(HasSubstr("sesame"))) << bad;
        EXPECT_THAT(*problem, StartsWith("the connection string")) << bad;
        EXPECT_THAT(*problem, HasSubstr("postgresql://user:password@host:port/database")) << bad;
        EXPECT_EQ(conninfo_label(bad), "the server") << bad;
    }
}

TEST(Conninfo, LabelNamesThePlaceOnly) {
    EXPECT_EQ(conninfo_label("postgresql://u:sesame@localhost:5434/chat"), "localhost:5434/chat");
    EXPECT_EQ(conninfo_label("host=::1 dbname=chat password=sesame"), "[::1]:5432/chat");
    EXPECT_EQ(conninfo_label("host=/run/pg port=7"), "/run/pg/.s.PGSQL.7");
    EXPECT_EQ(conninfo_label("postgresql://"), "localhost:5432");
}

TEST(Conninfo, OptionsAreEscapedAndAppended) {
    ::unsetenv("PGOPTIONS");
    EXPECT_EQ(startup_options("host=h", {}), "");
    EXPECT_EQ(startup_options("host=h", {{"DateStyle", "ISO, DMY"}, {"x.y", "a\\b\tc"}}),
              "-c DateStyle=ISO,\\ DMY -c x.y=a\\\\b\\\tc");
    EXPECT_EQ(startup_options("postgresql://h/db?options=-c%20a%3Db", {{"c", "d"}}),
              "-c a=b -c c=d");
}

TEST(Conninfo, OptionsOfTheEnvironmentStay) {
    ::setenv("PGOPTIONS", "-c env=1", 1);
    EXPECT_EQ(startup_options("host=h", {{"c", "d"}}), "-c env=1 -c c=d");
    EXPECT_EQ(startup_options("options='-c uri=1'", {{"c", "d"}}), "-c uri=1 -c c=d");
    ::unsetenv("PGOPTIONS");
}

constexpr char const* hint = "\n\tIs the server running on that host and accepting TCP/IP "
                             "connections?\n";

TEST(ConnectError, RefusedOnEveryAddress) {
    auto const report = "connection to server at \"localhost\" (::1), port 5434 failed: Connection "
                        "refused" +
                        std::string{hint} +
                        "connection to server at \"localhost\" (127.0.0.1), port 5434 failed: "
                        "Connection refused" +
                        hint;
    auto const failed = connect_error(report, {"localhost", "5434"});
    EXPECT_EQ(failed.code, errc::connect_failed);
    EXPECT_THAT(failed.message,
                StartsWith("Connection to localhost:5434 refused (tried ::1, 127.0.0.1: "
                           "nothing listens there as seen from this host"));
    EXPECT_EQ(failed.classify(), retry_class::transient);
}

struct report_case {
    char const* what;
    char const* report;
    char const* sqlstate;
    char const* message;
    retry_class retry;
};

void PrintTo(report_case const& each, std::ostream* out) {
    *out << each.what;
}

class ConnectErrorReport : public testing::TestWithParam<report_case> {};

TEST_P(ConnectErrorReport, GivesPrimaryTextAndSqlstate) {
    auto const& expected = GetParam();
    auto const failed = connect_error(expected.report, {"h", "1"});
    EXPECT_EQ(failed.sqlstate, expected.sqlstate);
    EXPECT_EQ(failed.message, expected.message);
    EXPECT_EQ(failed.classify(), expected.retry);
    EXPECT_EQ(failed.code, errc::connect_failed);
}

INSTANTIATE_TEST_SUITE_P(
    All, ConnectErrorReport,
    testing::Values(
        report_case{
            "database",
            "connection to server at \"h\", port 1 failed: FATAL:  3D000: database \"x\" does "
            "not exist\nLOCATION:  InitPostgres, postinit.c:948\n",
            "3D000", "Connection to h:1 failed: database \"x\" does not exist",
            retry_class::operator_},
        report_case{
            "translated severity",
            "connection to server at \"h\" (10.0.0.1), port 1 failed: 치명적오류:  57P03: the "
            "database system is starting up\n",
            "57P03", "Connection to h:1 failed: the database system is starting up",
            retry_class::transient},
        report_case{"second refusal without encryption",
                    "connection to server at \"h\", port 1 failed: FATAL:  28P01: password "
                    "authentication failed for user \"u\"\nLOCATION:  auth_failed, auth.c:1\n"
                    "connection to server at \"h\", port 1 failed: FATAL:  28000: no pg_hba.conf "
                    "entry for host \"h\", no encryption\n",
                    "28P01",
                    "Connection to h:1 failed: password authentication failed for user \"u\"",
                    retry_class::operator_},
        report_case{
            "one host full, the next one dead",
            "connection to server at \"g\", port 1 failed: FATAL:  53300: sorry, too many "
            "clients already\nconnection to server at \"h\", port 1 failed: timeout expired\n",
            "53300", "Connection to h:1 failed: sorry, too many clients already",
            retry_class::transient},
        report_case{"no server socket",
                    "connection to server on socket \"/run/.s.PGSQL.1\" failed: No such file or "
                    "directory\n\tIs the server running locally and accepting connections on that "
                    "socket?\n",
                    "", "Connection to h:1 failed: No such file or directory",
                    retry_class::transient},
        report_case{
            "unknown host",
            "could not translate host name \"sesame\" to address: Name or service not known\n", "",
            "Connection to h:1 failed: could not translate host name to address: Name or "
            "service not known",
            retry_class::transient},
        report_case{"local option", "invalid sslmode value: \"sesame\"\n", "",
                    "Connection to h:1 failed: invalid sslmode value", retry_class::transient},
        report_case{"nothing at all", "", "",
                    "Connection to h:1 failed: ", retry_class::transient}),
    [](auto const& tested) {
        std::string name = tested.param.what;
        for (char& c : name) {
            c = (c == ' ' || c == ',') ? '_' : c;
        }
        return name;
    });

struct class_case {
    errc code;
    char const* sqlstate;
    retry_class expected;
};

TEST(ErrorClass, FollowsCodeAndSqlstate) {
    using enum retry_class;
    for (auto const& one : {
             class_case{errc::server_error, "40P01", transient},
             class_case{errc::server_error, "40001", transient},
             class_case{errc::server_error, "55P03", transient},
             class_case{errc::server_error, "55006", transient},
             class_case{errc::server_error, "57P01", transient},
             class_case{errc::server_error, "57014", transient},
             class_case{errc::server_error, "53100", transient},
             class_case{errc::server_error, "53300", transient},
             class_case{errc::server_error, "25006", transient},
             class_case{errc::server_error, "26000", transient},
             class_case{errc::server_error, "58030", transient},
             class_case{errc::server_error, "08006", transient},
             class_case{errc::server_error, "23505", data},
             class_case{errc::server_error, "22P02", data},
             class_case{errc::server_error, "42P01", data},
             class_case{errc::server_error, "42703", data},
             class_case{errc::server_error, "54000", data},
             class_case{errc::server_error, "P0001", data},
             class_case{errc::server_error, "XX000", data},
             class_case{errc::server_error, "42501", operator_},
             class_case{errc::server_error, "42704", operator_},
             class_case{errc::server_error, "55000", operator_},
             class_case{errc::server_error, "57P04", operator_},
             class_case{errc::bad_conninfo, "", operator_},
             class_case{errc::connect_failed, "28P01", operator_},
             class_case{errc::connect_failed, "28000", operator_},
             class_case{errc::connect_failed, "3D000", operator_},
             class_case{errc::connect_failed, "57P03", transient},
             class_case{errc::connect_failed, "", transient},
             class_case{errc::connection_lost, "", transient},
             class_case{errc::timed_out, "", transient},
             class_case{errc::cancelled, "", transient},
             class_case{errc::protocol, "", transient},
         }) {
        error failed;
        failed.code = one.code;
        failed.sqlstate = one.sqlstate;
        EXPECT_EQ(failed.classify(), one.expected)
            << one.sqlstate << " " << static_cast<int>(one.code);
    }
}

} // namespace
} // namespace tandem::io::pg
