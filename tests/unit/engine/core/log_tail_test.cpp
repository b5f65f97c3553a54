#include "engine/core/log_tail.hpp"

#include "engine/core/change_records.hpp"
#include "tests/support/changes.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tandem::engine {
namespace {

using wire::text;

class LogTail : public testing::Test {
protected:
    void begin(std::uint32_t number, std::uint64_t final) {
        records_.begin({xid{number}, pg_time{number * 1'000'000LL}, lsn{final}}, lsn{0x100});
    }
    void take(std::span<stream_record const> all) {
        for (auto const& one : all) {
            finder_.take(one.headers, one.value);
        }
    }
    void insert(lsn end = {}) {
        auto const made = records_.of_change(make_.insert(plan_, {text("1"), text("v")}), shapes_,
                                             end, now_, bytes_);
        ASSERT_TRUE(made);
        take(*made);
    }
    void start(std::string token) {
        take(records_.of_start({"run", "1", 1, {"old", std::move(token)}, {}, {}, {}, {}, {}},
                               bytes_));
    }
    static log_tail tail(std::uint64_t end, std::uint32_t number, std::string token) {
        return {lsn{end}, {xid{number}, pg_time{number * 1'000'000LL}}, std::move(token)};
    }

    table_plan const plan_ = text_table("chat", 1, 2, 1);
    std::vector<pgoutput::relation_ptr> shapes_{plan_.shape};
    change_maker make_;
    arena bytes_;
    event::event_time now_{1'700'000'000'123'456'789};
    change_records records_{{"a", "chat", "db", "0.1.0", 4}, {lsn{0x100}, 0}, std::size_t{1} << 20};
    log_tail_finder finder_{"a"};
};

TEST_F(LogTail, IsTheLastWholeTransaction) {
    EXPECT_EQ(finder_.found(), std::nullopt);
    start("new");
    EXPECT_EQ(finder_.found(), std::nullopt);
    begin(7, 0x200);
    insert();
    EXPECT_EQ(finder_.found(), std::nullopt);
    insert(lsn{0x210});
    EXPECT_EQ(finder_.found(), tail(0x210, 7, "new"));
    begin(8, 0x300);
    insert();
    take(records_.of_commit(lsn{0x310}, bytes_));
    EXPECT_EQ(finder_.found(), tail(0x310, 8, "new"));
    take(records_.of_position(lsn{0x400}, bytes_)); // of no transaction
    begin(9, 0x500);
    insert(); // torn
    EXPECT_EQ(finder_.found(), tail(0x310, 8, "new"));
}

TEST_F(LogTail, ATruncateAndARowWithoutValuesEndOneToo) {
    begin(7, 0x200);
    truncation const one{{plan_.shape}};
    change what;
    what.kind = change_kind::truncate;
    what.truncated = &one;
    take(*records_.of_change(what, shapes_, lsn{0x210}, now_, bytes_));
    EXPECT_EQ(finder_.found(), tail(0x210, 7, ""));
    begin(8, 0x300);
    auto const large = make_.insert(plan_, {text("1"), text(std::string(1 << 21, 'x'))});
    take(*records_.of_change(large, shapes_, lsn{0x310}, now_, bytes_));
    EXPECT_EQ(finder_.found(), tail(0x310, 8, ""));
}

TEST_F(LogTail, OtherRecordsAreNone) {
    begin(7, 0x200);
    insert(lsn{0x210});
    auto const found = finder_.found();
    std::vector<event::record_header> const headers{
        {"origin", "a"},           {"tandem.stream", "a"},     {"tandem.epoch", "4"},
        {"tandem.pos", "0/900.0"}, {"tandem.prev", "0/800.0"}, {"tandem.values", "exact"}};
    auto const with = [&](std::string_view name, std::string_view value) {
        auto changed = headers;
        for (auto& each : changed) {
            each.value = each.name == name ? value : each.value;
        }
        return changed;
    };
    std::string_view const value = R"({"source":{"txId":9,"ts_us":1}})";
    finder_.take({}, value);
    finder_.take(with("origin", "b"), value);
    finder_.take(with("tandem.stream", "b"), value);
    finder_.take(with("tandem.prev", "0/900.0"), value);
    finder_.take(with("tandem.pos", "nonsense"), value);
    finder_.take(headers, "nonsense");
    finder_.take(headers, std::nullopt);
    auto noted = headers;
    noted.push_back({"tandem.note", "{"});
    finder_.take(noted, std::nullopt);
    EXPECT_EQ(finder_.found(), found);
}

TEST_F(LogTail, WhatAWriterSentAfterItsSuccessorsStartIsNone) {
    begin(7, 0x200);
    insert(lsn{0x210});
    change_records successor{
        {"a", "chat", "db", "0.1.0", 5}, {lsn{0x210}, 0}, std::size_t{1} << 20};
    take(successor.of_start({"run", "1", 1, {"next"}, {}, {}, {}, {}, {}}, bytes_));
    begin(8, 0x300);
    insert(lsn{0x310});
    EXPECT_EQ(finder_.found(), tail(0x210, 7, "next"));
    EXPECT_EQ(finder_.reached(), (event::stream_position{lsn{0x210}, 0}));
}

TEST_F(LogTail, ReachesThePositionOfAnyRecord) {
    EXPECT_EQ(finder_.reached(), std::nullopt);
    start("new");
    EXPECT_EQ(finder_.reached(), (event::stream_position{lsn{0x100}, 0}));
    begin(9, 0x500);
    insert(); // torn
    EXPECT_EQ(finder_.reached(), (event::stream_position{lsn{0x500}, 1}));
    EXPECT_EQ(finder_.found(), std::nullopt);
}

TEST(TailGuard, KnowsWhatTheLogHas) {
    tail_guard const none{std::nullopt};
    EXPECT_FALSE(none.has({lsn{1}, 0}));
    EXPECT_FALSE(none.pending());
    tail_guard const some{log_tail{lsn{0x210}, {xid{7}, pg_time{5}}, {}}};
    EXPECT_TRUE(some.pending());
    EXPECT_TRUE(some.has({lsn{0x200}, 9}));
    EXPECT_TRUE(some.has({lsn{0x210}, 0}));
    EXPECT_FALSE(some.has({lsn{0x210}, 1}));
}

TEST(TailGuard, PassesItsTransactionOnly) {
    log_tail const tail{lsn{0x210}, {xid{7}, pg_time{5}}, {}};
    auto const after = [&](auto... ends) {
        tail_guard guard{tail};
        bool good = true;
        ((good = good && guard.ends(ends.first, ends.second)), ...);
        return !good ? "refused" : guard.pending() ? "pending" : "passed";
    };
    std::pair<lsn, event::commit_note> const before{lsn{0x1f0}, {xid{6}, pg_time{4}}};
    std::pair<lsn, event::commit_note> const itself{lsn{0x210}, {xid{7}, pg_time{5}}};
    std::pair<lsn, event::commit_note> const behind{lsn{0x300}, {xid{8}, pg_time{6}}};
    EXPECT_STREQ(after(before), "pending");
    EXPECT_STREQ(after(before, itself), "passed");
    EXPECT_STREQ(after(itself, behind), "passed");
    EXPECT_STREQ(after(before, behind), "refused");
    EXPECT_STREQ(after(std::pair{lsn{0x210}, event::commit_note{xid{8}, pg_time{5}}}), "refused");
    EXPECT_STREQ(after(std::pair{lsn{0x210}, event::commit_note{xid{7}, pg_time{6}}}), "refused");
    tail_guard guard{tail};
    EXPECT_TRUE(guard.begins(lsn{0x200}));
    EXPECT_FALSE(guard.begins(lsn{0x210}));
    EXPECT_TRUE(guard.ends(lsn{0x210}, tail.made));
    EXPECT_TRUE(guard.begins(lsn{0x210}));
}

} // namespace
} // namespace tandem::engine
