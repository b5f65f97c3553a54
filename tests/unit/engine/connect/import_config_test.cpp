#include "engine/connect/import_config.hpp"

#include "engine/config/transform_entries.hpp"

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
                {"transforms.x.type", "org.apache.kafka.connect.transforms.RegexRouter"},
                {"column.exclude.list", "public.a.b\nfalse = 1"}}),
        sink("t", "two", {{"auto.create", "true"}}),
        {"other", {{"connector.class", "org.apache.kafka.connect.file.FileStreamSinkConnector"}}}};
    auto const made = import_connectors(all).value();
    EXPECT_EQ(
        made.notes,
        (std::vector<std::string>{
            "s: database.password=[hidden]: set the variable PASSWORD_1 to it",
            "s: transforms.x.type=org.apache.kafka.connect.transforms.RegexRouter: "
            "org.apache.kafka.connect.transforms.RegexRouter sends records to other topics, and a row goes "
            "to the table of the same name: leave it out, or use it with the connectors of tandem connect",
            "s: table.include.list=public.(a|b): public.(a|b) is no name: tables takes names "
            "with * and ?",
            "s: column.exclude.list=public.a.b false = 1: nothing of tandem run's is the same",
            "t: connection.password=[hidden]: set the variable PASSWORD_2 to it",
            "t: auto.create=true: nothing of tandem run's is the same",
            "other: connector.class=org.apache.kafka.connect.file.FileStreamSinkConnector: "
            "only PostgresConnector and JdbcSinkConnector are taken"}));
    EXPECT_EQ(made.toml.find("\nfalse"), std::string::npos);
}

TEST(ImportConfig, TransformationsOfASourceAreThoseOfItsNode) {
    std::vector<named_config> const all{
        source("sb", "two",
               {{"transforms", "unwrap, mask"},
                {"transforms.unwrap.type", "io.debezium.transforms.ExtractNewRecordState"},
                {"transforms.mask.type", "org.apache.kafka.connect.transforms.MaskField$Value"},
                {"transforms.mask.fields", "a\tb"},
                {"transforms.mask.predicate", "gone"},
                {"transforms.mask.negate", "true"},
                {"predicates", "gone"},
                {"predicates.gone.type",
                 "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone"}}),
        source("sa", "one",
               {{"transforms", "unwrap"},
                {"transforms.unwrap.type", "io.debezium.transforms.ExtractNewRecordState"}}),
        sink("ta", "one:5432",
             {{"transforms", "mask"},
              {"transforms.mask.type", "org.apache.kafka.connect.transforms.MaskField$Value"},
              {"transforms.mask.fields", "a"}})};
    auto const made = import_connectors(all).value();
    EXPECT_EQ(made.toml.substr(made.toml.find("\n[[transform]]")), R"(
[[transform]]
name = "a_unwrap"
from = "a"
"delete.tombstone.handling.mode" = "tombstone"
"type" = "io.debezium.transforms.ExtractNewRecordState"

[[transform]]
name = "a_mask"
from = "a"
"fields" = "a\u0009b"
"negate" = "true"
"predicate" = "a_gone"
"type" = "org.apache.kafka.connect.transforms.MaskField$Value"

[predicate."a_gone"]
"type" = "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone"
)");
    EXPECT_EQ(
        made.notes.back(),
        "ta: transforms=mask: tandem run changes rows where they are read: give them to [[transform]] "
        "with from = the other node");
    auto const read = engine::transforms_from_toml(made.toml, "it");
    ASSERT_EQ(read.transforms.size(), 2U);
    EXPECT_EQ(read.transforms[1].keys.at("fields"), "a\tb");
    EXPECT_EQ(read.predicates.at("a_gone").size(), 1U);
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
