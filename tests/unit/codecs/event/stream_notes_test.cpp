#include "codecs/event/stream_notes.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <memory>

namespace tandem::event {
namespace {

start_note a_start() {
    return {"r\"1", "7123456789012345678", 3, {"old", "new"}, lsn{0x1'0000'0010}, lsn{0x20}, {}, {},
            {}};
}

pgoutput::relation_shape a_shape() {
    return {oid{},
            "pub\\lic",
            "t\"1",
            'f',
            {{"id", oid{20}, -1, true}, {"größe", oid{4'000'000'000}, 655'366, false}}};
}

oversize_note an_oversize() {
    oversize_note note;
    note.transaction = xid{7};
    note.commit_time = pg_time{5};
    note.schema = "public";
    note.table = "t\"1";
    note.op = operation::update;
    note.bytes = 12'582'999;
    note.limit = 8'388'608;
    note.key = {{"id", "5"}, {"b", std::nullopt}};
    note.moved_to.emplace().emplace_back("id", "6\\");
    return note;
}

// On a heap buffer of exactly its size.
event_result<stream_note> decoded(std::string_view text) {
    auto const bytes = std::make_unique<char[]>(text.size());
    text.copy(bytes.get(), text.size());
    return decode_note({bytes.get(), text.size()});
}

TEST(StreamNotes, AreWrittenInOneForm) {
    arena into;
    EXPECT_EQ(encode_note(a_start(), into),
              R"({"note":"start","run":"r\"1","system":"7123456789012345678","timeline":3,)"
              R"("tokens":["old","new"],"confirmed":"1/10","wal_end":"0/20"})");
    EXPECT_EQ(encode_note(a_shape(), into),
              R"({"note":"relation","schema":"pub\\lic","table":"t\"1","identity":"f",)"
              R"("columns":[["id",20,-1,true],["größe",4000000000,655366,false]]})");
}

TEST(StreamNotes, ComeBack) {
    arena into;
    auto const start = decoded(encode_note(a_start(), into));
    ASSERT_TRUE(start) << start.error().message();
    EXPECT_EQ(std::get<start_note>(*start), a_start());
    auto more = a_start();
    more.began = lsn{0x5};
    more.policy = "p\"1";
    more.database = "chät";
    more.database_oid = 4'000'000'000;
    more.answers = "7/5/1.5";
    auto const more_text = encode_note(more, into);
    EXPECT_TRUE(more_text.ends_with(
        R"("wal_end":"0/20","began":"0/5","policy":"p\"1","database":"chät","database_oid":4000000000,"answers":"7/5/1.5"})"))
        << more_text;
    auto const with_more = decoded(more_text);
    ASSERT_TRUE(with_more) << with_more.error().message();
    EXPECT_EQ(std::get<start_note>(*with_more), more);
    auto const relation = decoded(encode_note(a_shape(), into));
    ASSERT_TRUE(relation) << relation.error().message();
    EXPECT_EQ(std::get<relation_note>(*relation).shape, a_shape());
    truncate_note const both{xid{7}, pg_time{5}, {{"public", "a"}, {"", "b\"c"}}};
    EXPECT_EQ(
        encode_note(both, into),
        R"({"note":"truncate","txId":7,"ts_us":946684800000005,"tables":[["public","a"],["","b\"c"]]})");
    auto const truncated = decoded(encode_note(both, into));
    ASSERT_TRUE(truncated) << truncated.error().message();
    EXPECT_EQ(std::get<truncate_note>(*truncated), both);
    commit_note const ended{xid{4'000'000'000}, pg_time{5}};
    EXPECT_EQ(encode_note(ended, into),
              R"({"note":"commit","txId":4000000000,"ts_us":946684800000005})");
    auto const committed = decoded(encode_note(ended, into));
    ASSERT_TRUE(committed) << committed.error().message();
    EXPECT_EQ(std::get<commit_note>(*committed), ended);
    auto const big = an_oversize();
    EXPECT_EQ(
        encode_note(big, into),
        R"({"note":"oversize","txId":7,"ts_us":946684800000005,"schema":"public","table":"t\"1",)"
        R"("op":"u","bytes":12582999,"limit":8388608,"key":[["id","5"],["b",null]],"moved_to":[["id","6\\"]]})");
    auto const oversize = decoded(encode_note(big, into));
    ASSERT_TRUE(oversize) << oversize.error().message();
    EXPECT_EQ(std::get<oversize_note>(*oversize), big);
    auto refused = big;
    refused.why = "it is \"refused\"";
    EXPECT_TRUE(encode_note(refused, into).ends_with(R"(,"why":"it is \"refused\""})"));
    auto const told = decoded(encode_note(refused, into));
    ASSERT_TRUE(told) << told.error().message();
    EXPECT_EQ(std::get<oversize_note>(*told), refused);
    refused.why = "\xff";
    auto const bytes = decoded(encode_note(refused, into));
    ASSERT_TRUE(bytes) << bytes.error().message();
    EXPECT_EQ(std::get<oversize_note>(*bytes).why, "?");
    oversize_note bare_one;
    bare_one.table = "t";
    bare_one.commit_time = pg_time{5};
    auto const least = decoded(encode_note(bare_one, into));
    ASSERT_TRUE(least) << least.error().message();
    EXPECT_EQ(std::get<oversize_note>(*least), bare_one);
    pgoutput::relation_shape const none{oid{}, "", "t", 'n', {}};
    auto const bare = decoded(encode_note(none, into));
    ASSERT_TRUE(bare) << bare.error().message();
    EXPECT_EQ(std::get<relation_note>(*bare).shape, none);
}

