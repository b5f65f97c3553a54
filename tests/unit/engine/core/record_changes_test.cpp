// Changes become records and records become the same changes.
#include "engine/core/record_changes.hpp"

#include "engine/core/change_records.hpp"
#include "engine/core/stream_chain.hpp"
#include "tests/support/changes.hpp"
#include "tests/support/padded_record.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tandem::engine {
namespace {

using wire::null;
using wire::text;
using wire::unchanged;

class RecordChanges : public testing::Test {
protected:
    RecordChanges() { records_.begin({xid{700}, pg_time{5'000'000}, lsn{0x200}}, lsn{0x100}); }

    std::span<stream_record const> written(change const& what, lsn end = {}) {
        auto const made = records_.of_change(what, shapes_, end, now_, bytes_);
        EXPECT_TRUE(made) << made.error();
        return *made;
    }
    static event::record_headers headers_of(stream_record const& of) {
        auto const read = event::decode_headers(of.headers);
        EXPECT_TRUE(read) << read.error().message();
        return *read;
    }
    void write_with(record_style style) {
        records_ = change_records{{"a", "chat", "db", "0.1.0", 4},
                                  {lsn{0x100}, 0},
                                  std::size_t{1} << 20,
                                  {},
                                  std::move(style)};
        records_.begin({xid{700}, pg_time{5'000'000}, lsn{0x200}}, lsn{0x100});
    }
    void describe(stream_record const& of) {
        auto const note = event::decode_note(headers_of(of).note);
        ASSERT_TRUE(note) << note.error().message();
        changes_.describe(std::get<event::relation_note>(*note).shape);
    }
    record_result<std::optional<recorded_change>> read(stream_record const& of) {
        wire::padded_record const& value = kept_.emplace_back(*of.value);
        std::optional<std::string_view> old_key;
        for (auto const& each : of.headers) {
            if (each.name == "__debezium.oldkey") {
                old_key = kept_.emplace_back(each.value).view();
            }
        }
        return changes_.change_of(value.view(), old_key, rows_);
    }
    // What the last of the change's records makes of it.
    recorded_change back(change const& what) {
        auto const all = written(what);
        for (auto const& each : all) {
            auto const headers = headers_of(each);
            if (!headers.note.empty()) {
                describe(each);
            } else if (headers.position > headers.previous) {
                auto const got = read(each);
                EXPECT_TRUE(got && *got) << (got ? "none" : got.error().what);
                return got && *got ? **got : recorded_change{};
            }
        }
        ADD_FAILURE() << "no record covers the change";
        return {};
    }

