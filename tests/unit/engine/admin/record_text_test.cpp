#include "engine/admin/record_text.hpp"

#include "engine/admin/shown_text.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <random>
#include <string>

namespace tandem::engine {
namespace {

using namespace std::string_literals;

topic_record made(std::optional<std::string> key, std::optional<std::string> value,
                  std::vector<topic_record::header> headers = {}) {
    topic_record one;
    one.partition = 2;
    one.offset = 41;
    one.timestamp_ms = 1'764'165'600'123;
    one.key = std::move(key);
    one.value = std::move(value);
    one.headers = std::move(headers);
    return one;
}

std::vector<topic_record::header> own_headers(std::string const& note = {},
                                              std::string const& position = "0/20.3") {
    std::vector<topic_record::header> all{{"origin", "a"},           {"tandem.stream", "a"},
                                          {"tandem.epoch", "7"},     {"tandem.pos", position},
                                          {"tandem.prev", "0/20.2"}, {"tandem.values", "exact"}};
    if (!note.empty()) {
        all.push_back({"tandem.note", note});
    }
    return all;
}

// Without the line that says where the record stands, and the empty one at the end.
std::string body_of(topic_record const& record) {
    auto const text = record_text(record);
    auto const begin = text.find('\n') + 1;
    return text.substr(begin, text.size() - begin - 1);
}

std::string envelope(std::string const& before, std::string const& after, char op) {
    return R"({"before":)" + before + R"(,"after":)" + after +
           R"(,"source":{"version":"3.0.8.Final","connector":"postgresql","name":"p","ts_ms":1,"snapshot":"false",)"
           R"("db":"d","sequence":"[null,\"32\"]","schema":"public","table":"chat","txId":733,"lsn":32,"xmin":null},)"
           R"("transaction":null,"op":")" +
           op + R"(","ts_ms":2,"ts_us":2000,"ts_ns":2000000})";
}

