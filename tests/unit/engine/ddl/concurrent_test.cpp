// Index commands in the form that keeps nobody waiting.
#include "engine/ddl/concurrent.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::engine::ddl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(DdlConcurrent, IndexCommandsHaveSuchAForm) {
    EXPECT_EQ(concurrent_form("CREATE INDEX i ON s.t USING btree (a)"),
              "CREATE INDEX CONCURRENTLY i ON s.t USING btree (a)");
    EXPECT_EQ(concurrent_form("CREATE UNIQUE INDEX i ON s.t USING btree (a)"),
              "CREATE UNIQUE INDEX CONCURRENTLY i ON s.t USING btree (a)");
    EXPECT_EQ(concurrent_form(R"(DROP INDEX "s"."i")"), R"(DROP INDEX CONCURRENTLY "s"."i")");
    EXPECT_EQ(concurrent_form("ALTER INDEX s.i RENAME TO j"), std::nullopt);
}

TEST(DdlConcurrent, WhatStandsBehindAnotherCommandWaitsForIt) {
    decision made;
    made.statements = {"CREATE INDEX i ON s.t (a)", "ALTER TABLE s.t ADD COLUMN b integer",
                       "CREATE INDEX j ON s.t (b)"};
    EXPECT_THAT(concurrent_part(made), ElementsAre("CREATE INDEX CONCURRENTLY i ON s.t (a)"));
    made.against = "it contradicts";
    EXPECT_THAT(concurrent_part(made), IsEmpty());
}

TEST(DdlConcurrent, RemnantsAreLookedForByTheNamesOfTheChange) {
    object_change change;
    change.after = shape::parse(
        R"({"kind":"table","schema":"s","name":"t","indexes":[{"name":"i"},{"name":"it's"}]})");
    EXPECT_THAT(invalid_remnants(change), HasSubstr("n.nspname = 's'"));
    EXPECT_THAT(invalid_remnants(change), HasSubstr("ARRAY['i', 'it''s']::name[]"));
}

} // namespace
} // namespace tandem::engine::ddl
