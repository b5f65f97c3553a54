// A change whose record is larger than its topic takes: on the writer's side, on the reader's, and what is parked.
#include "engine/core/oversize.hpp"

#include "engine/core/batch_builder.hpp"
#include "engine/core/change_records.hpp"
#include "engine/core/parked_keys.hpp"
#include "engine/core/record_changes.hpp"
#include "tests/support/changes.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tandem::engine {
namespace {

using wire::null;
using wire::text;
using wire::unchanged;

constexpr std::size_t small_limit = record_limit_least;

class Oversize : public testing::Test {
protected:
    explicit Oversize(std::size_t limit = small_limit) : records_{writer(limit)} {}

    static change_records writer(std::size_t limit) {
        change_records made{{"a", "chat", "db", "0.1.0", 4}, {lsn{0x100}, 0}, limit};
        made.begin({xid{700}, pg_time{5'000'000}, lsn{0x200}}, lsn{0x100});
        return made;
    }
    std::vector<stream_record> written(change_records& by, change const& what, lsn end = {}) {
        auto const made = by.of_change(what, shapes_, end, now_, bytes_);
        EXPECT_TRUE(made) << made.error();
        return {made->begin(), made->end()};
    }
    static event::record_headers headers_of(stream_record const& of) {
        auto const read = event::decode_headers(of.headers);
        EXPECT_TRUE(read) << read.error().message();
        return *read;
    }
    static event::oversize_note note_in(stream_record const& of) {
        auto const note = event::decode_note(headers_of(of).note);
        EXPECT_TRUE(note) << note.error().message();
        return std::get<event::oversize_note>(*note);
    }
    // The note that the change becomes, behind the table's description.
    event::oversize_note noted(change const& what) {
        auto const all = written(records_, what);
        EXPECT_EQ(all.size(), 2U);
        EXPECT_EQ(all[1].value, std::nullopt);
        EXPECT_EQ(all[1].key, std::nullopt);
        EXPECT_LE(all[1].bytes, records_.limit());
        return note_in(all[1]);
    }
    recorded_change back(event::oversize_note const& note) {
        changes_.describe(*shapes_.front());
        auto made = changes_.change_of(note, rows_);
        EXPECT_TRUE(made) << made.error().what;
        kept_ = *made;
        kept_.what.oversized = &*kept_.without_values;
        return kept_;
    }
    void identity_full() {
        auto shape = std::make_shared<pgoutput::relation_shape>(*plan_.shape);
        shape->replica_identity = 'f';
        for (auto& column : shape->columns) {
            column.key = true;
        }
        shapes_ = {shape};
    }
    change of_shape(change what) {
        what.shape = shapes_.front().get();
        return what;
    }

