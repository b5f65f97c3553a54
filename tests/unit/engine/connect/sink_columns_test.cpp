#include "engine/connect/sink_columns.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tandem::connect {
namespace {

struct case_of {
    std::string label;
    schema_type type;
    std::string name; // empty: none
    std::vector<std::pair<std::string, std::string>> parameters;
    std::string debezium;
    std::string confluent;
};

schema schema_of(case_of const& one) {
    schema made;
    made.type = one.type;
    made.optional = true;
    if (!one.name.empty()) {
        made.name = one.name;
    }
    made.parameters = one.parameters;
    return made;
}

class SinkColumn : public testing::TestWithParam<case_of> {};

TEST_P(SinkColumn, HasTheTypeOfItsSchema) {
    auto const of = schema_of(GetParam());
    EXPECT_EQ(column_type_of(of, false).value(), GetParam().debezium);
    EXPECT_EQ(column_type_of(of, true).value(), GetParam().confluent);
}

INSTANTIATE_TEST_SUITE_P(
    Types, SinkColumn,
    testing::Values(
        case_of{"int8", schema_type::int8, "", {}, "smallint", "smallint"},
        case_of{"int16", schema_type::int16, "", {}, "smallint", "smallint"},
        case_of{"int32", schema_type::int32, "", {}, "integer", "integer"},
        case_of{"int64", schema_type::int64, "", {}, "bigint", "bigint"},
        case_of{"float32", schema_type::float32, "", {}, "real", "real"},
        case_of{"float64", schema_type::float64, "", {}, "double precision", "double precision"},
        case_of{"boolean", schema_type::boolean, "", {}, "boolean", "boolean"},
        case_of{"string", schema_type::string, "", {}, "text", "text"},
        case_of{"bytes", schema_type::bytes, "", {}, "bytea", "bytea"},
        case_of{"decimal",
                schema_type::bytes,
                "org.apache.kafka.connect.data.Decimal",
                {{"scale", "3"}, {"connect.decimal.precision", "12"}},
                "numeric(12, 3)",
                "numeric"},
        case_of{"decimal_of_no_precision",
                schema_type::bytes,
                "org.apache.kafka.connect.data.Decimal",
                {{"scale", "3"}},
                "numeric",
                "numeric"},
        case_of{"date", schema_type::int32, "io.debezium.time.Date", {}, "date", "integer"},
        case_of{"connect_date",
                schema_type::int32,
                "org.apache.kafka.connect.data.Date",
                {},
                "date",
                "date"},
        case_of{"zoned",
                schema_type::string,
                "io.debezium.time.ZonedTimestamp",
                {},
                "timestamp(6) with time zone",
                "text"},
        case_of{"uuid", schema_type::string, "io.debezium.data.Uuid", {}, "uuid", "text"},
        case_of{"bits",
                schema_type::bytes,
                "io.debezium.data.Bits",
                {{"length", "9"}},
                "bit varying(9)",
                "bytea"}),
    [](auto const& of) { return of.param.label; });

TEST(SinkColumns, AnArrayIsOneOfItsElements) {
    schema of;
    of.type = schema_type::array;
    of.element = plain_schema(schema_type::int32);
    EXPECT_EQ(column_type_of(of, false).value(), "integer[]");
}

TEST(SinkColumns, AStructureOfNoKnownNameHasNoType) {
    schema of;
    of.type = schema_type::structure;
    EXPECT_EQ(column_type_of(of, false).error().what,
              "no type of PostgreSQL is known for Schema{STRUCT}: make the column by hand");
}

TEST(SinkColumns, ATableHasItsKeyFirst) {
    auto const number = plain_schema(schema_type::int32);
    auto const text = plain_schema(schema_type::string, true);
    std::vector<wanted_column> const columns{{"a", text.get(), false}, {"id", number.get(), true}};
    EXPECT_EQ(
        create_table({"public", "t"}, columns, false).value(),
        R"(CREATE TABLE IF NOT EXISTS "public"."t" ("id" integer NOT NULL, "a" text, PRIMARY KEY ("id")))");
    std::vector<wanted_column> const none{{"a", text.get(), false}};
    EXPECT_EQ(create_table({"public", "t"}, none, false).value(),
              R"(CREATE TABLE IF NOT EXISTS "public"."t" ("a" text))");
}

TEST(SinkColumns, AColumnIsAddedWhenRowsCanDoWithoutIt) {
    auto const text = plain_schema(schema_type::string, true);
    auto const required = plain_schema(schema_type::string);
    schema with_default;
    with_default.type = schema_type::string;
    with_default.default_value = value::of_string("it's");
    std::vector<wanted_column> const fine{{"a", text.get(), false}, {"b", &with_default, false}};
    EXPECT_EQ(
        add_columns({"s", "t"}, fine, false).value(),
        R"(ALTER TABLE "s"."t" ADD COLUMN IF NOT EXISTS "a" text, ADD COLUMN IF NOT EXISTS "b" text DEFAULT 'it''s' NOT NULL)");
    std::vector<wanted_column> const wrong{{"a", required.get(), false}};
    EXPECT_EQ(add_columns({"s", "t"}, wrong, false).error().what,
              "Cannot ALTER table 's.t' because field 'a' is not optional but has no default "
              "value: add the column by hand");
    std::vector<wanted_column> const bare{{"a", nullptr, false}};
    EXPECT_EQ(add_columns({"s", "t"}, bare, false).error().what,
              "field a has no schema, and a column is made from one: let the source write schemas "
              "(value.converter.schemas.enable=true), or make the column by hand");
}

TEST(FieldFilter, TakesByNameAndByTopic) {
    auto const only = field_filter::of("a, t:b", "");
    EXPECT_TRUE(only.takes("x", "a"));
    EXPECT_TRUE(only.takes("t", "b"));
    EXPECT_FALSE(only.takes("x", "b"));
    EXPECT_FALSE(only.takes("t", "c"));
    auto const but = field_filter::of("a", "a,t:b"); // excluded ones go before included ones
    EXPECT_FALSE(but.takes("x", "a"));
    EXPECT_FALSE(but.takes("t", "b"));
    EXPECT_TRUE(but.takes("x", "b"));
    EXPECT_TRUE(field_filter::of("", "").takes("t", "a"));
}

} // namespace
} // namespace tandem::connect