TEST(ShownText, NothingActsOnATerminal) {
    EXPECT_EQ(shown("plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", 100),
              "plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
    EXPECT_EQ(shown("\x1b[2J\r\n\t\x7f"s + "\0"s, 100), R"(\x1b[2J\r\n\t\x7f\x00)");
    EXPECT_EQ(shown("\xc2\x9b\xe2\x80\xae\xef\xbb\xbf", 100), R"(\u009b\u202e\ufeff)");
    EXPECT_EQ(shown("\xff\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82", 100),
              R"(\xff\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82)");
    EXPECT_EQ(shown("abcdef", 3), "abc... (6 bytes)");
    EXPECT_EQ(shown("ab\xe2\x82\xac", 4), "ab... (5 bytes)"); // no half characters
    EXPECT_EQ(shown(std::string(1'234'567, 'x'), 1), "x... (1,234,567 bytes)");
}

TEST(ShownText, TimesAndCounts) {
    EXPECT_EQ(shown_time(1'764'165'600'123), "2025-11-26 14:00:00.123Z");
    EXPECT_EQ(shown_time(0), "1970-01-01 00:00:00.000Z");
    EXPECT_EQ(shown_time(-1), "no time");
    EXPECT_FALSE(shown_time(std::numeric_limits<std::int64_t>::max()).empty());
    EXPECT_EQ(shown_count(0), "0");
    EXPECT_EQ(shown_count(999), "999");
    EXPECT_EQ(shown_count(1'000), "1,000");
    EXPECT_EQ(shown_count(-123'456), "-123,456");
}

TEST(ShownText, Json) {
    for (char const* text : {"{}", "17", "\"a\"", "null", " [1 , 2]\n"}) {
        EXPECT_TRUE(is_json(text)) << text;
    }
    for (auto const& text : {""s, "{"s, "{}x"s, "{}\0"s, "{}\0{"s, "\xEF\xBB\xBF{}"s, "\"\xff\""s,
                             "NaN"s, "1e999"s, "'a'"s, "\"a\nb\""s}) {
        EXPECT_FALSE(is_json(text)) << text;
    }
    EXPECT_EQ(compact_json("{ \"a b\" :\n[1.10 ,\t\"\\\" x\\\\\" , 12345678901234567890123 ] }"),
              R"({"a b":[1.10,"\" x\\",12345678901234567890123]})");
    EXPECT_EQ(safe_json("\"\x7f \xc2\x9b \xe2\x80\xae \xc3\xa4\""),
              "\"\\u007f \\u009b \\u202e \xc3\xa4\"");
}

TEST(RecordJson, IsOneLineOfEveryForm) {
    EXPECT_EQ(
        record_json(made(R"({ "id": 1 })", "{\"n\": 1.10,\n \"big\": 12345678901234567890123}",
                         {{"h", "v"}, {"h", std::nullopt}, {"j", "{}"}})),
        R"({"partition":2,"offset":41,"timestamp":1764165600123,"key":{"id":1},"key_form":"json",)"
        R"("value":{"n":1.10,"big":12345678901234567890123},"value_form":"json",)"
        R"("headers":[{"name":"h","value":"v","form":"text"},{"name":"h","value":null,"form":null},)"
        R"({"name":"j","value":"{}","form":"text"}]})");
    auto bare = made(std::nullopt, std::nullopt);
    bare.timestamp_ms = -1;
    EXPECT_EQ(record_json(bare),
              R"({"partition":2,"offset":41,"timestamp":null,"key":null,"key_form":null,)"
              R"("value":null,"value_form":null,"headers":[]})");
    EXPECT_EQ(
        record_json(made("a\nb", "\xff\0"s, {{"\xfe", "\xfe"}})),
        R"({"partition":2,"offset":41,"timestamp":1764165600123,"key":"a\nb","key_form":"text",)"
        R"("value":"/wA=","value_form":"base64","headers":[{"name":"\\xfe","value":"/g==","form":"base64"}]})");
}

TEST(RecordText, SaysWhereItStands) {
    EXPECT_EQ(record_text(made("k\x1b", "v")),
              "partition 2  offset 41  2025-11-26 14:00:00.123Z  key k\\x1b\nvalue v\n\n");
    EXPECT_EQ(record_text(made(std::nullopt, std::nullopt)),
              "partition 2  offset 41  2025-11-26 14:00:00.123Z  no key\nno value\n\n");
}

TEST(RecordText, ShowsWhatAChangeDid) {
    EXPECT_EQ(body_of(made("{}", envelope("null", R"({"id":1,"body":"x\u001by","n":null})", 'c'))),
              "create public.chat  position 0/20  transaction 733\n"
              "  + id = 1\n  + body = \"x\\x1by\"\n  + n = null\n");
    EXPECT_EQ(body_of(made("{}", envelope(R"({"id":1,"body":"x","n":1.50})",
                                          R"({"id":1,"body":"y","n":null})", 'u'))),
              "update public.chat  position 0/20  transaction 733\n"
              "  ~ body: \"x\" -> \"y\"\n  ~ n: 1.50 -> null\n  unchanged: id\n");
    EXPECT_EQ(body_of(made("{}", envelope("null", R"({"id":1,"body":"y"})", 'u'))),
              "update public.chat  position 0/20  transaction 733\n  ~ id = 1\n  ~ body = \"y\"\n");
    EXPECT_EQ(
        body_of(made("{}", envelope(R"({"id":1})", R"({"id":2,"body":"y"})", 'u'))),
        "update public.chat  position 0/20  transaction 733\n  ~ id: 1 -> 2\n  ~ body = \"y\"\n");
    // A large value that the update did not touch is not in the new row.
    EXPECT_EQ(body_of(made("{}", envelope(R"({"id":1,"big":"x"})", R"({"id":1})", 'u'))),
              "update public.chat  position 0/20  transaction 733\n  unchanged: id, big\n");
    EXPECT_EQ(
        body_of(made("{}", envelope(R"({"id":1,"tags":["a","b"]})", "null", 'd'))),
        "delete public.chat  position 0/20  transaction 733\n  - id = 1\n  - tags = [\"a\",\"b\"]\n");
    EXPECT_EQ(body_of(made("{}", envelope("null", R"({"id":1})", 'r'))),
              "read public.chat  position 0/20  transaction 733\n  + id = 1\n");
    EXPECT_EQ(body_of(made(std::nullopt, envelope("null", "null", 't'))),
              "truncate public.chat  position 0/20  transaction 733\n");
    EXPECT_EQ(body_of(made("{}", R"({"schema":{},"payload":)" +
                                     envelope("null", R"({"id":1})", 'c') + "}")),
              "create public.chat  position 0/20  transaction 733\n  + id = 1\n");
    // "1" and 1 are two values.
    EXPECT_EQ(body_of(made("{}", envelope(R"({"v":1})", R"({"v":"1"})", 'u'))),
              "update public.chat  position 0/20  transaction 733\n  ~ v: 1 -> \"1\"\n");
}

TEST(RecordText, AKeyThatChangedIsOneRowsChange) {
    EXPECT_EQ(body_of(made("{}", envelope("null", R"({"id":2,"body":"y","n":1})", 'c'),
                           {{"__debezium.oldkey", R"({"id":1,"body":"y"})"}})),
              "update public.chat (key changed)  position 0/20  transaction 733\n"
              "  ~ id: 1 -> 2\n  ~ n = 1\n  unchanged: body\n"
              "  header __debezium.oldkey: {\"id\":1,\"body\":\"y\"}\n");
    EXPECT_EQ(body_of(made("{}", envelope(R"({"id":1})", "null", 'd'),
                           {{"__debezium.newkey", R"({"id":2})"}})),
              "delete public.chat (key changed)  position 0/20  transaction 733\n  - id = 1\n"
              "  header __debezium.newkey: {\"id\":2}\n");
    EXPECT_EQ(body_of(made("{}", envelope("null", R"({"id":2})", 'c'),
                           {{"__debezium.oldkey", "nonsense"}})),
              "create public.chat  position 0/20  transaction 733\n  + id = 2\n"
              "  header __debezium.oldkey: nonsense\n");
}

TEST(RecordText, ShowsTandemsHeadersAndNotes) {
    auto const value = envelope("null", R"({"id":1})", 'c');
    EXPECT_EQ(
        body_of(made("{}", value, own_headers())),
        "create public.chat  stream a  epoch 7  position 0/20.3  transaction 733  origin a\n  + id = 1\n");
    EXPECT_EQ(
        body_of(made("{}", value, own_headers("", "0/28.0"))),
        "create public.chat  stream a  epoch 7  position 0/28.0 (ends its transaction)  transaction 733  "
        "origin a\n  + id = 1\n");
    EXPECT_EQ(body_of(made("{}", std::nullopt, own_headers("", "0/20.2"))),
              "tombstone  stream a  epoch 7  position 0/20.2 (covers nothing)\n");
    EXPECT_EQ(body_of(made(std::nullopt, std::nullopt, own_headers("", "0/28.0"))),
              "position  stream a  epoch 7  position 0/28.0 (ends its transaction)\n");
    auto const at = "  stream a  epoch 7  position 0/20.3"s;
    EXPECT_EQ(
        body_of(made(
            std::nullopt, std::nullopt,
            own_headers(R"({"note":"start","run":"r1","system":"7","timeline":1,"tokens":["t"],)"
                        R"("confirmed":"0/10","wal_end":"0/30"})"))),
        "start of the writer  run r1  system 7  timeline 1  confirmed 0/10  WAL end 0/30" + at +
            "\n");
    EXPECT_EQ(
        body_of(made(
            std::nullopt, std::nullopt,
            own_headers(
                R"({"note":"oversize","txId":7,"ts_us":1764165600000000,"schema":"public","table":"chat",)"
                R"("op":"u","bytes":12,"limit":8,"key":[["id","5"],["k",null]],)"
                R"("moved_to":[["id","6"]]})"))),
        "oversize update public.chat  12 bytes where the topic takes 8  transaction 7  committed "
        "2025-11-26 14:00:00.000000+00" +
            at + "\n  key: id = 5\n  key: k = null\n  moved to: id = 6\n");
    EXPECT_EQ(
        body_of(made(std::nullopt, std::nullopt, own_headers(R"({"note":"else"})"))).substr(0, 17),
        "note that is none");
}

TEST(RecordText, SaysWhatIsWrongWithForgedHeaders) {
    auto headers = own_headers();
    headers[3].value = "nonsense";
    auto const text = body_of(made("k", "v", headers));
    EXPECT_EQ(
        text.substr(0, text.find('\n')),
        "not a record of a stream: header tandem.pos (number 3): its value is none of its form (at byte 0)");
    EXPECT_NE(text.find("  header tandem.pos: nonsense\n"), std::string::npos);
    EXPECT_EQ(body_of(made("k", std::nullopt, {{"x\r", "\x1b]0;t\a"}})),
              "tombstone\n  header x\\r: \\x1b]0;t\\x07\n");
}

// Whatever bytes there are: nothing but lines of printable characters, and valid JSON.
TEST(RecordText, GarbageIsHarmless) {
    std::mt19937 random{3}; // NOLINT: the same every time
    auto const bytes = [&](std::size_t most) {
        std::string made_of(random() % most, '\0');
        for (char& each : made_of) {
            each = random() % 3 == 0 ? "{}[]\",:\\u\x1b"[random() % 10]
                                     : static_cast<char>(random() % 256);
        }
        return made_of;
    };
    for (int round = 0; round < 2'000; ++round) {
        auto const record =
            made(bytes(30), bytes(200), {{bytes(10), bytes(20)}, {"tandem.note", bytes(30)}});
        auto const text = record_text(record);
        for (char const each : text) {
            ASSERT_TRUE(each == '\n' || static_cast<unsigned char>(each) >= 0x20) << text;
            ASSERT_NE(each, '\x7f');
        }
        EXPECT_TRUE(is_utf8(text));
        auto const line = record_json(record);
        EXPECT_TRUE(is_json(line)) << line;
        EXPECT_EQ(line.find('\n'), std::string::npos);
        EXPECT_EQ(safe_json(line), line);
    }
}

} // namespace
} // namespace tandem::engine