    table_plan const plan_ = text_table("chat", 1, 3, 1);
    std::vector<pgoutput::relation_ptr> shapes_{plan_.shape};
    std::string const long_text_ = std::string(small_limit, 'x');
    change_maker make_;
    change_records records_;
    record_changes changes_;
    event::event_time now_{1'700'000'000'123'456'789};
    arena bytes_;
    arena rows_;
    recorded_change kept_;
};

TEST_F(Oversize, OneByteDecides) {
    for (std::size_t const size : {std::size_t{100}, small_limit, std::size_t{300'000}}) {
        change const what = make_.insert(plan_, {text("7"), null(), text(std::string(size, 'y'))});
        auto wide = writer(record_limit_most);
        auto const all = written(wide, what);
        ASSERT_TRUE(all[1].value.has_value());
        auto const bytes = all[1].bytes;
        EXPECT_EQ(bytes, batch_bytes(all[1]));
        EXPECT_GT(bytes, size + 61);
        for (auto const limit : {bytes + 1, bytes}) {
            auto just = writer(limit);
            auto const same = written(just, what);
            EXPECT_EQ(same[1].value, all[1].value) << size << ' ' << limit;
            EXPECT_EQ(same[1].bytes, bytes);
        }
        auto below = writer(bytes - 1);
        auto const note = note_in(written(below, what)[1]);
        EXPECT_EQ(note.bytes, bytes) << size;
        EXPECT_EQ(note.limit, bytes - 1);
    }
}

TEST_F(Oversize, EscapesAndHeadersCount) {
    change const escaped =
        make_.insert(plan_, {text("7"), null(), text(std::string(3'000, '\x01'))});
    EXPECT_GT(noted(escaped).bytes, 6U * 3'000);
    change const moved = make_.move(plan_, {text(std::string(6'000, 'a')), null(), null()},
                                    {text(std::string(6'000, 'b')), null(), null()});
    EXPECT_GT(note_in(written(records_, moved).back()).bytes, 18'000U)
        << "the key thrice: value, key, header";
}

TEST_F(Oversize, ANoteTakesTheChangesPlaceInTheChain) {
    auto const before = written(records_, make_.insert(plan_, {text("6"), null(), null()}));
    auto const noted =
        written(records_, make_.insert(plan_, {text("7"), null(), text(long_text_)}));
    auto const behind = written(records_, make_.insert(plan_, {text("8"), null(), null()}));
    auto const last =
        written(records_, make_.insert(plan_, {text("9"), null(), text(long_text_)}), lsn{0x280});
    ASSERT_EQ(noted.size(), 1U);
    EXPECT_EQ(headers_of(before[1]).position, (event::stream_position{lsn{0x200}, 1}));
    EXPECT_EQ(headers_of(noted[0]).previous, (event::stream_position{lsn{0x200}, 1}));
    EXPECT_EQ(headers_of(noted[0]).position, (event::stream_position{lsn{0x200}, 2}));
    EXPECT_EQ(headers_of(behind[0]).previous, (event::stream_position{lsn{0x200}, 2}));
    EXPECT_EQ(headers_of(last[0]).previous, (event::stream_position{lsn{0x200}, 3}));
    EXPECT_EQ(headers_of(last[0]).position, (event::stream_position{lsn{0x280}, 0}));
}

TEST_F(Oversize, ARowFarBeyondIsNotEvenWritten) {
    auto const value = std::string(2 * small_limit + 1, '\x01');
    change const what = make_.insert(plan_, {text("7"), null(), text(value)});
    auto const note = noted(what);
    EXPECT_EQ(note.bytes, what.new_row.raw().size()) << "at least";
    EXPECT_LT(bytes_.capacity(), value.size()) << "six times as much would have been kept";
}

TEST_F(Oversize, WhatItTells) {
    auto const inserted = noted(make_.insert(plan_, {text("7"), text("v"), text(long_text_)}));
    event::oversize_note::identity const seven{{"c0", "7"}};
    event::oversize_note::identity const eight{{"c0", "8"}};
    EXPECT_EQ(inserted.schema, "public");
    EXPECT_EQ(inserted.table, "chat");
    EXPECT_EQ(inserted.op, event::operation::create);
    EXPECT_EQ(inserted.transaction, xid{700});
    EXPECT_EQ(inserted.commit_time, pg_time{5'000'000});
    EXPECT_EQ(inserted.key, seven);
    EXPECT_EQ(inserted.moved_to, std::nullopt);
    auto const noted_next = [&](change const& what) {
        return note_in(written(records_, what).back());
    };
    auto const updated =
        noted_next(make_.update(plan_, {text("7"), unchanged(), text(long_text_)}));
    EXPECT_EQ(updated.op, event::operation::update);
    EXPECT_EQ(updated.key, seven);
    EXPECT_EQ(updated.moved_to, std::nullopt);
    auto const moved = noted_next(
        make_.move(plan_, {text("7"), null(), null()}, {text("8"), unchanged(), text(long_text_)}));
    EXPECT_EQ(moved.key, seven);
    EXPECT_EQ(moved.moved_to, eight);
}

TEST_F(Oversize, OfAWholeRowThatIsItsKeyWhatIsShort) {
    identity_full();
    wire::columns const before{text("7"), null(), text(long_text_)};
    wire::columns const after{text("7"), text("w"), unchanged()};
    auto const note = noted(of_shape(make_.update_full(plan_, before, after)));
    EXPECT_EQ(note.key, (event::oversize_note::identity{{"c0", "7"}, {"c1", std::nullopt}}));
    EXPECT_EQ(note.moved_to, (event::oversize_note::identity{{"c0", "7"}, {"c1", "w"}}));
    auto const read = back(note);
    EXPECT_TRUE(key_is_known(read.what, plan_)) << "c0 alone is the target's key";
    EXPECT_FALSE(moves_key(read.what, plan_));
    EXPECT_EQ(key_values_of(identifying_row(read.what), plan_),
              (parked_keys::key_values{{"c0", "7"}}));
}

TEST_F(Oversize, ItComesBackWithItsKeyAlone) {
    auto const inserted =
        back(noted(make_.insert(plan_, {text("7"), text("v"), text(long_text_)})));
    EXPECT_EQ(inserted.what.kind, change_kind::insert);
    EXPECT_EQ(wire::columns_of(inserted.what.new_row),
              (wire::columns{text("7"), unchanged(), unchanged()}));
    EXPECT_EQ(inserted.what.old_kind, pgoutput::old_row_kind::none);
    EXPECT_EQ(inserted.transaction, xid{700});
    EXPECT_EQ(inserted.commit_time, pg_time{5'000'000});
    EXPECT_EQ(inserted.without_values->limit, small_limit);
    auto const moved =
        back(note_in(written(records_, make_.move(plan_, {text("7"), null(), null()},
                                                  {text("8"), null(), text(long_text_)}))
                         .back()));
    EXPECT_EQ(moved.what.kind, change_kind::update);
    EXPECT_TRUE(moves_key(moved.what, plan_));
    EXPECT_TRUE(key_is_known(moved.what, plan_));
    event::oversize_note removal;
    removal.schema = "public";
    removal.table = "chat";
    removal.op = event::operation::remove;
    removal.key = {{"c0", "7"}};
    auto const removed = back(removal);
    EXPECT_EQ(removed.what.kind, change_kind::remove);
    EXPECT_TRUE(removed.what.new_row.empty());
    EXPECT_EQ(key_values_of(identifying_row(removed.what), plan_),
              (parked_keys::key_values{{"c0", "7"}}));
}

TEST_F(Oversize, AKeyThatIsTooLongLetsTheTableWait) {
    auto const note = noted(make_.insert(plan_, {text(long_text_), text("v"), null()}));
    EXPECT_TRUE(note.key.empty());
    auto const read = back(note);
    EXPECT_FALSE(key_is_known(read.what, plan_));
    EXPECT_NE(oversize_text(read.what, plan_, "a").find("the whole table waits"),
              std::string::npos);
    auto const moved =
        back(note_in(written(records_, make_.move(plan_, {text("7"), null(), null()},
                                                  {text(long_text_), null(), null()}))
                         .back()));
    EXPECT_FALSE(key_is_known(moved.what, plan_)) << "where it went";
    auto unusable = plan_;
    unusable.usable = false;
    change const known = make_.insert(plan_, {text("7"), null(), text(long_text_)});
    EXPECT_FALSE(key_is_known(back(note_in(written(records_, known).back())).what, unusable));
}

TEST_F(Oversize, KeysThatNoNoteHoldsAreLeftOut) {
    table_plan const wide = text_table("wide", 2, 9, 8);
    shapes_ = {wide.shape};
    wire::columns row(9, text(std::string(4'000, '\x02')));
    auto const note = noted(make_.insert(wide, row));
    EXPECT_TRUE(note.key.empty());
    EXPECT_EQ(note.table, "wide");
}

TEST_F(Oversize, WhatIsParkedSaysWhatToDo) {
    auto const said = oversize_text(
        back(noted(make_.insert(plan_, {text("7"), null(), text(long_text_)}))).what, plan_, "a");
    for (auto const* part :
         {"table public.chat, the row c0=7:", "(max.message.bytes)", "16384",
          "write the row again at node a", "tandem verify", "nothing to retry"}) {
        EXPECT_NE(said.find(part), std::string::npos) << part << " in " << said;
    }
    std::string key;
    for (int at = 0; at < 150; ++at) {
        key += "ä";
    }
    auto const cut = oversize_text(
        back(note_in(written(records_, make_.insert(plan_, {text(key), null(), text(long_text_)}))
                         .back()))
            .what,
        plan_, "a");
    auto const dots = cut.find("...");
    ASSERT_NE(dots, std::string::npos);
    EXPECT_EQ(cut.substr(dots - 2, 2), "ä") << "whole characters";
}

TEST_F(Oversize, ANoteOfAnotherTableIsRefused) {
    event::oversize_note note;
    note.schema = "public";
    note.table = "chat";
    EXPECT_EQ(changes_.change_of(note, rows_).error().what,
              "table public.chat was not described before its row");
    changes_.describe(*plan_.shape);
    for (event::oversize_note::identity const& key :
         {event::oversize_note::identity{{"c9", "7"}},
          event::oversize_note::identity{{"c0", "7"}, {"c0", "8"}}}) {
        note.key = key;
        note.moved_to.reset();
        EXPECT_EQ(changes_.change_of(note, rows_).error().what,
                  "a column of table public.chat was not described before its row");
        note.key = {{"c0", "7"}};
        note.moved_to = key;
        EXPECT_FALSE(changes_.change_of(note, rows_));
    }
}

} // namespace
} // namespace tandem::engine