    table_plan const plan_ = text_table("chat", 1, 3, 1);
    std::vector<pgoutput::relation_ptr> shapes_{plan_.shape};
    change_maker make_;
    change_records records_{{"a", "chat", "db", "0.1.0", 4}, {lsn{0x100}, 0}, std::size_t{1} << 20};
    record_changes changes_;
    event::event_time now_{1'700'000'000'123'456'789};
    arena bytes_;
    arena rows_;
    std::deque<wire::padded_record> kept_;
};

TEST_F(RecordChanges, ARowComesBack) {
    wire::columns const row{text("7"), null(), text("a \"quoted\"\nline")};
    auto const got = back(make_.insert(plan_, row));
    EXPECT_EQ(got.what.kind, change_kind::insert);
    EXPECT_EQ(wire::columns_of(got.what.new_row), row);
    EXPECT_TRUE(got.what.old_row.empty());
    EXPECT_EQ(got.transaction, xid{700});
    EXPECT_EQ(got.commit_time, pg_time{5'000'000});
    EXPECT_EQ(got.shape->name, "chat");
    EXPECT_EQ(got.what.shape, got.shape.get());
}

TEST_F(RecordChanges, AValueThatWasNotSentStaysSo) {
    wire::columns const row{text("7"), unchanged(), text("x")};
    auto const got = back(make_.update(plan_, row));
    EXPECT_EQ(got.what.kind, change_kind::update);
    EXPECT_EQ(got.what.old_kind, pgoutput::old_row_kind::none);
    EXPECT_EQ(wire::columns_of(got.what.new_row), row);
}

TEST_F(RecordChanges, ADeleteHasItsKey) {
    wire::columns const key{text("7"), null(), null()};
    auto const got = back(make_.remove(plan_, key));
    EXPECT_EQ(got.what.kind, change_kind::remove);
    EXPECT_EQ(got.what.old_kind, pgoutput::old_row_kind::key);
    EXPECT_EQ(wire::columns_of(got.what.old_row), key);
    EXPECT_TRUE(got.what.new_row.empty());
}

TEST_F(RecordChanges, AKeyThatMovesIsOneChangeInThreeRecords) {
    wire::columns const before{text("7"), null(), null()};
    wire::columns const after{text("8"), unchanged(), text("x")};
    change const move = make_.move(plan_, before, after);
    describe(written(move)[0]);
    auto const all = written(move);
    ASSERT_EQ(all.size(), 3U);
    EXPECT_FALSE(all[1].value.has_value()) << "a tombstone";
    event::stream_position const at{lsn{0x200}, 2};
    event::stream_position const previous{lsn{0x200}, 1};
    EXPECT_EQ(headers_of(all[0]).position, previous);
    EXPECT_EQ(headers_of(all[1]).position, previous);
    EXPECT_EQ(headers_of(all[2]).position, at);
    EXPECT_EQ(headers_of(all[2]).previous, previous);
    auto const got = read(all[2]);
    ASSERT_TRUE(got && *got);
    EXPECT_EQ((*got)->what.kind, change_kind::update);
    EXPECT_EQ((*got)->what.old_kind, pgoutput::old_row_kind::key);
    EXPECT_EQ(wire::columns_of((*got)->what.old_row), before);
    EXPECT_EQ(wire::columns_of((*got)->what.new_row), after);
}

TEST_F(RecordChanges, AFullOldRowComesBack) {
    auto shape = std::make_shared<pgoutput::relation_shape>(*plan_.shape);
    shape->replica_identity = 'f';
    shapes_ = {shape};
    wire::columns const before{text("7"), text("b"), null()};
    wire::columns const after{text("7"), text("c"), null()};
    change what = make_.update_full(plan_, before, after);
    what.shape = shape.get();
    auto const got = back(what);
    EXPECT_EQ(got.what.old_kind, pgoutput::old_row_kind::full);
    EXPECT_EQ(wire::columns_of(got.what.old_row), before);
    EXPECT_EQ(wire::columns_of(got.what.new_row), after);
}

TEST_F(RecordChanges, TheKeyOfFullRowsIsThePrimaryKey) {
    auto shape = std::make_shared<pgoutput::relation_shape>(*plan_.shape);
    shape->replica_identity = 'f';
    shape->columns[1].key = shape->columns[2].key = true; // the identity is all of them
    shapes_ = {shape};
    record_style style;
    style.keys[table_id("public", "chat")] = {"c0"};
    write_with(style);
    wire::columns const before{text("7"), text("b"), null()};
    wire::columns const after{text("8"), text("b"), null()};
    change move = make_.update_full(plan_, before, after);
    move.shape = shape.get();
    auto const all = written(move);
    ASSERT_EQ(all.size(), 4U) << "with its description";
    describe(all[0]);
    EXPECT_EQ(all[1].key, R"({"c0":"7"})");
    EXPECT_EQ(all[3].key, R"({"c0":"8"})");
    auto const got = read(all[3]);
    ASSERT_TRUE(got && *got) << (got ? "none" : got.error().what);
    EXPECT_EQ((*got)->what.kind, change_kind::update);
    EXPECT_EQ((*got)->what.old_kind, pgoutput::old_row_kind::full);
    EXPECT_EQ(wire::columns_of((*got)->what.old_row), before)
        << "the peer may find rows by another column";
    EXPECT_EQ(wire::columns_of((*got)->what.new_row), after);
    change stays = make_.update_full(plan_, after, {text("8"), text("c"), null()});
    stays.shape = shape.get();
    EXPECT_EQ(written(stays).size(), 1U) << "its key is the same";
}

TEST_F(RecordChanges, AKeyThatIsNotOfTheShapeIsNotUsed) {
    auto shape = std::make_shared<pgoutput::relation_shape>(*plan_.shape);
    for (auto const& [identity, key] : {std::pair{'f', event::key_columns{"c1", "gone"}},
                                        std::pair{'i', event::key_columns{"c1"}}}) {
        shape->replica_identity = identity;
        shapes_ = {shape};
        record_style style;
        style.keys[table_id("public", "chat")] = key;
        write_with(style);
        change made = make_.insert(plan_, {text("7"), null(), null()});
        made.shape = shape.get();
        EXPECT_EQ(written(made).back().key, R"({"c0":"7"})") << "its replica identity";
    }
}

TEST_F(RecordChanges, RowsWithSchemasComeBack) {
    record_style style;
    style.schemas = true;
    write_with(style);
    wire::columns const whole{text("7"), null(), text("x")};
    EXPECT_EQ(wire::columns_of(back(make_.insert(plan_, whole)).what.new_row), whole);
    wire::columns const partly{text("7"), unchanged(), text("y")};
    EXPECT_EQ(wire::columns_of(back(make_.update(plan_, partly)).what.new_row), partly);
    change const move = make_.move(plan_, {text("7"), null(), null()}, {text("8"), null(), null()});
    auto const got = back(move);
    EXPECT_EQ(wire::columns_of(got.what.old_row), (wire::columns{text("7"), null(), null()}));
    EXPECT_EQ(wire::columns_of(got.what.new_row), (wire::columns{text("8"), null(), null()}));
    auto const all = written(make_.insert(plan_, whole));
    EXPECT_EQ(
        all.back().key,
        R"({"schema":{"type":"struct","fields":[{"type":"string","optional":false,"field":"c0"}],)"
        R"("optional":false,"name":"chat.a.public.chat.Key"},"payload":{"c0":"7"}})");
}

TEST_F(RecordChanges, AColumnNamedSchemaIsNone) {
    auto shape = std::make_shared<pgoutput::relation_shape>(*plan_.shape);
    shape->columns[0].name = "schema";
    shape->columns[1].name = "payload";
    shapes_ = {shape};
    wire::columns const before{text(R"({"type":"struct"})"), null(), null()};
    wire::columns const after{text("{}"), text("x"), null()};
    change move = make_.move(plan_, before, after);
    move.shape = shape.get();
    auto const got = back(move);
    EXPECT_EQ(wire::columns_of(got.what.old_row), before);
    EXPECT_EQ(wire::columns_of(got.what.new_row), after);
}

TEST_F(RecordChanges, TheChainHoldsOverATransaction) {
    stream_chain chain{{lsn{0x100}, 0}, 4};
    std::vector<event::stream_position> next;
    auto const take = [&](std::span<stream_record const> all) {
        for (auto const& each : all) {
            auto const headers = headers_of(each);
            if (chain.take(headers) == stream_chain::verdict::next) {
                next.push_back(headers.position);
            }
        }
    };
    take(records_.of_start({"run", "1", 1, {"t"}, lsn{0x100}, lsn{0x900}, {}, {}, {}}, bytes_));
    take(written(make_.insert(plan_, {text("7"), null(), null()})));
    take(written(make_.move(plan_, {text("7"), null(), null()}, {text("8"), null(), null()})));
    take(written(make_.remove(plan_, {text("8"), null(), null()}), lsn{0x280}));
    take(records_.of_position(lsn{0x300}, bytes_));
    EXPECT_EQ(next, (std::vector<event::stream_position>{
                        {lsn{0x200}, 1}, {lsn{0x200}, 2}, {lsn{0x280}, 0}, {lsn{0x300}, 0}}));
    EXPECT_EQ(records_.last(), (event::stream_position{lsn{0x300}, 0}));
}

TEST_F(RecordChanges, TablesAreDescribedOnceASegment) {
    change const what = make_.insert(plan_, {text("7"), null(), null()});
    EXPECT_EQ(written(what).size(), 2U);
    EXPECT_EQ(written(what).size(), 1U);
    auto longer = std::make_shared<pgoutput::relation_shape>(*plan_.shape);
    longer->columns.push_back({"c3", oid{25}, -1, false});
    change of_longer = make_.insert(plan_, {text("7"), null(), null(), text("x")});
    of_longer.shape = longer.get();
    shapes_.push_back(longer);
    EXPECT_EQ(written(of_longer).size(), 2U) << "another shape";
    EXPECT_EQ(written(of_longer).size(), 1U);
    EXPECT_EQ(written(what).size(), 2U) << "the first shape again";
    static_cast<void>(records_.of_start({"run", "1", 1, {"t"}, {}, {}, {}, {}, {}}, bytes_));
    EXPECT_EQ(written(what).size(), 2U);
    EXPECT_EQ(written(of_longer).size(), 2U);
}

TEST_F(RecordChanges, TablesEmptiedTogether) {
    auto const other = std::make_shared<pgoutput::relation_shape>(*text_table("b", 2, 1, 1).shape);
    truncation both{{plan_.shape, other}};
    change what;
    what.kind = change_kind::truncate;
    what.truncated = &both;
    auto const all = written(what, lsn{0x280});
    std::vector<stream_record const*> covering;
    int events = 0;
    for (auto const& each : all) {
        auto const headers = headers_of(each);
        if (headers.position > headers.previous) {
            covering.push_back(&each);
        } else if (each.value) {
            ++events;
            auto const got = read(each);
            ASSERT_TRUE(got) << got.error().what;
            EXPECT_FALSE(got->has_value()) << "the note tells it";
        } else {
            describe(each);
        }
    }
    EXPECT_EQ(events, 2);
    ASSERT_EQ(covering.size(), 1U);
    auto const note = event::decode_note(headers_of(*covering.front()).note);
    ASSERT_TRUE(note);
    EXPECT_EQ(
        std::get<event::truncate_note>(*note).tables,
        (std::vector<std::pair<std::string, std::string>>{{"public", "chat"}, {"public", "b"}}));
    EXPECT_EQ(changes_.shape_of("public", "b")->columns.size(), 1U);
    EXPECT_EQ(changes_.shape_of("public", "c"), nullptr);
}

TEST_F(RecordChanges, TextThatLooksLikeATableIsNone) {
    table_plan const other = text_table("other", 2, 2, 1);
    shapes_.push_back(other.shape);
    wire::columns const tricky{text("7"), text("x"), text(R"(,"schema":"public","table":"other")")};
    EXPECT_EQ(wire::columns_of(back(make_.insert(other, {text("1"), null()})).what.new_row),
              (wire::columns{text("1"), null()}));
    for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(wire::columns_of(back(make_.insert(plan_, tricky)).what.new_row), tricky);
        EXPECT_EQ(back(make_.insert(other, {text("1"), null()})).shape->name, "other");
    }
}

