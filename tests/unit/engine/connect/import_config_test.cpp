#include "engine/connect/import_config.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tandem::connect {
namespace {

named_config source(std::string name, std::string host, property_map more = {}) {
    named_config made{name,
                      {{"connector.class", "io.debezium.connector.postgresql.PostgresConnector"},
                       {"database.hostname", host},
                       {"database.user", "u"},
                       {"database.password", "secret"},
                       {"database.dbname", "chat"},
                       {"slot.name", "s"}}};
    for (auto const& [key, value] : more) {
        made.config[key] = value;
    }
    return made;
}

named_config sink(std::string name, std::string host, property_map more = {}) {
    named_config made{name,
                      {{"connector.class", "io.debezium.connector.jdbc.JdbcSinkConnector"},
                       {"connection.url", "jdbc:postgresql://" + host + "/chat"},
                       {"connection.username", "u"},
                       {"connection.password", "secret"},
                       {"insert.mode", "upsert"}}};
    for (auto const& [key, value] : more) {
        made.config[key] = value;
    }
    return made;
}

TEST(ImportConfig, TwoCrossedPairsAreASyncOfBothWays) {
    std::vector<named_config> const all{
        source("sa", "one", {{"table.include.list", "public.users, public\\.m.*"}}),
        source("sb", "two", {{"database.port", "5433"}, {"table.exclude.list", "public\\.logs"}}),
        sink("ta", "one:5432"), sink("tb", "two:5433")};
    auto const made = import_connectors(all).value();
    EXPECT_EQ(made.toml, R"(# From the connectors sa, sb, ta, tb.
# not taken over: sa: database.password=[hidden]: set the variable PASSWORD_1 to it
# not taken over: sb: database.password=[hidden]: set the variable PASSWORD_2 to it
tables = ["public.users", "public.m*"]
exclude = ["public.logs"]

[[node]]
name = "a"
uri = "postgresql://u:${env:PASSWORD_1}@one:5432/chat"

[[node]]
name = "b"
uri = "postgresql://u:${env:PASSWORD_2}@two:5433/chat"
)");
}

TEST(ImportConfig, OneSourceAndOneSinkAreOneWay) {
    std::vector<named_config> const all{
        sink("t", "two", {{"connection.password", "${env:P}"}}),
        source("s", "one",
               {{"database.password", "${file:/x:y}"}, {"database.sslmode", "require"}})};
    auto const made = import_connectors(all).value();
    EXPECT_NE(made.toml.find("one-way = \"b:a\"\n"), std::string::npos);
    EXPECT_NE(made.toml.find("postgresql://u:${env:P}@two:5432/chat\""), std::string::npos);
    EXPECT_NE(made.toml.find("@one:5432/chat?sslmode=require\""), std::string::npos);
}

TEST(ImportConfig, WhatHasNoFormHereIsListed) {
    std::vector<named_config> const all{
        source("s", "one",
               {{"table.include.list", "public.(a|b)"},
                {"transforms", "x"},
                {"column.exclude.list", "public.a.b\nfalse = 1"}}),
        sink("t", "two", {{"auto.create", "true"}}),
        {"other", {{"connector.class", "org.apache.kafka.connect.file.FileStreamSinkConnector"}}}};
    auto const made = import_connectors(all).value();
    EXPECT_EQ(
        made.notes,
        (std::vector<std::string>{
            "s: database.password=[hidden]: set the variable PASSWORD_1 to it",
            "s: table.include.list=public.(a|b): public.(a|b) is no name: tables takes names "
            "with * and ?",
            "s: column.exclude.list=public.a.b false = 1: nothing of tandem run's is the same",
            "s: transforms=x: nothing of tandem run's is the same",
            "t: connection.password=[hidden]: set the variable PASSWORD_2 to it",
            "t: auto.create=true: nothing of tandem run's is the same",
            "other: connector.class=org.apache.kafka.connect.file.FileStreamSinkConnector: "
            "only PostgresConnector and JdbcSinkConnector are taken"}));
    EXPECT_EQ(made.toml.find("\nfalse"), std::string::npos);
}

TEST(ImportConfig, OtherThanTwoDatabasesAreRefused) {
    std::vector<named_config> const one{source("s", "one"), sink("t", "one")};
    EXPECT_EQ(
        import_connectors(one).error().what,
        "these connectors are of 1 databases (one:5432/chat): tandem run keeps two in sync; give "
        "the files of both sides");
    std::vector<named_config> const other{
        {"t",
         {{"connector.class", "io.confluent.connect.jdbc.JdbcSinkConnector"},
          {"connection.url", "jdbc:mysql://x/y"}}}};
    EXPECT_EQ(import_connectors(other).error().what, "t: connection.url is not of PostgreSQL");
}

} // namespace
} // namespace tandem::connect
