// Expected values were written by Debezium 3.0.8; tests/interop/test_interop_defaults.py compares them live.
#include "codecs/event/column_default.hpp"

#include "codecs/event/row_plan.hpp"
#include "tests/support/exact_buffer.hpp"
#include "tests/support/pgoutput_builder.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace tandem::event {
namespace {

constexpr std::int32_t numeric_8_3 = ((8 << 16) | 3) + 4;

type_table user_types() {
    type_table types;
    types.add(oid{20'000}, {type_facts::sort::enumeration, "mood", {}, -1, {"sad", "it's"}});
    types.add(oid{20'001}, {type_facts::sort::domain, "positive", oid{23}, -1, {}});
    types.add(oid{20'003}, {type_facts::sort::base, "hstore", {}, -1, {}});
    return types;
}

value_options with_decimals(decimal_mode mode) {
    value_options made;
    made.decimals = mode;
    return made;
}

struct default_case {
    char const* name;
    std::uint32_t type;
    char const* expression;
    char const* json; // nullptr: none
    std::int32_t modifier = -1;
    value_options options = {};
};
void PrintTo(default_case const& each, std::ostream* out) {
    *out << each.expression;
}

class Default : public testing::TestWithParam<default_case> {};

TEST_P(Default, IsRead) {
    auto const& [name, type, expression, json, modifier, options] = GetParam();
    auto const made = default_json(oid{type}, modifier, expression, user_types(), options);
    EXPECT_EQ(made, json == nullptr ? std::nullopt : std::optional<std::string>{json});
}

INSTANTIATE_TEST_SUITE_P(
    ColumnDefault, Default,
    testing::ValuesIn(std::vector<default_case>{
        {"none", 23, "", nullptr},
        {"number", 23, "5", "5"},
        {"negative", 23, "'-5'::integer", "-5"},
        {"sum", 23, "(1 + 2)", nullptr},
        {"null", 23, "NULL::integer", nullptr},
        {"sequence", 23, "nextval('t_id_seq'::regclass)", "0"},
        {"function_in_parentheses", 1184, "(now() + '1 day'::interval)",
         R"("1970-01-01T00:00:00.000000Z")"},
        {"cast_function", 23, "((random() * (10)::double precision))::integer", nullptr},
        {"current_timestamp", 1114, "CURRENT_TIMESTAMP", "0"},
        {"current_date", 1082, "CURRENT_DATE", "0"},
        {"local_time", 1083, "LOCALTIME", "0"},
        {"current_user", 25, "CURRENT_USER", nullptr},
        {"true_", 16, "true", "true"},
        {"false_", 16, "false", "false"},
        {"boolean_function", 16, "pg_is_in_recovery()", "false"},
        {"text", 25, "'x'::text", R"("x")"},
        {"text_of_two_words", 1043, "'x'::character varying", R"("x")"},
        {"text_with_a_quote", 25, "'it''s'::text", R"("it's")"},
        {"text_of_a_quote", 25, "''''::text", R"("'")"},
        {"text_empty", 25, "''::text", R"("")"},
        {"text_like_casts", 25, "'a'::text COLLATE \"C\"", R"("a")"},
        {"text_joined", 25, "('a'::text || 'b'::text)", nullptr},
        {"text_joined_bare", 25, "'a'::text || 'b'::text", nullptr},
        {"text_open", 25, "'a", nullptr},
        {"text_function", 25, "md5('x'::text)", R"("")"},
        {"no_number", 23, "'x'::integer", nullptr},
        {"float_nan", 701, "'NaN'::double precision", R"("NaN")"},
        {"enumeration", 20'000, "'sad'::mood", R"("sad")"},
        {"enumeration_of_a_schema", 20'000, "'sad'::\"My Schema\".mood", R"("sad")"},
        {"enumeration_function", 20'000, "pick()", nullptr},
        {"domain", 20'001, "5", nullptr},
        {"hstore", 20'003, "''::hstore", nullptr},
        {"bytea", 17, R"('\x00'::bytea)", nullptr},
        {"money", 790, "'$1.00'::money", nullptr},
        {"array", 1007, "'{}'::integer[]", nullptr},
        {"uuid", 2950, "gen_random_uuid()", R"("00000000-0000-0000-0000-000000000000")"},
        {"json", 3802, "jsonb_build_object()", R"("{}")"},
        {"bits", 1560, "'101'::\"bit\"", R"("BQ==")", 3},
        {"bits_zero", 1560, "'000'::\"bit\"", R"("")", 3},
        {"bits_marked", 1560, "B'101'::\"bit\"", R"("BQ==")", 3},
        {"bit", 1560, "'1'::\"bit\"", "true", 1},
        {"interval", 1186, "age(now())", "0"},
        {"numeric", 1700, "1.5", R"("Bdw=")", numeric_8_3},
        {"numeric_string", 1700, "1.5", R"("1.500")", numeric_8_3,
         with_decimals(decimal_mode::string)},
        {"numeric_string_whole", 1700, "2", R"("2.000")", numeric_8_3,
         with_decimals(decimal_mode::string)},
        {"numeric_string_bare", 1700, "2.50", R"("2.50")", -1, with_decimals(decimal_mode::string)},
        {"numeric_function", 1700, "f()", R"("0.000")", numeric_8_3,
         with_decimals(decimal_mode::string)},
        {"numeric_struct", 1700, "1.5", nullptr},
        {"numeric_nan", 1700, "'NaN'::numeric", nullptr, -1, with_decimals(decimal_mode::string)},
    }),
    [](auto const& each) { return std::string{each.param.name}; });

struct null_case {
    char const* name;
    std::uint32_t type;
    column_facts facts;
    char const* json;
    std::int32_t modifier = -1;
    value_options options = {};
};
void PrintTo(null_case const& each, std::ostream* out) {
    *out << each.name;
}

class Null : public testing::TestWithParam<null_case> {};

TEST_P(Null, IsWritten) {
    auto const& [name, type, facts, json, modifier, options] = GetParam();
    EXPECT_EQ(null_json(oid{type}, modifier, facts, user_types(), options), json);
}

value_options other_modes() {
    value_options made;
    made.replace_nulls = false;
    made.intervals = interval_mode::string;
    made.hstores = hstore_mode::map;
    return made;
}

INSTANTIATE_TEST_SUITE_P(
    ColumnDefault, Null,
    testing::ValuesIn(std::vector<null_case>{
        {"nullable", 23, {}, "null"},
        {"nullable_with_a_default", 23, {false, "5"}, "5"},
        {"nullable_that_stays", 23, {false, "5"}, "null", -1, other_modes()},
        {"required_with_a_default", 23, {true, "5"}, "5"},
        {"required_with_a_default_always", 23, {true, "5"}, "5", -1, other_modes()},
        {"integer", 23, {true, ""}, "0"},
        {"boolean", 16, {true, ""}, "false"},
        {"real", 700, {true, ""}, "0.0"},
        {"text", 25, {true, ""}, R"("")"},
        {"date", 1082, {true, ""}, "0"},
        {"timetz", 1266, {true, ""}, R"("00:00:00Z")"},
        {"timestamptz", 1184, {true, ""}, R"("1970-01-01T00:00:00Z")"},
        {"interval", 1186, {true, ""}, "0"},
        {"interval_string", 1186, {true, ""}, R"("P0Y0M0DT0H0M0S")", -1, other_modes()},
        {"hstore", 20'003, {true, ""}, R"("{}")"},
        {"hstore_map", 20'003, {true, ""}, "{}", -1, other_modes()},
        {"point",
         600,
         {true, ""},
         R"({"x":0.0,"y":0.0,"wkb":"AQEAAAAAAAAAAAAAAAAAAAAAAAAA","srid":null})"},
        {"array", 1007, {true, ""}, "[]"},
        {"enumeration", 20'000, {true, ""}, R"("")"},
        {"domain", 20'001, {true, "5"}, "0"},
        {"bit", 1560, {true, ""}, "false", 1},
        {"bits", 1560, {true, ""}, R"("")", 8},
        {"numeric", 1700, {true, ""}, R"("AA==")", numeric_8_3},
        {"numeric_bare", 1700, {true, ""}, R"({"scale":0,"value":"AA=="})"},
        {"numeric_string",
         1700,
         {true, ""},
         R"("0.000")",
         numeric_8_3,
         with_decimals(decimal_mode::string)},
        {"numeric_string_bare",
         1700,
         {true, ""},
         R"("0")",
         -1,
         with_decimals(decimal_mode::string)},
        {"numeric_double", 1700, {true, ""}, "0.0", -1, with_decimals(decimal_mode::double_)},
        {"money", 790, {true, ""}, R"("AA==")"},
        {"money_string", 790, {true, ""}, R"("0.00")", -1, with_decimals(decimal_mode::string)},
    }),
    [](auto const& each) { return std::string{each.param.name}; });

// --- in rows

pgoutput::relation_shape const& shape() {
    static pgoutput::relation_shape const made{
        oid{1},
        "public",
        "t",
        'd',
        {{"id", oid{23}, -1, true}, {"v", oid{25}, -1, false}, {"w", oid{25}, -1, false}}};
    return made;
}

std::string written(row_plan const& plan, wire::columns const& columns, row_part part) {
    wire::exact_buffer const message{wire::insert(1, columns)};
    auto const row = std::get<pgoutput::insert>(*pgoutput::decode(message.view())).new_row;
    auto const room = std::make_unique<char[]>(plan.room(row));
    auto const end = write_row(plan, row, part, room.get());
    return end ? std::string{room.get(), *end} : "refused";
}

TEST(NullsOfRows, AreWhatTheCatalogSays) {
    std::string const long_default(1'000, 'x');
    row_plan const plan =
        debezium_plan(shape(), user_types(), {}, {},
                      {{true, ""}, {true, ""}, {false, "'" + long_default + "'::text"}});
    EXPECT_EQ(plan.of_key_row, row_part::all);
    EXPECT_EQ(written(plan, {wire::text("1"), wire::null(), wire::null()}, plan.of_key_row),
              R"({"id":1,"v":"","w":")" + long_default + R"("})");
}

TEST(NullsOfRows, StayWithoutTheCatalog) {
    row_plan const plan = debezium_plan(shape(), user_types(), {});
    EXPECT_EQ(written(plan, {wire::text("1"), wire::null(), wire::null()}, plan.of_key_row),
              R"({"id":1,"v":null,"w":null})");
}

TEST(NullsOfRows, ExactRowsHaveOnlyWhatWasSent) {
    row_plan const plan =
        exact_plan(shape(), {"v"}); // the record's key is another than the identity
    EXPECT_EQ(written(plan, {wire::text("1"), wire::null(), wire::null()}, plan.of_key_row),
              R"({"id":1})");
    EXPECT_EQ(written(plan, {wire::text("1"), wire::text("x"), wire::null()}, row_part::key),
              R"({"v":"x"})");
    EXPECT_EQ(written(plan, {wire::text("1"), wire::text("x"), wire::null()}, row_part::all),
              R"({"id":1,"v":"x","w":null})");
}

} // namespace
} // namespace tandem::event
