// Names of columns as fields of events: every identifier that PostgreSQL takes comes back.
#include "tests/support/identifiers.hpp"

#include "codecs/event/decode.hpp"
#include "codecs/event/envelope.hpp"
#include "codecs/event/row_plan.hpp"
#include "codecs/sql/quote.hpp"
#include "tests/support/exact_buffer.hpp"
#include "tests/support/padded_record.hpp"
#include "tests/support/pgoutput_builder.hpp"

#include <gtest/gtest.h>

#include <set>

namespace tandem::event {
namespace {

using support::identifier_case;

class Identifier : public testing::TestWithParam<identifier_case> {};

TEST_P(Identifier, ComesBack) {
    std::string const& name = GetParam().text;
    pgoutput::relation_shape const shape{
        oid{1},
        name,
        name,
        'd',
        {{"first", oid{23}, -1, true}, {name, oid{25}, -1, true}, {"last", oid{23}, -1, false}}};
    relation_events const relation{shape, exact_plan(shape)};
    wire::exact_buffer const message{
        wire::insert(1, {wire::text("1"), wire::text(name), wire::text("3")})};
    relation_events::change made;
    made.new_row = std::get<pgoutput::insert>(*pgoutput::decode(message.view())).new_row;
    arena bytes;
    event_source const source{name, name, name};
    auto const value =
        relation.value(made, {source, xid{1}, pg_time{}, lsn{}, name, lsn{}}, event_time{0}, bytes);
    ASSERT_TRUE(value);

    wire::padded_record const record{*value};
    event_decoder decoder;
    field_names names;
    event_view event;
    arena strings;
    for (int round = 0; round < 2; ++round) { // names known and unknown
        auto const read = decoder.value(record.view(), {}, names, event, strings);
        ASSERT_TRUE(read) << read.error().message() << ' ' << *value;
        ASSERT_EQ(names.size(), 3U);
        EXPECT_EQ(names[1], name);
        EXPECT_EQ(event.after.at(1).text, name);
        EXPECT_EQ(event.after.at(2).text, "3");
        source_view const& read_source = event.source;
        for (std::string_view const each :
             {read_source.version, read_source.name, read_source.database, read_source.schema,
              read_source.table, read_source.origin}) {
            EXPECT_EQ(each, name);
        }
    }
    row_values key;
    field_names key_names;
    auto const key_text = relation.key(made.new_row, bytes);
    ASSERT_TRUE(key_text);
    wire::padded_record const key_record{*key_text};
    ASSERT_TRUE(decoder.key(key_record.view(), false, key_names, key, strings));
    EXPECT_EQ(key_names[1], name);
    EXPECT_EQ(key.at(1).text, name);
}

// Where it stands in a record, letter by letter.
TEST_P(Identifier, IsWrittenAsTheFieldOfARecord) {
    auto const& [_, name, quoted, json] = GetParam();
    pgoutput::relation_shape const shape{oid{1}, name, name, 'd', {{name, oid{23}, -1, true}}};
    relation_events const relation{shape, exact_plan(shape)};
    wire::exact_buffer const message{wire::insert(1, {wire::text("1")})};
    auto const row = std::get<pgoutput::insert>(*pgoutput::decode(message.view())).new_row;
    arena bytes;
    EXPECT_EQ(*relation.key(row, bytes), "{\"" + json + "\":1}");
    relation_events::change made;
    made.new_row = row;
    auto const value =
        relation.value(made, {{"0", "s", "d"}, xid{1}, pg_time{}, lsn{}}, event_time{0}, bytes);
    EXPECT_NE(value->find(R"(,"schema":")" + json + R"(","table":")" + json + R"(","txId")"),
              value->npos)
        << *value;
}

TEST_P(Identifier, IsWrittenInSql) {
    EXPECT_EQ(sql::identifier(GetParam().text), GetParam().quoted);
    EXPECT_EQ(sql::qualified(GetParam().text, GetParam().text),
              GetParam().quoted + '.' + GetParam().quoted);
}

INSTANTIATE_TEST_SUITE_P(Events, Identifier, testing::ValuesIn(support::identifiers()),
                         [](auto const& each) { return each.param.name; });

TEST(Identifiers, AreManyAndDistinct) {
    std::set<std::string> texts;
    for (auto const& each : support::identifiers()) {
        EXPECT_TRUE(texts.insert(each.text).second) << each.name;
        EXPECT_LE(each.text.size(), 63U) << each.name;
    }
    EXPECT_GE(texts.size(), 150U);
}

} // namespace
} // namespace tandem::event
