#include "codecs/sql/compare_statements.hpp"

#include "codecs/sql/repair_statements.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::sql {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

compared_table odd() {
    compared_table made;
    made.schema = "s";
    made.name = "T";
    made.key = {{"k", "text", "="}, {"n", "numeric", "="}};
    made.columns = {"k", "n", "v"};
    return made;
}

TEST(CompareStatements, AWholeNumberIsHashedAsItIs) {
    compared_table table = odd();
    table.key = {{"id", "bigint", "="}};
    EXPECT_EQ(
        chunk_sums(table, 8),
        "SELECT pg_catalog.hashint8extended(t.\"id\", 0) & 7, pg_catalog.count(*), "
        "pg_catalog.sum(pg_catalog.hashtextextended((ROW(t.\"k\",t.\"n\",t.\"v\")::text) COLLATE "
        "\"C\", 0)) FROM ONLY \"s\".\"T\" AS t WHERE true GROUP BY 1");
}

TEST(CompareStatements, EqualKeysHaveEqualTextsInAnOrderOfBytes) {
    auto const text = chunk_rows(odd(), 4, "1,3");
    EXPECT_THAT(text, HasSubstr("rtrim(rtrim(t.\"n\"::text, '0'), '.')")) << "1.0 is 1";
    EXPECT_THAT(text, HasSubstr(", (t.\"k\"::text) COLLATE \"C\""));
    EXPECT_THAT(text, HasSubstr("& 3 = ANY ('{1,3}'::bigint[])"));
    EXPECT_THAT(chunk_rows(odd(), 4, ""), Not(HasSubstr("ANY"))) << "all of them";
}

TEST(CompareStatements, AFilterAPartitionedTableAndOtherEncodings) {
    compared_table table = odd();
    table.partitioned = true;
    table.where = "v > 3";
    table.same_encoding = false;
    auto const text = chunk_sums(table, 1);
    EXPECT_THAT(text, HasSubstr("FROM \"s\".\"T\" AS t WHERE true AND (v > 3)"));
    EXPECT_THAT(text, HasSubstr("convert_to(ROW("));
}

TEST(CompareStatements, AScanRestsWhereItIsToLeaveTheServerToOthers) {
    compared_table table = odd();
    EXPECT_THAT(chunk_sums(table, 1), Not(HasSubstr("pg_sleep")));
    table.rests = {512, 0.0024};
    char const* const rest = " WHERE true AND CASE WHEN pg_catalog.random() * 512 < 1 THEN "
                             "pg_catalog.pg_sleep(0.0024) IS NOT NULL ELSE true END ";
    EXPECT_THAT(chunk_sums(table, 1), HasSubstr(rest));
    EXPECT_THAT(chunk_rows(table, 1, ""), HasSubstr(rest));
    EXPECT_THAT(look_at_rows(table, false), Not(HasSubstr("pg_sleep"))) << "a few, by their keys";
}

TEST(CompareStatements, LooksNameVersionsWhereServersTellThem) {
    EXPECT_THAT(look_at_rows(odd(), false), Not(HasSubstr("commit_timestamp")));
    auto const text = look_at_rows(odd(), true);
    EXPECT_THAT(text, HasSubstr("pg_xact_commit_timestamp_origin"));
    EXPECT_THAT(text, HasSubstr("t.\"k\" = w.tandem_k1::text AND t.\"n\" = w.tandem_k2::numeric"));
}

TEST(RepairStatements, ARowIsSentAgainOnlyAsItWasSeen) {
    std::vector<seen_row> const rows{{{"it's", "1"}, "77"}};
    auto const text = resend_rows(odd(), "v", rows, {false, 1'000'000});
    EXPECT_THAT(text, StartsWith("BEGIN; SELECT pg_catalog.pg_replication_origin_xact_setup('0/1', "
                                 "'epoch'::timestamptz + 1000000 * interval '1 microsecond'); "));
    EXPECT_THAT(text, HasSubstr("SET \"v\" = t.\"v\" FROM (VALUES ('it''s', '1', '77')) AS w("));
    EXPECT_THAT(text, HasSubstr("t.xmin = w.tandem_writer::xid; COMMIT; "));
    EXPECT_THAT(resend_rows(odd(), "v", rows, {true, {}}), Not(HasSubstr("xact_setup")));
}

TEST(RepairStatements, AVersionThatIsNotKnownIsOldButNotNow) {
    EXPECT_THAT(set_version(std::nullopt), HasSubstr("946684801000000")) << "zero would be now";
}

TEST(RepairStatements, EachNodeTakesItsOwnPartOfTheFile) {
    std::vector<repaired_column> const row{{"k", "text", "a", true, false},
                                           {"n", "numeric", "1", true, false},
                                           {"v", "text", std::nullopt, false, false}};
    EXPECT_EQ(
        insert_row_on("b", odd(), row),
        "INSERT INTO \"s\".\"T\" (\"k\", \"n\", \"v\") OVERRIDING SYSTEM VALUE SELECT 'a'::text, "
        "'1'::numeric, NULL::text WHERE (SELECT node FROM tandem.meta) = 'b' ON CONFLICT DO "
        "NOTHING;\n");
    EXPECT_EQ(update_row_on("b", odd(), row, {{"a", "1"}, "9"}),
              "UPDATE ONLY \"s\".\"T\" AS t SET \"v\" = NULL::text WHERE t.\"k\" = 'a'::text AND "
              "t.\"n\" = '1'::numeric AND t.xmin = '9'::xid AND (SELECT node FROM tandem.meta) = "
              "'b';\n");
    EXPECT_EQ(remove_row_on("a", odd(), {{"a", "1"}, "9"}),
              "DELETE FROM ONLY \"s\".\"T\" AS t WHERE t.\"k\" = 'a'::text AND t.\"n\" = "
              "'1'::numeric AND t.xmin = '9'::xid AND (SELECT node FROM tandem.meta) = 'a';\n");
}

} // namespace
} // namespace tandem::sql