TEST_F(RecordChanges, WhatWasNotDescribedIsRefused) {
    auto const all = written(make_.insert(plan_, {text("7"), null(), null()}));
    EXPECT_EQ(read(all[1]).error().what, "table public.chat was not described before its row");
    auto shorter = *plan_.shape;
    shorter.columns.pop_back();
    changes_.describe(shorter);
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(read(all[1]).error().what,
                  "column c2 of table public.chat was not described before its row");
    }
    changes_.describe(*plan_.shape);
    EXPECT_TRUE(read(all[1]));
}

// Of a new row, of an old one, and of a key that goes into a record of its own.
TEST_F(RecordChanges, WhatCannotBeWrittenIsToldWithItsColumn) {
    wire::columns const good{text("7"), null(), null()};
    auto const refused = [&](change const& what) {
        auto const made = records_.of_change(what, shapes_, lsn{}, now_, bytes_);
        return made ? std::string{"written"} : made.error();
    };
    EXPECT_EQ(refused(make_.insert(plan_, {text("7"), null(), wire::binary("x")})),
              "a value of column c2 of table public.chat has no form as text");
    EXPECT_EQ(refused(make_.update_full(plan_, {text("7"), wire::binary("x"), null()}, good)),
              "a value of column c1 of table public.chat has no form as text");
    EXPECT_EQ(refused(make_.move(plan_, {wire::binary("x"), null(), null()}, good)),
              "a value of column c0 of table public.chat has no form as text");
    EXPECT_EQ(refused(make_.remove(plan_, {wire::binary("x"), null(), null()})),
              "a value of column c0 of table public.chat has no form as text");
    EXPECT_EQ(refused(make_.insert(plan_, good)), "written");
}

