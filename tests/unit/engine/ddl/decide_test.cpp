// What three looks at an object make of it: as it was there, as it is there, as it is here.
#include "engine/ddl/decide.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::engine::ddl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A table "s"."t" with these columns and these other keys.
shape table(std::string const& columns, std::string const& more = "") {
    return shape::parse(
        R"({"kind":"table","schema":"s","name":"t","owner":"o","identity":"d","columns":[)" +
        columns + "]" + more + "}");
}

std::string column(int number, std::string const& name, std::string const& type = "integer",
                   std::string const& more = "") {
    return R"({"oid":)" + std::to_string(number) + R"(,"name":")" + name + R"(","type":")" + type +
           R"(","not_null":false,"local":true)" + more + "}";
}

decision decided(shape before, shape after, shape here, std::set<std::string> roles = {"o"}) {
    surroundings around;
    around.roles = std::move(roles);
    bool const by_new_name =
        before.is_null() || (!after.is_null() && !here.is_null() && before["name"] != here["name"]);
    (by_new_name ? around.at_after : around.at_before) = std::move(here);
    return decide({std::move(before), std::move(after)}, around);
}

TEST(DdlDecide, ACreatedTableIsCreated) {
    auto const made =
        decided(nullptr, table(column(1, "id", "bigint", R"(,"default":"7")")), nullptr);
    EXPECT_THAT(made.statements, ElementsAre(R"(CREATE TABLE "s"."t" ("id" bigint DEFAULT 7))"));
}

TEST(DdlDecide, ACreatedPartitionIsOne) {
    auto const part =
        table(column(1, "id"),
              R"j(,"parents":[["s","p"]],"bound":"FOR VALUES IN (1)","partition_by":"HASH (id)")j");
    EXPECT_THAT(
        decided(nullptr, part, nullptr).statements,
        ElementsAre(
            R"j(CREATE TABLE "s"."t" PARTITION OF "s"."p" FOR VALUES IN (1) PARTITION BY HASH (id))j"));
}

TEST(DdlDecide, WhatIsMadeOnBothIsLeftAlone) {
    auto const one = table(column(1, "id"));
    EXPECT_THAT(decided(nullptr, one, one).statements, IsEmpty());
    EXPECT_EQ(decided(nullptr, one, one).against, "");
}

TEST(DdlDecide, ATableOfThatNameWithAnotherColumnTypeIsAgainst) {
    auto const made = decided(nullptr, table(column(1, "id")), table(column(1, "id", "text")));
    EXPECT_THAT(made.against,
                HasSubstr("column id of table s.t is \"id\" integer there and \"id\" text here"));
}

