// change_records with rows in partitions of their tables: chains, indexes, and what goes back.

#include "codecs/event/headers.hpp"
#include "engine/core/change_records.hpp"
#include "tests/support/changes.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace tandem::engine {
namespace {

using wire::text;

// By the last digit in the key: where a test wants it.
std::int32_t by_digit(std::string_view key, std::int32_t partitions) noexcept {
    auto const at = key.find_last_of("0123456789");
    return at == key.npos ? 0 : (key[at] - '0') % partitions;
}

row_layout two_tables() {
    row_layout layout;
    layout.tables.emplace(table_id("public", "chat"), row_layout::table{0, 2});
    layout.tables.emplace(table_id("public", "room"), row_layout::table{2, 1});
    layout.partitions = 3;
    layout.choose = by_digit;
    return layout;
}

class PerTableRecords : public testing::Test {
protected:
    PerTableRecords() { begin(0x200); }

    void begin(std::uint64_t final) {
        records_.begin({xid{700}, pg_time{5'000'000}, lsn{final}}, lsn{0x100});
    }
    // "1: 0/100.0-0/200.1 c" for each record: its partition or "own", what it covers, what it is.
    static std::string told(std::span<stream_record const> made) {
        std::string out;
        for (auto const& one : made) {
            auto const read = event::decode_headers(one.headers);
            EXPECT_TRUE(read) << read.error().message();
            auto const place = one.partition ? std::to_string(*one.partition) : "own";
            std::string what = one.value ? "row" : one.key ? "tombstone" : "position";
            if (!read->note.empty()) {
                auto const note = event::decode_note(read->note);
                EXPECT_TRUE(note) << note.error().message();
                constexpr char const* kinds[] = {"start",  "relation", "truncate",
                                                 "commit", "oversize", "index"};
                what = kinds[note->index()];
                if (auto const* index = std::get_if<event::index_note>(&*note)) {
                    for (auto const& end : index->ends) {
                        what += fmt::format(" {}={}.{}", end.partition, to_string(end.last.at),
                                            end.last.index);
                    }
                }
            }
            bool const covers = read->position > read->previous;
            out += fmt::format(
                "{}: {}.{}{} {}\n", place, to_string(read->previous.at), read->previous.index,
                covers ? fmt::format("-{}.{}", to_string(read->position.at), read->position.index)
                       : "",
                what);
        }
        return out;
    }
    std::string of(change const& what, lsn end = {}) {
        auto const made = records_.of_change(what, shapes_, end, now_, bytes_);
        return made ? told(*made) : made.error();
    }
    std::string insert(table_plan const& into, std::string key, lsn end = {}) {
        return of(make_.insert(into, {text(std::move(key)), text("v")}), end);
    }