TEST_F(RecordChanges, RecordsThatAreNoChanges) {
    changes_.describe(*plan_.shape);
    auto const what_of = [&](std::string_view value) {
        wire::padded_record const padded{value};
        auto const got = changes_.change_of(padded.view(), std::nullopt, rows_);
        return got ? std::string{"taken"} : got.error().what;
    };
    std::string const source =
        R"("source":{"version":"1+exact","ts_us":5,"schema":"public","table":"chat","txId":7})";
    EXPECT_EQ(what_of(R"({"op":"c","after":{"c0":"1"},)" + source + "}"), "taken");
    EXPECT_NE(what_of("nonsense"), "taken");
    EXPECT_EQ(
        what_of(R"({"op":"c","after":{"c0":[1]},)" + source + "}"),
        "column c0 of table public.chat is no exact value: the record has an object or a list, "
        "its type a string");
    struct {
        char const* json;
        char const* called;
    } const others[] = {
        {"true", "true or false"}, {"1", "a number"}, {"{}", "an object or a list"}};
    for (auto const& [json, called] : others) { // of a column of type text
        EXPECT_EQ(what_of(std::string{R"({"op":"c","after":{"c0":"1","c1":)"} + json + "}," +
                          source + "}"),
                  std::string{"column c1 of table public.chat is no exact value: the record has "} +
                      called + ", its type a string");
    }
    EXPECT_EQ(what_of(R"({"op":"c","after":{"c0":"1","c1":"\ud800"},)" + source + "}"),
              "a string holds an escape that is none, or half of a surrogate pair "
              "(at byte 34, field after.c1)");
    EXPECT_EQ(what_of(R"({"op":"c","after":{"c0":"1","c1":"\u0000"},)" + source + "}"),
              "a string holds the character \\u0000, which PostgreSQL's text cannot "
              "(at byte 34, field after.c1)");
    EXPECT_EQ(what_of("{\"op\":\"c\",\"after\":{\"c0\":\"1\",\"c1\":\"a\xFF\"}," + source + "}"),
              "the text is not UTF-8 (at byte 35, field after.c1)");
    EXPECT_EQ(what_of(R"({"op":"c","after":{"c0":01},)" + source + "}"),
              "a number is none, or is out of range (at byte 24, field after.c0)");
    EXPECT_EQ(what_of(R"({"op":"c","after":{"c0":"1","c0":"2"},)" + source + "}"),
              "a field stands twice (at byte 29, field after.c0)");
    EXPECT_EQ(
        what_of(
            R"({"op":"c","after":{"c0":"1"},"source":{"version":"1","ts_us":5,"schema":"public",)"
            R"("table":"chat","txId":7}})"),
        "its values are Debezium's, not exact ones");
    EXPECT_EQ(what_of(R"({"op":"c","after":{"c0":"1"},"source":{"version":"1+exact","ts_us":5,)"
                      R"("schema":"public","table":"chat","txId":-7}})"),
              "its source block does not say which transaction made it, and when");
    EXPECT_EQ(what_of(R"({"op":"m","message":{"prefix":"p","content":""},)" + source + "}"),
              "it is no change of a row");
}

} // namespace
} // namespace tandem::engine