TEST(DdlDecide, AddedColumnsAreAdded) {
    auto const before = table(column(1, "id"));
    auto const after =
        table(column(1, "id") + "," +
              column(2, "x", "text", R"(,"collation":"pg_catalog.\"C\"","default":"'a'::text")"));
    auto const made = decided(before, after, before);
    EXPECT_THAT(
        made.statements,
        ElementsAre(
            R"(ALTER TABLE "s"."t" ADD COLUMN "x" text COLLATE pg_catalog."C" DEFAULT 'a'::text)"));
    EXPECT_THAT(decided(before, after, after).statements, IsEmpty());
}

TEST(DdlDecide, AColumnAddedOnBothWithAnotherTypeIsAgainst) {
    auto const before = table(column(1, "id"));
    auto const made = decided(before, table(column(1, "id") + "," + column(2, "x")),
                              table(column(1, "id") + "," + column(2, "x", "text")));
    EXPECT_THAT(made.statements, IsEmpty());
    EXPECT_THAT(made.against, HasSubstr("column x of table s.t"));
    EXPECT_THAT(made.against, HasSubstr("tandem table resume"));
}

TEST(DdlDecide, OtherColumnsOfThisNodeStay) {
    auto const before = table(column(1, "id"));
    auto const made = decided(before, table(column(1, "id") + "," + column(2, "x")),
                              table(column(1, "id") + "," + column(2, "mine", "text")));
    EXPECT_THAT(made.statements, ElementsAre(R"(ALTER TABLE "s"."t" ADD COLUMN "x" integer)"));
}

TEST(DdlDecide, ADroppedColumnIsDroppedOnce) {
    auto const before = table(column(1, "id") + "," + column(2, "x"));
    auto const after = table(column(1, "id"));
    EXPECT_THAT(decided(before, after, before).statements,
                ElementsAre(R"(ALTER TABLE "s"."t" DROP COLUMN "x")"));
    EXPECT_THAT(decided(before, after, after).statements, IsEmpty());
}

TEST(DdlDecide, ADroppedColumnThatIsMadeAnewIsAnotherOne) {
    auto const before = table(column(1, "id") + "," + column(2, "x"));
    auto const after = table(column(1, "id") + "," + column(3, "x", "text"));
    EXPECT_THAT(decided(before, after, before).statements,
                ElementsAre(R"(ALTER TABLE "s"."t" DROP COLUMN "x")",
                            R"(ALTER TABLE "s"."t" ADD COLUMN "x" text)"));
    EXPECT_THAT(decided(before, after, after).statements, IsEmpty());
}

TEST(DdlDecide, ARenamedColumnIsRenamedBeforeAllElse) {
    auto const before = table(column(1, "id") + "," + column(2, "x"));
    auto const after = table(column(1, "id") + "," + column(2, "y", "bigint"));
    EXPECT_THAT(decided(before, after, before).statements,
                ElementsAre(R"(ALTER TABLE "s"."t" RENAME COLUMN "x" TO "y")"));
    EXPECT_THAT(
        decided(before, after, table(column(1, "id") + "," + column(2, "y"))).statements,
        ElementsAre(R"(ALTER TABLE "s"."t" ALTER COLUMN "y" TYPE bigint USING "y"::bigint)"));
    EXPECT_THAT(decided(before, after, table(column(1, "id"))).against,
                HasSubstr("here is neither"));
}

TEST(DdlDecide, ATypeThatWasChangedHereOtherwiseIsAgainst) {
    auto const before = table(column(1, "id"));
    auto const made =
        decided(before, table(column(1, "id", "bigint")), table(column(1, "id", "text")));
    EXPECT_THAT(
        made.against,
        HasSubstr(
            "the type of column id of table s.t was changed from integer to bigint there, and is text here"));
}

TEST(DdlDecide, DefaultsNullsAndIdentitiesFollow) {
    auto const before =
        table(column(1, "id") + "," + column(2, "x", "integer", R"(,"default":"1")"));
    auto after =
        table(column(1, "id", "integer", R"(,"identity":"d","sequence":[5,2,1,99,1,false])") + "," +
              column(2, "x"));
    after["columns"][0]["not_null"] = true;
    EXPECT_THAT(
        decided(before, after, before).statements,
        ElementsAre(
            R"(ALTER TABLE "s"."t" ALTER COLUMN "id" SET NOT NULL)",
            "ALTER TABLE \"s\".\"t\" ALTER COLUMN \"id\" ADD GENERATED BY DEFAULT AS IDENTITY (START WITH 5 INCREMENT "
            "BY 2 MINVALUE 1 MAXVALUE 99 CACHE 1)",
            R"(ALTER TABLE "s"."t" ALTER COLUMN "x" DROP DEFAULT)"));
}

TEST(DdlDecide, StepsOfAnIdentityFollowWhereTheyWereTheSame) {
    auto const with = [](char const* sequence) {
        return table(
            column(1, "id", "bigint", std::string{R"(,"identity":"d","sequence":)"} + sequence));
    };
    auto const before = with("[1,1,1,99,1,false]");
    auto const after = with("[7,5,1,500,1,true]");
    EXPECT_THAT(decided(before, after, before).statements,
                ElementsAre(R"(ALTER TABLE "s"."t" ALTER COLUMN "id" SET START WITH 7 )"
                            "SET INCREMENT BY 5 SET MAXVALUE 500 SET CYCLE"));
    EXPECT_THAT(decided(before, after, with("[2,2,1,99,1,false]")).statements,
                ElementsAre(R"(ALTER TABLE "s"."t" ALTER COLUMN "id" SET MAXVALUE 500 SET CYCLE)"));
    EXPECT_THAT(decided(after, before, after).statements,
                ElementsAre(R"(ALTER TABLE "s"."t" ALTER COLUMN "id" SET START WITH 1 )"
                            "SET INCREMENT BY 1 SET MAXVALUE 99 SET NO CYCLE"));
    EXPECT_THAT(decided(before, after, after).statements, IsEmpty());
}

TEST(DdlDecide, HowAColumnIsKeptFollows) {
    auto const before = table(column(1, "x", "text", R"(,"storage":"x")"));
    auto const after = table(column(
        1, "x", "text", R"(,"storage":"e","statistics":500,"compression":"l","comment":"it's")"));
    EXPECT_THAT(decided(before, after, before).statements,
                ElementsAre(R"(COMMENT ON COLUMN "s"."t"."x" IS 'it''s')",
                            R"(ALTER TABLE ONLY "s"."t" ALTER COLUMN "x" SET STORAGE EXTERNAL)",
                            R"(ALTER TABLE ONLY "s"."t" ALTER COLUMN "x" SET STATISTICS 500)",
                            R"(ALTER TABLE ONLY "s"."t" ALTER COLUMN "x" SET COMPRESSION lz4)"));
    EXPECT_THAT(
        decided(after, before, after).statements,
        ElementsAre(R"(COMMENT ON COLUMN "s"."t"."x" IS NULL)",
                    R"(ALTER TABLE ONLY "s"."t" ALTER COLUMN "x" SET STORAGE EXTENDED)",
                    R"(ALTER TABLE ONLY "s"."t" ALTER COLUMN "x" SET STATISTICS -1)",
                    R"(ALTER TABLE ONLY "s"."t" ALTER COLUMN "x" SET COMPRESSION DEFAULT)"));
}

TEST(DdlDecide, ANewColumnIsKeptAsItIsThere) {
    auto const before = table(column(1, "id"));
    auto const plain = table(column(1, "id") + "," + column(2, "x", "text", R"(,"storage":"x")"));
    auto const after =
        table(column(1, "id") + "," + column(2, "x", "text", R"(,"storage":"m","comment":"why")"));
    std::vector<std::string> const both{
        R"(COMMENT ON COLUMN "s"."t"."x" IS 'why')",
        R"(ALTER TABLE ONLY "s"."t" ALTER COLUMN "x" SET STORAGE MAIN)"};
    EXPECT_EQ(decided(before, after, plain).statements, both);
    EXPECT_EQ(decided(nullptr, after, plain).statements, both);
    EXPECT_THAT(decided(before, plain, plain).statements, IsEmpty());
}

TEST(DdlDecide, CompressionIsLeftOutWhereTheServerHasNone) {
    surroundings around;
    around.at_before = table(column(1, "x", "text"));
    around.server_version = 130'000;
    auto const made =
        decide({around.at_before, table(column(1, "x", "text", R"(,"compression":"l")"))}, around);
    EXPECT_THAT(made.statements, IsEmpty());
    EXPECT_THAT(made.left_out, ElementsAre("the compression of column \"x\" of \"s\".\"t\": "
                                           "this server has none"));
}

TEST(DdlDecide, OfTwoCommentsAtOnceTheGreaterStaysOnBoth) {
    auto const of = [](char const* comment) {
        return table(column(1, "x"), std::string{R"(,"comment":")"} + comment + '"');
    };
    EXPECT_THAT(decided(of("old"), of("b"), of("a")).statements,
                ElementsAre(R"(COMMENT ON TABLE "s"."t" IS 'b')"));
    EXPECT_THAT(decided(of("old"), of("a"), of("b")).statements, IsEmpty());
}

TEST(DdlDecide, RightsOfSingleColumnsFollow) {
    auto const granted = [](char const* rights) {
        return table(column(1, "x"), std::string{R"(,"column_grants":)"} + rights);
    };
    auto const none = table(column(1, "x"));
    auto const some = granted(R"([["r","SELECT",true,"x"],["public","UPDATE",false,"x"]])");
    EXPECT_THAT(decided(none, some, none, {"o", "r"}).statements,
                ElementsAre(R"(GRANT SELECT ("x") ON TABLE "s"."t" TO r WITH GRANT OPTION)",
                            R"(GRANT UPDATE ("x") ON TABLE "s"."t" TO PUBLIC)"));
    EXPECT_THAT(decided(some, granted(R"([["r","SELECT",true,"x"]])"), some, {"o", "r"}).statements,
                ElementsAre(R"(REVOKE UPDATE ("x") ON TABLE "s"."t" FROM PUBLIC)"));
    EXPECT_THAT(decided(none, some, some, {"o", "r"}).statements, IsEmpty());
    auto owned = none; // by whom the rights were given to: they are its own now
    owned["owner"] = "r";
    EXPECT_THAT(decided(granted(R"([["r","SELECT",true,"x"]])"), owned,
                        granted(R"([["r","SELECT",true,"x"]])"), {"o", "r"})
                    .statements,
                ElementsAre(R"(ALTER TABLE "s"."t" OWNER TO r)"));
    EXPECT_THAT(decided(none, some, none).left_out,
                ElementsAre("a grant of table s.t: there is no role r here"));
    auto const renamed = table(column(1, "y"));
    EXPECT_THAT(decided(none, some, renamed, {"o", "r"}).left_out,
                ElementsAre("a grant of column x of table s.t: there is none here",
                            "a grant of column x of table s.t: there is none here"));
}

TEST(DdlDecide, ADroppedTableIsDroppedWhereItIs) {
    auto const one = table(column(1, "id"));
    EXPECT_THAT(decided(one, nullptr, one).statements, ElementsAre(R"(DROP TABLE "s"."t")"));
    EXPECT_THAT(decided(one, nullptr, nullptr).statements, IsEmpty());
}

TEST(DdlDecide, AnAlteredTableThatIsNotHereIsAgainst) {
    auto const before = table(column(1, "id"));
    EXPECT_THAT(decided(before, table(""), nullptr).against, HasSubstr("does not exist here"));
}

TEST(DdlDecide, ConstraintsIndexesAndTriggersFollowTheirColumns) {
    auto const before =
        table(column(1, "id"),
              R"j(,"constraints":[{"oid":"5","name":"old","kind":"c","def":"CHECK ((id > 0))"}])j");
    auto const after = table(
        column(1, "id"),
        R"j(,"constraints":[{"oid":"6","name":"t_pkey","kind":"p","def":"PRIMARY KEY (id)"}],)j"
        R"j("indexes":[{"oid":"7","name":"i","def":"CREATE INDEX i ON s.t USING btree (id)","comment":"why"}],)j"
        R"j("triggers":[{"oid":"8","name":"g","def":"CREATE TRIGGER g ...","enabled":"D"}],)j"
        R"j("policies":[{"oid":"9","name":"p","def":" AS PERMISSIVE FOR ALL TO PUBLIC USING (true)"}])j");
    EXPECT_THAT(decided(before, after, before).statements,
                ElementsAre(R"(ALTER TABLE "s"."t" DROP CONSTRAINT "old")"));
    EXPECT_THAT(
        decided(before, after, table(column(1, "id"))).statements,
        ElementsAre(
            R"(ALTER TABLE "s"."t" ADD CONSTRAINT "t_pkey" PRIMARY KEY (id))",
            "CREATE INDEX i ON s.t USING btree (id)", R"(COMMENT ON INDEX "s"."i" IS 'why')",
            "CREATE TRIGGER g ...", R"(ALTER TABLE "s"."t" DISABLE TRIGGER "g")",
            R"(CREATE POLICY "p" ON "s"."t" AS PERMISSIVE FOR ALL TO PUBLIC USING (true))"));
    EXPECT_THAT(decided(before, after, after).statements, IsEmpty());
}

TEST(DdlDecide, AConstraintIsValidatedNotMadeAnew) {
    auto const with = [](char const* def) {
        return table(column(1, "id"),
                     std::string{R"(,"constraints":[{"oid":"5","name":"c","kind":"c","def":")"} +
                         def + "\"}]");
    };
    EXPECT_THAT(decided(with("CHECK (x) NOT VALID"), with("CHECK (x)"), with("CHECK (x) NOT VALID"))
                    .statements,
                ElementsAre(R"(ALTER TABLE "s"."t" VALIDATE CONSTRAINT "c")"));
    EXPECT_THAT(decided(with("CHECK (x)"), with("CHECK (y)"), with("CHECK (z)")).against,
                HasSubstr("c of table s.t"));
}

TEST(DdlDecide, APrimaryKeyOfAnotherNameIsThatKey) {
    auto const with = [](std::string const& name) {
        auto made = table(column(1, "id"));
        made["constraints"] = shape::array(
            {{{"oid", "5"}, {"kind", "p"}, {"def", "PRIMARY KEY (id)"}, {"name", name}}});
        return made;
    };
    EXPECT_THAT(decided(table(column(1, "id")), with("a"), with("b")).statements, IsEmpty());
}

TEST(DdlDecide, RightsAndOwnersOnlyOfRolesThatAreHere) {
    auto const before = table(column(1, "id"), R"(,"grants":[["gone","SELECT",false]])");
    auto after = table(
        column(1, "id"),
        R"(,"grants":[["bob","SELECT",true],["eve","SELECT",false],["public","INSERT",false]])");
    after["owner"] = "eve";
    auto const made = decided(before, after, before, {"o", "bob", "gone"});
    EXPECT_THAT(made.statements,
                ElementsAre(R"(REVOKE SELECT ON TABLE "s"."t" FROM gone)",
                            R"(GRANT SELECT ON TABLE "s"."t" TO bob WITH GRANT OPTION)",
                            R"(GRANT INSERT ON TABLE "s"."t" TO PUBLIC)"));
    EXPECT_THAT(made.left_out, ElementsAre("the owner of table s.t: there is no role eve here",
                                           "a grant of table s.t: there is no role eve here"));
}

TEST(DdlDecide, ARenamedTableMovesFirst) {
    auto const before = table(column(1, "id"));
    auto after = before;
    after["name"] = "u";
    after["schema"] = "r";
    EXPECT_THAT(decided(before, after, before).statements,
                ElementsAre(R"(ALTER TABLE "s"."t" SET SCHEMA "r")",
                            R"(ALTER TABLE "r"."t" RENAME TO "u")"));
    EXPECT_THAT(decided(before, after, after).statements, IsEmpty());
}

TEST(DdlDecide, PartitionsAreAttachedAndDetached) {
    auto const alone = table(column(1, "id"));
    auto const part = table(column(1, "id"), R"(,"parents":[["s","p"]],"bound":"DEFAULT")");
    EXPECT_THAT(decided(alone, part, alone).statements,
                ElementsAre(R"(ALTER TABLE "s"."p" ATTACH PARTITION "s"."t" DEFAULT)"));
    EXPECT_THAT(decided(part, alone, part).statements,
                ElementsAre(R"(ALTER TABLE "s"."p" DETACH PARTITION "s"."t")"));
}

shape labels(std::initializer_list<char const*> names) {
    auto made = shape::parse(R"({"kind":"enum","schema":"s","name":"e","labels":[]})");
    for (auto const* each : names) {
        made["labels"].push_back({{"oid", each}, {"name", each}});
    }
    return made;
}

TEST(DdlDecide, LabelsStandWhereTheyStood) {
    EXPECT_THAT(decided(nullptr, labels({"a", "b'"}), nullptr).statements,
                ElementsAre(R"(CREATE TYPE "s"."e" AS ENUM ('a', 'b'''))"));
    EXPECT_THAT(decided(labels({"a", "d"}), labels({"a", "b", "c", "d", "e"}), labels({"a", "d"}))
                    .statements,
                ElementsAre(R"(ALTER TYPE "s"."e" ADD VALUE 'e')",
                            R"(ALTER TYPE "s"."e" ADD VALUE 'c' BEFORE 'd')",
                            R"(ALTER TYPE "s"."e" ADD VALUE 'b' BEFORE 'c')"));
    auto renamed = labels({"a"});
    renamed["labels"][0]["name"] = "z";
    EXPECT_THAT(decided(labels({"a"}), renamed, labels({"a"})).statements,
                ElementsAre(R"(ALTER TYPE "s"."e" RENAME VALUE 'a' TO 'z')"));
}

TEST(DdlDecide, AViewIsReplacedWhereItsColumnsGoOn) {
    auto const view = [](char const* def, char const* columns) {
        return shape::parse(std::string{R"({"kind":"view","schema":"s","name":"v","def":")"} + def +
                            R"(;","types":[],"columns":)" + columns + "}");
    };
    auto const one = view(" SELECT 1 AS a", R"(["a"])");
    EXPECT_THAT(decided(one, view(" SELECT 1 AS a, 2 AS b", R"(["a","b"])"), one).statements,
                ElementsAre(R"(CREATE OR REPLACE VIEW "s"."v" AS SELECT 1 AS a, 2 AS b)"));
    EXPECT_THAT(decided(one, view(" SELECT 1 AS b", R"(["b"])"), one).statements,
                ElementsAre(R"(ALTER VIEW "s"."v" RENAME COLUMN "a" TO "b")"));
    auto const swapped = view(" SELECT 1 AS b, 2 AS a", R"(["b","a"])");
    EXPECT_THAT(decided(view(" SELECT 1 AS a, 2 AS b", R"(["a","b"])"), swapped,
                        view(" SELECT 1 AS a, 2 AS b", R"(["a","b"])"))
                    .statements,
                ElementsAre(HasSubstr("DROP"), HasSubstr("CREATE VIEW")));
    // Both replaced it: the greater text stays on both.
    auto const other = view(" SELECT 3 AS c", R"(["c"])");
    EXPECT_THAT(decided(one, other, view(" SELECT 1 AS b", R"(["b"])")).statements,
                ElementsAre(R"(DROP VIEW "s"."v")", R"(CREATE VIEW "s"."v" AS SELECT 3 AS c)"));
    EXPECT_THAT(decided(one, view(" SELECT 1 AS b", R"(["b"])"), other).statements, IsEmpty());
}

TEST(DdlDecide, AKindThatNobodyKnowsIsLeftOut) {
    auto const made =
        decided(nullptr, shape::parse(R"({"kind":"tribe","schema":"s","name":"x"})"), nullptr);
    EXPECT_THAT(made.left_out, ElementsAre(HasSubstr("tribe s.x")));
}

// --- messages

TEST(DdlMessage, WhatWasCarriedOutToItsEndIsNotCarriedOutAgain) {
    auto const told = [](std::string const& changes) {
        return *read_message(R"({"version":1,"tag":"ALTER TABLE","changes":[)" + changes + "]}");
    };
    auto const change = [](std::string const& from, std::string const& to) {
        auto const table = [](std::string const& name) {
            return R"({"kind":"table","schema":"s","name":")" + name + R"("})";
        };
        return R"({"before":)" + table(from) + R"(,"after":)" + table(to) + "}";
    };
    std::vector<object_change> ended{told(change("t", "t")).changes.front()};
    auto renamed = told(change("t", "u") + "," + change("v", "v"));
    leave_ended(renamed, ended);
    ASSERT_EQ(renamed.changes.size(), 1U);
    EXPECT_EQ(renamed.changes.front().shown(), "table s.v");
    auto by_its_new_name = told(change("u", "u"));
    leave_ended(by_its_new_name, ended);
    EXPECT_TRUE(by_its_new_name.changes.empty());
    auto another = told(change("t", "t"));
    leave_ended(another, ended);
    EXPECT_EQ(another.changes.size(), 1U);
}

TEST(DdlMessage, WhatWasSeenIsNoChange) {
    auto const read = read_message(R"({"version": 1, "tag": "SEEN", "ids": [3, 5]})");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->sees, (std::vector<std::int64_t>{3, 5}));
    EXPECT_TRUE(read->changes.empty() && !read->touches);
    for (auto const* const bad :
         {R"({"version": 1, "tag": "SEEN"})", R"({"version": 1, "tag": "SEEN", "ids": ["3"]})",
          R"({"version": 1, "tag": "SEEN", "ids": []})"}) {
        EXPECT_FALSE(read_message(bad)) << bad;
    }
}

TEST(DdlMessage, AGrantOnManyIsAMessageForEach) {
    auto const object = [](char const* name, char const* grants) {
        return std::string{R"({"kind":"table","schema":"s","name":")"} + name + R"(","grants":[)" +
               grants + "]}";
    };
    auto const change = [&](char const* name) {
        return R"({"before":)" + object(name, "") + R"(,"after":)" + object(name, R"("x")") + "}";
    };
    auto const told = [&](char const* tag, std::string const& changes) {
        return std::string{R"({"version":1,"id":7,"tag":")"} + tag + R"(","changes":[)" + changes +
               "]}";
    };
    auto const two = change("t") + "," + change("u");
    auto const made = apart(told("GRANT", two));
    ASSERT_EQ(made.size(), 2U);
    for (std::size_t at = 0; at < 2; ++at) {
        auto const read = read_message(made[at]);
        ASSERT_TRUE(read) << made[at];
        EXPECT_EQ(read->tag, "GRANT");
        EXPECT_EQ(read->id, at == 0 ? 0 : 7); // carried out with the last one
        ASSERT_EQ(read->changes.size(), 1U);
        EXPECT_EQ(read->changes[0].shown(), at == 0 ? "table s.t" : "table s.u");
    }
    EXPECT_THAT(apart(told("REVOKE", change("t"))), ElementsAre(told("REVOKE", change("t"))));
    EXPECT_THAT(apart(told("ALTER TABLE", two)), ElementsAre(told("ALTER TABLE", two)));
    auto const made_too = two + R"(,{"after":)" + object("v", "") + "}";
    EXPECT_THAT(apart(told("GRANT", made_too)), ElementsAre(told("GRANT", made_too)));
    EXPECT_THAT(apart(R"({"tag":"GRANT")"), ElementsAre(R"({"tag":"GRANT")"));
}

TEST(DdlMessage, IsReadInAnOrderThatCanBeCarriedOut) {
    auto const read =
        read_message(R"({"version":1,"tag":"CREATE TABLE","concurrently":true,"changes":[
        {"after":{"kind":"table","schema":"s","name":"t"}},
        {"after":{"kind":"sequence","schema":"s","name":"q","owned_by":["s","t","id"]}},
        {"before":{"kind":"table","schema":"s","name":"first"}},
        {"before":{"kind":"view","schema":"s","name":"hangs_on_it"}}]})");
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_TRUE(read->concurrently);
    std::vector<std::string> shown;
    for (auto const& each : read->changes) {
        shown.push_back((each.after.is_null()    ? "drop "
                         : each.before.is_null() ? "make "
                                                 : "alter ") +
                        each.shown());
    }
    EXPECT_THAT(shown, ElementsAre("make sequence s.q", "make table s.t", "alter sequence s.q",
                                   "drop view s.hangs_on_it", "drop table s.first"));
    EXPECT_FALSE(read->changes[0].after.contains("owned_by"));
}

TEST(DdlMessage, AnythingElseIsRefused) {
    for (
        auto const* text :
        {"", "[]", "{}",
         R"({"version":2,"tag":"x","changes":[{"after":{"kind":"table","schema":"s","name":"t"}}]})",
         R"({"version":1,"tag":"x","changes":[]})", R"({"version":1,"tag":"x","changes":[{}]})",
         R"({"version":1,"tag":"x","changes":[{"after":5}]})",
         R"({"version":1,"tag":"x","changes":[{"after":{"kind":"table"}}]})"}) {
        EXPECT_FALSE(read_message(text)) << text;
    }
}

TEST(DdlMessage, InTheEndGoesThroughEveryName) {
    auto const told = [](std::string const& before, std::string const& after) {
        return *read_message(
            R"({"version":1,"tag":"x","changes":[{"before":{"kind":"table","schema":"s","name":")" +
            before + R"("},"after":{"kind":"table","schema":"s","name":")" + after + R"("}}]})");
    };
    std::vector<message> const later{told("b", "c"), told("x", "y"), told("c", "d")};
    EXPECT_EQ(in_the_end(told("a", "b").changes.front(), later).after["name"], "d");
}

} // namespace
} // namespace tandem::engine::ddl