    table_plan const chat_ = text_table("chat", 1, 2, 1);
    table_plan const room_ = text_table("room", 2, 2, 1);
    table_plan const other_ = text_table("other", 3, 2, 1);
    std::vector<pgoutput::relation_ptr> shapes_{chat_.shape, room_.shape, other_.shape};
    change_maker make_;
    arena bytes_;
    event::event_time now_{1'700'000'000'123'456'789};
    change_records records_{
        {"a", "chat", "db", "0.1.0", 4}, {lsn{0x100}, 0}, std::size_t{1} << 14, two_tables()};
};

TEST_F(PerTableRecords, EachPartitionHasAChainAndTheIndexCoversThem) {
    EXPECT_EQ(insert(chat_, "1"), "own: 0/100.0 relation\n1: 0/100.0-0/200.1 row\n");
    EXPECT_EQ(insert(chat_, "2"), "0: 0/100.0-0/200.2 row\n");
    EXPECT_FALSE(records_.all_covered());
    EXPECT_EQ(insert(chat_, "3", lsn{0x210}), "1: 0/200.1-0/210.0 row\n");
    EXPECT_EQ(told(records_.of_index(bytes_)), "own: 0/100.0-0/210.0 index 0=0/200.2 1=0/210.0\n");
    EXPECT_TRUE(records_.all_covered());
    EXPECT_EQ(told(records_.of_index(bytes_)), "");
    begin(0x300);
    EXPECT_EQ(insert(chat_, "4", lsn{0x310}), "0: 0/200.2-0/310.0 row\n");
    EXPECT_EQ(told(records_.of_index(bytes_)), "own: 0/210.0-0/310.0 index 0=0/310.0\n");
    EXPECT_EQ(records_.last(), (event::stream_position{lsn{0x310}, 0}));
}

TEST_F(PerTableRecords, TheIndexComesBeforeEveryOtherNote) {
    static_cast<void>(insert(chat_, "1"));
    EXPECT_EQ(insert(room_, "7"), "own: 0/100.0-0/200.1 index 1=0/200.1\n"
                                  "own: 0/200.1 relation\n"
                                  "2: 0/100.0-0/200.2 row\n");
    EXPECT_EQ(told(records_.of_commit(lsn{0x210}, bytes_)),
              "own: 0/200.1-0/200.2 index 2=0/200.2\nown: 0/200.2-0/210.0 commit\n");
    begin(0x300);
    static_cast<void>(insert(room_, "8"));
    event::start_note const start{"run", "1", 1, {"t"}, {}, {}, {}, {}, {}};
    EXPECT_EQ(told(records_.of_start(start, bytes_)),
              "own: 0/210.0-0/300.1 index 2=0/300.1\nown: 0/300.1 start\n");
    EXPECT_EQ(insert(room_, "9", lsn{0x310}), "own: 0/300.1 relation\n2: 0/300.1-0/310.0 row\n");
    EXPECT_EQ(told(records_.of_position(lsn{0x400}, bytes_)),
              "own: 0/300.1-0/310.0 index 2=0/310.0\nown: 0/310.0-0/400.0 position\n");
}

TEST_F(PerTableRecords, AKeyThatChangesLeavesItsPartition) {
    static_cast<void>(insert(chat_, "2"));
    EXPECT_EQ(of(make_.move(chat_, {text("2"), wire::null()}, {text("3"), text("v")})),
              "0: 0/200.1 row\n0: 0/200.1 tombstone\n1: 0/100.0-0/200.2 row\n");
    EXPECT_EQ(of(make_.remove(chat_, {text("3"), wire::null()}), lsn{0x210}),
              "1: 0/200.2-0/210.0 row\n1: 0/210.0 tombstone\n");
}

TEST_F(PerTableRecords, ATruncateIsToldInEveryPartition) {
    static_cast<void>(insert(chat_, "1"));
    truncation const both{{chat_.shape, room_.shape}};
    change what;
    what.kind = change_kind::truncate;
    what.truncated = &both;
    EXPECT_EQ(of(what, lsn{0x210}), "0: 0/100.0 row\n1: 0/200.1 row\n"
                                    "own: 0/100.0-0/200.1 index 1=0/200.1\n"
                                    "own: 0/200.1 relation\n"
                                    "2: 0/100.0 row\n"
                                    "own: 0/200.1-0/210.0 truncate\n");
}

TEST_F(PerTableRecords, WhatIsTooLargeLeavesNoTrace) {
    static_cast<void>(insert(chat_, "1"));
    std::string const large(20'000, 'x');
    EXPECT_EQ(of(make_.insert(chat_, {text("3"), text(large)})),
              "own: 0/100.0-0/200.1 index 1=0/200.1\nown: 0/200.1-0/200.2 oversize\n");
    // Tried and too large: three records in two partitions.
    std::string const tried(15'000, '\x01');
    EXPECT_EQ(of(make_.move(chat_, {text("1"), wire::null()}, {text("2"), text(tried)})),
              "own: 0/200.2-0/200.3 oversize\n");
    EXPECT_EQ(insert(chat_, "5"), "1: 0/200.1-0/200.4 row\n");
    EXPECT_EQ(insert(chat_, "6", lsn{0x210}), "0: 0/100.0-0/210.0 row\n");
    EXPECT_EQ(told(records_.of_index(bytes_)), "own: 0/200.3-0/210.0 index 0=0/210.0 1=0/200.4\n");
}

TEST_F(PerTableRecords, ATransactionsTraceIsAHeaderOfItsRows) {
    auto const traces = [](std::span<stream_record const> made) {
        std::string out;
        for (auto const& one : made) {
            for (auto const& header : one.headers) {
                out += header.name.starts_with("trace")
                           ? fmt::format("{}={} ", header.name, header.value)
                           : "";
            }
            out += "| ";
        }
        return out;
    };
    auto const trace = std::make_shared<trace_context const>(trace_context{"p", "s"});
    records_.begin({xid{700}, pg_time{5'000'000}, lsn{0x200}, -1, trace}, lsn{0x100});
    auto const row = make_.insert(chat_, {text("1"), text("v")});
    EXPECT_EQ(traces(*records_.of_change(row, shapes_, {}, now_, bytes_)),
              "| traceparent=p tracestate=s | ");
    auto const gone = make_.remove(chat_, {text("1"), wire::null()});
    EXPECT_EQ(traces(*records_.of_change(gone, shapes_, lsn{0x210}, now_, bytes_)),
              "traceparent=p tracestate=s | traceparent=p tracestate=s | ");
    EXPECT_EQ(traces(records_.of_index(bytes_)), "| ");
    auto const stateless = std::make_shared<trace_context const>(trace_context{"q", ""});
    records_.begin({xid{701}, pg_time{5'000'000}, lsn{0x300}, -1, stateless}, lsn{0x210});
    EXPECT_EQ(traces(*records_.of_change(row, shapes_, lsn{0x310}, now_, bytes_)),
              "traceparent=q | ");
    begin(0x400);
    EXPECT_EQ(traces(*records_.of_change(row, shapes_, lsn{0x410}, now_, bytes_)), "| ");
}

// Renamed since, dropped, or synced only now.
TEST_F(PerTableRecords, ATableWithoutAPlaceIsInTheStreamItself) {
    static_cast<void>(insert(chat_, "1"));
    EXPECT_EQ(insert(other_, "1"), "own: 0/100.0-0/200.1 index 1=0/200.1\n"
                                   "own: 0/200.1 relation\n"
                                   "own: 0/200.1-0/200.2 row\n");
    static_cast<void>(insert(chat_, "3"));
    EXPECT_EQ(insert(other_, "2"), "own: 0/200.2-0/200.3 index 1=0/200.3\n"
                                   "own: 0/200.3-0/200.4 row\n");
    truncation const one{{other_.shape}};
    change what;
    what.kind = change_kind::truncate;
    what.truncated = &one;
    EXPECT_EQ(of(what, lsn{0x210}), "own: 0/200.4 row\nown: 0/200.4-0/210.0 truncate\n");
}

} // namespace
} // namespace tandem::engine
