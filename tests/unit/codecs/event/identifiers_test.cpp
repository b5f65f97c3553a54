// Names of columns as fields of events: every identifier that PostgreSQL takes comes back.
#include "codecs/event/decode.hpp"
#include "codecs/event/envelope.hpp"
#include "codecs/event/row_plan.hpp"
#include "codecs/sql/quote.hpp"
#include "tests/support/exact_buffer.hpp"
#include "tests/support/padded_record.hpp"
#include "tests/support/pgoutput_builder.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace tandem::event {
namespace {

char const* const listed[] = {
    // quotes, separators, and what means something elsewhere
    "\"",
    "\"\"",
    "a\"b",
    "'",
    "''",
    "`",
    "\\",
    "\\\\",
    "\\n",
    "\\u0041",
    "\\\"",
    "/",
    "//",
    "/*",
    "*/",
    "--",
    ";",
    "\";drop table x;--",
    "$1",
    "$$",
    "$tag$",
    "%s",
    "%n",
    "%%",
    "{}",
    "{0}",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "<",
    ">",
    "<script>",
    "&amp;",
    "=",
    "==",
    "=>",
    "::text",
    ":",
    "::",
    ",",
    ".",
    "..",
    "a.b",
    "a.b.c",
    "a_b",
    "_",
    "__",
    "-",
    "a-b",
    "+",
    "|",
    "||",
    "~",
    "!",
    "?",
    "@",
    "#",
    "^",
    "*",
    " ",
    "  ",
    " a",
    "a ",
    "a b",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\x01",
    "\x1f",
    "\x7f",
    "\b",
    "\f",
    "\x1b[31m",
    "a\nb",
    "a\tb",
    // words that are something in SQL, in JSON, or in an event
    "select",
    "from",
    "where",
    "table",
    "user",
    "order",
    "group",
    "limit",
    "all",
    "and",
    "or",
    "not",
    "null",
    "true",
    "false",
    "default",
    "primary",
    "references",
    "check",
    "current_user",
    "session_user",
    "ctid",
    "oid",
    "xmin",
    "tableoid",
    "NULL",
    "Null",
    "TRUE",
    "before",
    "after",
    "source",
    "op",
    "ts_ms",
    "transaction",
    "schema",
    "payload",
    "id",
    "v",
    "__proto__",
    "constructor",
    "__op",
    "__deleted",
    "tandem",
    "progress",
    "public",
    "pg_catalog",
    // case, digits
    "A",
    "a",
    "Ab",
    "aB",
    "AB",
    "0",
    "1",
    "01",
    "1a",
    "1e5",
    "-1",
    "1.5",
    "NaN",
    "Infinity",
    // scripts
    "名前",
    "会話",
    "사용자_이름",
    "имя",
    "όνομα",
    "اسم",
    "שם",
    "नाम",
    "ชื่อ",
    "é",
    "e\u0301",
    "ß",
    "İ",
    "ı",
    "ﬁ",
    "Ａ",
    "\U0001F600",
    "👩\u200d👧",
    "🇰🇷",
    "\u200b",
    "\u200e",
    "\u202e",
    "\ufeff",
    "\ufffd",
    "\ufffe",
    "\uffff",
    "\U0010FFFF",
    "\u00a0",
    "\u2028",
    "\u2029",
};

std::vector<std::string> identifiers() {
    std::vector<std::string> all(std::begin(listed), std::end(listed));
    std::vector<std::string> const lengths{
        // lengths: 63 bytes are the most
        std::string(63, 'x'),  std::string(62, 'x') + "\"", std::string(63, '"'),
        std::string(63, '\\'), std::string(63, '\x01'),     std::string(31, 'x'),
        std::string(32, 'x'),  std::string(33, 'x'),        std::string(15, 'y'),
        std::string(16, 'y'),  std::string(17, 'y'),
    };
    all.insert(all.end(), lengths.begin(), lengths.end());
    std::string wide;
    for (int count = 0; count < 21; ++count) {
        wide += "日"; // three bytes each
    }
    all.push_back(wide);
    all.push_back(wide.substr(0, 60) + "abc");
    return all;
}

class Identifier : public testing::TestWithParam<std::size_t> {};

TEST_P(Identifier, ComesBack) {
    std::string const name = identifiers()[GetParam()];
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
    // And as SQL has it: one identifier, whatever is in it.
    std::string const quoted = sql::identifier(name);
    std::string unquoted;
    for (std::size_t at = 1; at + 1 < quoted.size(); ++at) {
        unquoted.push_back(quoted[at]);
        at += quoted[at] == '"' ? 1 : 0;
    }
    EXPECT_EQ(unquoted, name);
}

INSTANTIATE_TEST_SUITE_P(Events, Identifier, testing::Range(std::size_t{0}, identifiers().size()));

TEST(Identifiers, AreManyAndDistinct) {
    auto all = identifiers();
    EXPECT_GE(all.size(), 150U);
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    EXPECT_GE(all.size(), 150U);
}

} // namespace
} // namespace tandem::event
