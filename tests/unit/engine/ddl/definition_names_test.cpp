#include "engine/ddl/definition_names.hpp"

#include <gtest/gtest.h>

namespace tandem::engine::ddl {
namespace {

column_names const now{
    {"n", "m"}, {"m", "n"}, {"a b", "plain"}, {"gone", std::nullopt}, {"x", "X y"}};

TEST(DefinitionNames, ColumnsGetTheNamesThatTheyHaveNow) {
    EXPECT_EQ(with_names("UNIQUE (n, other)", now), "UNIQUE (m, other)");
    EXPECT_EQ(with_names("CHECK (((n > 0) AND (m < n)))", now), "CHECK (((m > 0) AND (n < m)))");
    EXPECT_EQ(with_names(" USING btree (\"a b\" DESC, x)", now),
              " USING btree (plain DESC, \"X y\")");
    EXPECT_EQ(with_names("FOREIGN KEY (x)", now), "FOREIGN KEY (\"X y\")");
}

TEST(DefinitionNames, OtherWordsStay) {
    EXPECT_EQ(with_names("CHECK ((v <> 'n it''s gone'::text))", now),
              "CHECK ((v <> 'n it''s gone'::text))");
    EXPECT_EQ(with_names("CHECK ((n(v) > (v)::gone))", now), "CHECK ((n(v) > (v)::gone))");
    EXPECT_EQ(with_names("CHECK ((public.n(v) AND (nn > 1n)))", now),
              "CHECK ((public.n(v) AND (nn > 1n)))");
    EXPECT_EQ(with_names("CHECK ((\"N\" > 0))", now), "CHECK ((\"N\" > 0))");
}

TEST(DefinitionNames, TypesOfSeveralWordsAndCollationsStay) {
    column_names const words{{"time", "moment"},
                             {"zone", std::nullopt},
                             {"varying", "v"},
                             {"precision", "p"},
                             {"C", "d"}};
    EXPECT_EQ(with_names("CHECK ((\"time\" > '2020-01-01'::timestamp with time zone))", words),
              "CHECK ((moment > '2020-01-01'::timestamp with time zone))");
    EXPECT_EQ(with_names("CHECK (((v)::character varying = 'a'::bit varying))", words),
              "CHECK (((v)::character varying = 'a'::bit varying))");
    EXPECT_EQ(with_names(" USING btree (((x)::double precision), y COLLATE \"C\")", words),
              " USING btree (((x)::double precision), y COLLATE \"C\")");
}

TEST(DefinitionNames, WhatIsAboutAColumnThatIsGoneIsNothing) {
    EXPECT_EQ(with_names("UNIQUE (n, gone)", now), std::nullopt);
    EXPECT_EQ(with_names("UNIQUE (\"gone\")", now), std::nullopt);
}

TEST(DefinitionNames, WhatNothingClosesEnds) {
    EXPECT_EQ(with_names("CHECK ('n", now), "CHECK ('n");
    EXPECT_EQ(with_names("\"n", now), "\"n");
}

} // namespace
} // namespace tandem::engine::ddl