TEST(StreamNotes, TellOfRowsInOtherPartitions) {
    arena into;
    auto start = a_start();
    start.rows = {{"p.a.public.t", 0, 12}, {"p.a.public.t", 1, 0}, {"p.a.x.\"", 0, 9'000'000'000}};
    auto const text = encode_note(start, into);
    EXPECT_TRUE(text.ends_with(
        R"(,"rows":[["p.a.public.t",0,12],["p.a.public.t",1,0],["p.a.x.\"",0,9000000000]]})"))
        << text;
    auto const read = decoded(text);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(std::get<start_note>(*read), start);
    index_note const index{{{0, {lsn{0x1'0000'0010}, 7}}, {4'000'000'000, {lsn{0x20}, 0}}}};
    EXPECT_EQ(encode_note(index, into),
              R"({"note":"index","rows":[[0,"1/10",7],[4000000000,"0/20",0]]})");
    auto const back = decoded(encode_note(index, into));
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(std::get<index_note>(*back), index);
}

TEST(StreamNotes, AKeyThatIsNoTextIsLeftOut) {
    arena into;
    auto note = an_oversize();
    note.key.emplace(note.key.begin(), "x", "\xE4");
    note.key.emplace_back("y", "\xFF");
    auto const read = decoded(encode_note(note, into));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(std::get<oversize_note>(*read), an_oversize());
}

struct refused_note {
    char const* name;
    std::string text;
    event_errc code;
};
void PrintTo(refused_note const& each, std::ostream* out) {
    *out << each.name;
}

class StreamNotesRefused : public testing::TestWithParam<refused_note> {};

TEST_P(StreamNotesRefused, ByName) {
    auto const read = decoded(GetParam().text);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error(), (event_error{GetParam().code, 0}));
}

std::string start_with(std::string_view old, std::string_view replacement) {
    arena into;
    std::string text{encode_note(a_start(), into)};
    return text.replace(text.find(old), old.size(), replacement);
}

std::string relation_with(std::string_view old, std::string_view replacement) {
    arena into;
    std::string text{encode_note(a_shape(), into)};
    return text.replace(text.find(old), old.size(), replacement);
}

std::string relation_of_columns(std::size_t count) {
    arena into;
    pgoutput::relation_shape shape = a_shape();
    shape.columns.resize(count, shape.columns.front());
    return std::string{encode_note(shape, into)};
}

std::string oversize_with(std::string_view old, std::string_view replacement) {
    arena into;
    std::string text{encode_note(an_oversize(), into)};
    return text.replace(text.find(old), old.size(), replacement);
}

std::string oversize_of_columns(std::size_t count) {
    arena into;
    auto note = an_oversize();
    note.key.resize(count, note.key.front());
    return std::string{encode_note(note, into)};
}

using errc = event_errc;

INSTANTIATE_TEST_SUITE_P(
    StreamNotes, StreamNotesRefused,
    testing::Values(
        refused_note{"nothing", "", errc::not_json},
        refused_note{"index_without_rows", R"({"note":"index"})", errc::missing_field},
        refused_note{"index_of_nothing", R"({"note":"index","rows":[]})", errc::missing_field},
        refused_note{"index_of_no_list", R"({"note":"index","rows":[7]})", errc::wrong_type},
        refused_note{"index_too_short", R"({"note":"index","rows":[[0,"0/1"]]})",
                     errc::missing_field},
        refused_note{"index_of_no_partition", R"({"note":"index","rows":[[-1,"0/1",0]]})",
                     errc::bad_number},
        refused_note{"index_of_a_partition_too_high",
                     R"({"note":"index","rows":[[4294967296,"0/1",0]]})", errc::bad_number},
        refused_note{"index_of_no_position", R"({"note":"index","rows":[[0,"0-1",0]]})",
                     errc::bad_number},
        refused_note{"index_before_its_transaction", R"({"note":"index","rows":[[0,"0/1",-1]]})",
                     errc::bad_number},
        refused_note{"rows_of_no_list", start_with("\"confirmed\"", R"("rows":{},"confirmed")"),
                     errc::wrong_type},
        refused_note{"rows_of_no_topic",
                     start_with("\"confirmed\"", R"("rows":[["",0,0]],"confirmed")"),
                     errc::missing_field},
        refused_note{"rows_of_a_topic_without_end",
                     start_with("\"confirmed\"",
                                "\"rows\":[[\"" + std::string(250, 't') + "\",0,0]],\"confirmed\""),
                     errc::bad_number},
        refused_note{"rows_before_the_first_partition",
                     start_with("\"confirmed\"", R"("rows":[["t",-1,0]],"confirmed")"),
                     errc::bad_number},
        refused_note{"rows_before_the_first_offset",
                     start_with("\"confirmed\"", R"("rows":[["t",0,-1]],"confirmed")"),
                     errc::bad_number},
        refused_note{"rows_without_an_offset",
                     start_with("\"confirmed\"", R"("rows":[["t",0]],"confirmed")"),
                     errc::missing_field},
        refused_note{"cut", R"({"note":"start")", errc::not_json},
        refused_note{"more_behind", start_with("\"0/20\"}", "\"0/20\"}}"), errc::not_json},
        refused_note{"no_utf8", "{\"note\":\"\xFF\"}", errc::bad_utf8},
        refused_note{"a_list", "[]", errc::not_an_object},
        refused_note{"no_kind", "{}", errc::missing_field},
        refused_note{"kind_a_number", R"({"note":1})", errc::wrong_type},
        refused_note{"another_kind", R"({"note":"later"})", errc::unknown_operation},
        refused_note{"start_without_run", start_with("\"run\"", "\"ran\""), errc::missing_field},
        refused_note{"start_with_an_empty_run", start_with("\"r\\\"1\"", "\"\""),
                     errc::missing_field},
        refused_note{"start_without_tokens", start_with("\"old\",\"new\"", ""),
                     errc::missing_field},
        refused_note{"a_token_that_is_a_number", start_with("\"old\"", "1"), errc::wrong_type},
        refused_note{"timeline_beyond", start_with(":3,", ":3000000000,"), errc::bad_number},
        refused_note{"timeline_a_fraction", start_with(":3,", ":3.5,"), errc::wrong_type},
        refused_note{"position_that_is_none", start_with("0/20", "20"), errc::bad_number},
        refused_note{"position_null", start_with("\"0/20\"", "null"), errc::wrong_type},
        refused_note{"relation_without_table", relation_with("\"table\"", "\"tible\""),
                     errc::missing_field},
        refused_note{"relation_without_name", relation_with("\"t\\\"1\"", "\"\""),
                     errc::missing_field},
        refused_note{"identity_unknown", relation_with("\"f\"", "\"x\""), errc::wrong_type},
        refused_note{"identity_of_two", relation_with("\"f\"", "\"ff\""), errc::wrong_type},
        refused_note{"columns_an_object", relation_with("[[\"id\",20,-1,true],", "[{},"),
                     errc::wrong_type},
        refused_note{"column_too_short", relation_with(",-1,true]", ",-1]"), errc::missing_field},
        refused_note{"type_negative", relation_with(",20,", ",-20,"), errc::bad_number},
        refused_note{"type_beyond", relation_with(",20,", ",4294967296,"), errc::bad_number},
        refused_note{"modifier_beyond", relation_with(",-1,", ",-2147483649,"), errc::bad_number},
        refused_note{"key_a_number", relation_with("true", "1"), errc::wrong_type},
        refused_note{"truncate_of_nothing", R"({"note":"truncate","txId":7,"ts_us":5,"tables":[]})",
                     errc::missing_field},
        refused_note{"truncate_at_no_time",
                     R"({"note":"truncate","txId":7,"ts_us":-5,"tables":[["s","t"]]})",
                     errc::bad_number},
        refused_note{"commit_without_its_time", R"({"note":"commit","txId":7})",
                     errc::missing_field},
        refused_note{"commit_of_no_transaction", R"({"note":"commit","txId":-7,"ts_us":5})",
                     errc::bad_number},
        refused_note{"truncate_of_a_name",
                     R"({"note":"truncate","txId":7,"ts_us":5,"tables":["t"]})", errc::wrong_type},
        refused_note{"truncate_without_a_name",
                     R"({"note":"truncate","txId":7,"ts_us":5,"tables":[["s"]]})",
                     errc::missing_field},
        refused_note{"oversize_without_table", oversize_with("\"table\"", "\"tible\""),
                     errc::missing_field},
        refused_note{"oversize_without_name", oversize_with("\"t\\\"1\"", "\"\""),
                     errc::missing_field},
        refused_note{"oversize_at_no_time", oversize_with("946684800000005", "-5"),
                     errc::bad_number},
        refused_note{"oversize_of_no_operation", oversize_with("\"u\"", "\"t\""),
                     errc::unknown_operation},
        refused_note{"oversize_of_two_operations", oversize_with("\"u\"", "\"cu\""),
                     errc::unknown_operation},
        refused_note{"oversize_below_zero", oversize_with("12582999", "-1"), errc::bad_number},
        refused_note{"oversize_of_no_limit", oversize_with("\"limit\"", "\"limits\""),
                     errc::missing_field},
        refused_note{"oversize_without_key", oversize_with("\"key\"", "\"keys\""),
                     errc::missing_field},
        refused_note{"oversize_with_a_number", oversize_with("\"5\"", "5"), errc::wrong_type},
        refused_note{"oversize_with_a_name_alone", oversize_with("[\"id\",\"5\"]", "[\"id\"]"),
                     errc::missing_field},
        refused_note{"oversize_with_names_alone", oversize_with("[\"id\",\"5\"]", "\"id\""),
                     errc::wrong_type},
        refused_note{"oversize_moved_to_nothing", oversize_with("[[\"id\",\"6\\\\\"]]", "null"),
                     errc::wrong_type},
        refused_note{"oversize_of_more_columns_than_a_row_has", oversize_of_columns(1'665),
                     errc::too_many_fields},
        refused_note{"more_columns_than_a_row_has", relation_of_columns(1'665),
                     errc::too_many_fields}),
    [](auto const& each) { return std::string{each.param.name}; });

} // namespace
} // namespace tandem::event
