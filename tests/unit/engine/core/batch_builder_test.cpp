#include "engine/core/batch_builder.hpp"

#include "tests/support/changes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace tandem::engine {
namespace {

using wire::null;
using wire::text;
using wire::unchanged;

constexpr pg_time early{1'000};
constexpr pg_time late{2'000};

class BatchBuilder : public testing::Test {
protected:
    void begin(std::uint32_t id, pg_time at) { batch.begin({xid{id}, at, lsn{id}}); }
    void add(change const& what) { batch.add(what, plan); }
    void commit(std::uint64_t end) { batch.commit(lsn{end}); }
    void clear() { batch.clear(); }
    [[nodiscard]] row_slot const& only_slot() const {
        EXPECT_EQ(batch.steps().size(), 1U);
        EXPECT_EQ(batch.group(0).slots.size(), 1U);
        return batch.group(0).slots.front();
    }

    table_plan plan = text_table("t", 0, 3, 1);
    change_maker make;
    batch_builder batch;
};

TEST_F(BatchBuilder, EmptyAtFirst) {
    EXPECT_TRUE(batch.empty());
    EXPECT_FALSE(batch.inside_transaction());
    EXPECT_EQ(batch.transactions(), 0U);
}

TEST_F(BatchBuilder, CountsChangesTransactionsAndTheEnd) {
    begin(7, late);
    add(make.insert(plan, {text("1"), text("a"), null()}));
    EXPECT_TRUE(batch.inside_transaction());
    commit(100);
    begin(8, early);
    add(make.insert(plan, {text("2"), text("b"), null()}));
    commit(200);
    EXPECT_EQ(batch.changes(), 2U);
    EXPECT_EQ(batch.transactions(), 2U);
    EXPECT_EQ(batch.end_lsn(), lsn{200});
    EXPECT_EQ(batch.last().id, xid{8});
    EXPECT_EQ(batch.newest(), late) << "R12 waits for the greatest commit time, not the last";
}

// What a key's changes in one batch come to.
struct coalesced_case {
    std::string name;
    std::vector<std::string>
        changes; // i insert, u update, p update with an unchanged column, d delete
    row_outcome outcome;
    std::uint32_t versions; // in the slot's chain
};

void PrintTo(coalesced_case const& each, std::ostream* out) {
    *out << each.name;
}

class Coalescing : public testing::TestWithParam<coalesced_case> {};

TEST_P(Coalescing, ComesTo) {
    auto const plan = text_table("t", 0, 3, 1);
    change_maker make;
    batch_builder batch;
    batch.begin({xid{1}, early, lsn{1}});
    for (auto const& kind : GetParam().changes) {
        if (kind == "i") {
            batch.add(make.insert(plan, {text("1"), text("a"), text("b")}), plan);
        } else if (kind == "u") {
            batch.add(make.update(plan, {text("1"), text("c"), text("d")}), plan);
        } else if (kind == "p") {
            batch.add(make.update(plan, {text("1"), text("e"), unchanged()}), plan);
        } else {
            batch.add(make.remove(plan, {text("1"), null(), null()}), plan);
        }
    }
    batch.commit(lsn{10});
    ASSERT_EQ(batch.steps().size(), 1U);
    ASSERT_EQ(batch.group(0).slots.size(), 1U);
    auto const& slot = batch.group(0).slots.front();
    EXPECT_EQ(slot.outcome, GetParam().outcome);
    std::uint32_t versions = 0;
    for (auto at = slot.version; at != row_version::none; at = batch.versions()[at].older) {
        ++versions;
    }
    EXPECT_EQ(versions, GetParam().versions);
}

INSTANTIATE_TEST_SUITE_P(
    All, Coalescing,
    testing::Values(coalesced_case{"insert", {"i"}, row_outcome::insert, 1},
                    coalesced_case{"update", {"u"}, row_outcome::update, 1},
                    coalesced_case{"patch", {"p"}, row_outcome::patch, 1},
                    coalesced_case{"remove", {"d"}, row_outcome::remove, 0},
                    coalesced_case{"insert_update", {"i", "u"}, row_outcome::insert, 1},
                    coalesced_case{"insert_patch", {"i", "p"}, row_outcome::insert, 2},
                    coalesced_case{"update_patch", {"u", "p"}, row_outcome::update, 2},
                    coalesced_case{"patch_patch", {"p", "p"}, row_outcome::patch, 2},
                    coalesced_case{"patch_update", {"p", "u"}, row_outcome::update, 1},
                    coalesced_case{"insert_remove", {"i", "d"}, row_outcome::remove, 0},
                    coalesced_case{"update_remove", {"u", "d"}, row_outcome::remove, 0},
                    coalesced_case{"remove_insert", {"d", "i"}, row_outcome::update, 1},
                    coalesced_case{"remove_insert_patch", {"d", "i", "p"}, row_outcome::update, 2},
                    coalesced_case{
                        "insert_remove_insert", {"i", "d", "i"}, row_outcome::update, 1}),
    [](auto const& tested) { return tested.param.name; });

TEST_F(BatchBuilder, ASlotCarriesTheCommitTimeOfItsLastChange) {
    begin(1, late);
    add(make.insert(plan, {text("1"), text("a"), null()}));
    commit(10);
    begin(2, early);
    add(make.update(plan, {text("1"), text("b"), null()}));
    commit(20);
    EXPECT_EQ(only_slot().commit_time, early);
}

TEST_F(BatchBuilder, FullOldRowCompletesAnUpdateWithUnchangedColumns) {
    begin(1, early);
    add(make.update_full(plan, {text("1"), text("a"), text("long")},
                         {text("1"), text("b"), unchanged()}));
    commit(10);
    EXPECT_EQ(only_slot().outcome, row_outcome::update);
    EXPECT_NE(batch.versions()[only_slot().version].older, row_version::none);
}

class LeavesOut : public BatchBuilder {
protected:
    // A transaction each: i insert, u update, p update that leaves the last column out, l one that leaves the middle one
    // out, d delete.
    void each(std::string const& kinds, std::string const& key = "1") {
        for (char const kind : kinds) {
            ++transaction_;
            begin(transaction_, pg_time{transaction_ * 1'000});
            switch (kind) {
            case 'i':
                add(make.insert(plan, {text(key), text("a"), text("b")}));
                break;
            case 'u':
                add(make.update(plan, {text(key), text("c"), text("d")}));
                break;
            case 'p':
                add(make.update(plan, {text(key), text("e"), unchanged()}));
                break;
            case 'l':
                add(make.update(plan, {text(key), unchanged(), text("f")}));
                break;
            default:
                add(make.remove(plan, {text(key), null(), null()}));
            }
            commit(transaction_ * 10);
        }
    }
    // Of each step the outcomes in it.
    [[nodiscard]] std::vector<std::vector<row_outcome>> outcomes() const {
        std::vector<std::vector<row_outcome>> made;
        for (auto const& step : batch.steps()) {
            auto& of = made.emplace_back();
            for (auto const& slot : batch.group(step.group).slots) {
                of.push_back(slot.outcome);
            }
        }
        return made;
    }

private:
    std::uint32_t transaction_ = 0;
};

using enum row_outcome;
using steps = std::vector<std::vector<row_outcome>>;

TEST_F(LeavesOut, ItsValuesAreNotThoseOfAnEarlierTransaction) {
    each("ip");
    EXPECT_EQ(outcomes(), (steps{{insert}, {patch}}));
    EXPECT_EQ(batch.group(0).slots.front().v, pg_time{1'000});
    EXPECT_EQ(batch.group(1).slots.front().v, pg_time{2'000});
    EXPECT_EQ(batch.versions()[batch.group(1).slots.front().version].older, row_version::none);
}

TEST_F(LeavesOut, NorOfARowThatWasGone) {
    each("dp");
    EXPECT_EQ(outcomes(), (steps{{remove}, {patch}}));
}

TEST_F(LeavesOut, ManyKeysShareTheTwoSteps) {
    each("ip", "1");
    each("ip", "2");
    each("ip", "3");
    EXPECT_EQ(outcomes(), (steps{{insert, insert, insert}, {patch, patch, patch}}));
}

TEST_F(LeavesOut, TheSameColumnsAreOne) {
    each("ppp");
    EXPECT_EQ(outcomes(), (steps{{patch}}));
    clear();
    each("ippp");
    EXPECT_EQ(outcomes(), (steps{{insert}, {patch}}));
    EXPECT_EQ(batch.group(1).slots.front().v, pg_time{7'000});
}

TEST_F(LeavesOut, OthersAreAStepMore) {
    each("pl");
    EXPECT_EQ(outcomes(), (steps{{patch}, {patch}}));
    clear();
    each("iplp");
    EXPECT_EQ(outcomes(), (steps{{insert}, {patch}, {patch}, {patch}}));
}

TEST_F(LeavesOut, WhatIsWholeTakesItsPlace) {
    each("ipu");
    EXPECT_EQ(outcomes(), (steps{{insert}, {nothing}}));
    EXPECT_EQ(batch.group(0).slots.front().v, pg_time{3'000});
    clear();
    each("ipd");
    EXPECT_EQ(outcomes(), (steps{{remove}, {nothing}}));
    clear();
    each("ipup");
    EXPECT_EQ(outcomes(), (steps{{insert}, {patch}}));
}

TEST_F(BatchBuilder, AKeyUpdateStandsBetweenTheGroupsAroundIt) {
    begin(1, early);
    add(make.insert(plan, {text("1"), text("a"), null()}));
    add(make.move(plan, {text("1"), null(), null()}, {text("2"), text("a"), null()}));
    add(make.insert(plan, {text("1"), text("b"), null()}));
    commit(10);
    ASSERT_EQ(batch.steps().size(), 3U);
    EXPECT_EQ(batch.steps()[0].kind, step_kind::rows);
    EXPECT_EQ(batch.steps()[1].kind, step_kind::move_key);
    EXPECT_EQ(batch.steps()[2].kind, step_kind::rows);
    EXPECT_NE(batch.steps()[0].group, batch.steps()[2].group);
}

TEST_F(BatchBuilder, AnOldKeyThatIsTheSameIsNoKeyUpdate) {
    begin(1, early);
    add(make.move(plan, {text("1"), null(), null()}, {text("1"), text("a"), null()}));
    commit(10);
    EXPECT_EQ(only_slot().outcome, row_outcome::update);
}

TEST_F(BatchBuilder, AToastedKeyThatWasLeftOutComesFromTheOldRow) {
    begin(1, early);
    add(make.move(plan, {text("long key"), null(), null()}, {unchanged(), text("a"), null()}));
    commit(10);
    EXPECT_EQ(only_slot().key, "long key");
    EXPECT_EQ(only_slot().outcome, row_outcome::patch);
}

TEST_F(BatchBuilder, TruncateClosesTheGroupsOfItsTablesOnly) {
    auto const other = text_table("other", 1, 2, 1);
    truncation what;
    what.relations.push_back(plan.shape);
    change truncate;
    truncate.kind = change_kind::truncate;
    truncate.truncated = &what;
    begin(1, early);
    add(make.insert(plan, {text("1"), text("a"), null()}));
    batch.add(make.insert(other, {text("1"), text("a")}), other);
    batch.add_truncate(truncate, {&plan});
    add(make.insert(plan, {text("1"), text("b"), null()}));
    batch.add(make.update(other, {text("1"), text("b")}), other);
    commit(10);
    ASSERT_EQ(batch.steps().size(), 4U);
    EXPECT_EQ(batch.steps()[0].plan, &plan);
    EXPECT_EQ(batch.steps()[1].plan, &other);
    EXPECT_EQ(batch.steps()[2].kind, step_kind::truncate);
    EXPECT_EQ(batch.truncated(batch.steps()[2].truncation), std::vector<table_plan const*>{&plan});
    EXPECT_EQ(batch.steps()[3].plan, &plan);
    EXPECT_EQ(batch.group(1).slots.size(), 1U) << "the other table's group stays open";
}

TEST_F(BatchBuilder, ShapesOfOneTableThatTakeTurnsKeepTheirOrder) {
    auto part = text_table("t", 1, 2, 1);
    auto shape = std::make_shared<pgoutput::relation_shape>(*part.shape);
    shape->id = plan.shape->id;
    part.shape = shape;
    begin(1, early);
    add(make.insert(plan, {text("1"), text("a"), text("b")}));
    batch.add(make.insert(part, {text("2"), text("c")}), part);
    add(make.update(plan, {text("2"), text("d"), text("e")}));
    add(make.insert(plan, {text("3"), text("f"), text("g")}));
    commit(10);
    ASSERT_EQ(batch.steps().size(), 3U);
    EXPECT_EQ(batch.steps()[0].plan, &plan);
    EXPECT_EQ(batch.steps()[1].plan, &part);
    EXPECT_EQ(batch.steps()[2].plan, &plan);
    EXPECT_EQ(batch.group(2).slots.size(), 2U);
}

TEST_F(BatchBuilder, WithoutCoalescingEveryChangeIsAStep) {
    batch_builder each{false};
    each.begin({xid{1}, early, lsn{1}});
    for (int time = 0; time < 3; ++time) {
        each.add(make.update(plan, {text("1"), text("a"), null()}), plan);
    }
    each.commit(lsn{10});
    EXPECT_EQ(each.steps().size(), 3U);
}

TEST_F(BatchBuilder, CompositeKeysAreToldApartByColumn) {
    auto const pair = text_table("pair", 0, 2, 2);
    begin(1, early);
    batch.add(make.insert(pair, {text("ab"), text("c")}), pair);
    batch.add(make.insert(pair, {text("a"), text("bc")}), pair);
    batch.add(make.insert(pair, {text("ab"), text("c")}), pair);
    commit(10);
    EXPECT_EQ(batch.group(0).slots.size(), 2U);
}

TEST_F(BatchBuilder, ManyKeysStayApartWhileTheIndexGrows) {
    begin(1, early);
    for (int round = 0; round < 2; ++round) {
        for (int key = 0; key < 5'000; ++key) {
            add(make.update(plan, {text(std::to_string(key)), text("a"), null()}));
        }
    }
    commit(10);
    ASSERT_EQ(batch.group(0).slots.size(), 5'000U);
    EXPECT_EQ(batch.group(0).slots[4'999].key, "4999");
    EXPECT_EQ(batch.changes(), 10'000U);
}

TEST_F(BatchBuilder, ManyCompositeKeysOutliveTheirChunks) {
    auto const pair = text_table("pair", 0, 2, 2);
    std::string const wide(900, 'k');
    begin(1, early);
    for (int key = 0; key < 500; ++key) {
        batch.add(make.insert(pair, {text(wide), text(std::to_string(key))}), pair);
    }
    batch.add(make.insert(pair, {text(std::string(100'000, 'x')), text("huge")}), pair);
    batch.add(make.insert(pair, {text(wide), text("0")}), pair);
    commit(10);
    EXPECT_EQ(batch.group(0).slots.size(), 501U);
    std::string scratch;
    auto const row = make.row({text(wide), text("0")});
    EXPECT_EQ(batch.group(0).slots.front().key, match_key_bytes(row, pair, scratch));
}

TEST_F(BatchBuilder, AnOversizedCompositeKeyMayComeFirst) {
    auto const pair = text_table("pair", 0, 2, 2);
    begin(1, early);
    for (auto const* kind : {"first", "second"}) {
        batch.add(make.insert(pair, {text(std::string(100'000, 'x')), text(kind)}), pair);
        batch.add(make.insert(pair, {text("small"), text(kind)}), pair);
    }
    commit(10);
    ASSERT_EQ(batch.group(0).slots.size(), 4U);
    std::string scratch;
    auto const row = make.row({text("small"), text("first")});
    EXPECT_EQ(batch.group(0).slots[1].key, match_key_bytes(row, pair, scratch));
}

TEST_F(BatchBuilder, ClearRowsStaysInsideTheTransaction) {
    begin(1, early);
    add(make.insert(plan, {text("1"), text("a"), null()}));
    batch.clear_rows();
    EXPECT_TRUE(batch.inside_transaction());
    EXPECT_TRUE(batch.empty());
    EXPECT_TRUE(batch.steps().empty());
    add(make.insert(plan, {text("1"), text("b"), null()}));
    commit(10);
    EXPECT_EQ(only_slot().outcome, row_outcome::insert);
    EXPECT_EQ(batch.transactions(), 1U);
}

TEST_F(BatchBuilder, ClearForgetsEverything) {
    begin(1, early);
    add(make.insert(plan, {text("1"), text("a"), null()}));
    commit(10);
    batch.clear();
    EXPECT_TRUE(batch.empty());
    EXPECT_EQ(batch.end_lsn(), lsn{});
    EXPECT_EQ(batch.transactions(), 0U);
    begin(2, early);
    add(make.remove(plan, {text("1"), null(), null()}));
    commit(20);
    EXPECT_EQ(only_slot().outcome, row_outcome::remove);
}

TEST_F(BatchBuilder, ParkedChangesAreStepsOfTheirOwn) {
    auto const what = make.insert(plan, {text("1"), text("a"), null()});
    begin(5, late);
    batch.add_parked(what, plan);
    commit(10);
    ASSERT_EQ(batch.steps().size(), 1U);
    EXPECT_EQ(batch.steps()[0].kind, step_kind::park);
    EXPECT_EQ(batch.steps()[0].what, &what);
    EXPECT_EQ(batch.steps()[0].transaction.id, xid{5});
}

} // namespace
} // namespace tandem::engine
