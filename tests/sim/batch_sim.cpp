// The batch plan against changes applied one by one (R8): the same rows, the same versions, whatever
// the order of inserts, updates with columns left out, key updates, deletes and truncates, and
// wherever batches are cut.

#include "tests/sim/model_tables.hpp"

#include <set>

namespace tandem::sim {
namespace {

using engine::batch_builder;
using engine::batch_step;
using engine::row_outcome;
using engine::step_kind;

// Carries out a plan as the statements of codecs/sql/apply_statements.hpp do without conflicts: every
// row that a statement says it changes must be there.
class model_target {
public:
    explicit model_target(std::deque<model_table> const& source) {
        for (auto const& table : source) {
            tables_.push_back(table.rows);
        }
    }

    void carry_out(batch_builder const& batch) {
        for (auto const& step : batch.steps()) {
            switch (step.kind) {
            case step_kind::rows: {
                auto const done =
                    encoder_.encode(batch, batch.group(step.group),
                                    [this](engine::encoded_rows const& rows) { statement(rows); });
                EXPECT_EQ(done, engine::encode_outcome::done);
                break;
            }
            case step_kind::move_key:
                move_key(step);
                break;
            case step_kind::truncate:
                for (auto const* plan : batch.truncated(step.truncation)) {
                    tables_[plan->number].clear();
                }
                break;
            case step_kind::park:
                FAIL() << "nothing was parked";
            }
        }
    }

    [[nodiscard]] content const& table(std::size_t number) const { return tables_[number]; }

private:
    void statement(engine::encoded_rows const& sent) {
        auto const& plan = *sent.plan;
        std::vector<std::pair<std::size_t, values>> columns;
        std::size_t next = 0;
        for (std::size_t at = 0; at < sent.columns.size(); ++at) {
            if (sent.columns[at] == '1') {
                columns.emplace_back(at, array_values(sent.arrays[next++].finish()));
                ASSERT_EQ(columns.back().second.size(), sent.rows);
            }
        }
        ASSERT_EQ(next + 1, sent.arrays.size());
        auto const times = array_values(sent.arrays[next].finish());
        ASSERT_EQ(times.size(), sent.rows);
        std::set<values> seen;
        for (std::size_t row = 0; row < sent.rows; ++row) {
            values given(plan.columns.size());
            for (auto const& [at, column] : columns) {
                given[at] = column[row];
            }
            values key;
            for (auto const at : plan.key) {
                ASSERT_EQ(sent.columns[at], '1') << "no statement without its key";
                key.push_back(given[at]);
            }
            EXPECT_TRUE(seen.insert(key).second) << "a key twice in one statement";
            auto const at = time_of(times[row]);
            EXPECT_TRUE(sent.earliest <= at && at <= sent.newest);
            write(sent, key, given, at);
        }
    }

    void write(engine::encoded_rows const& sent, values const& key, values const& given,
               pg_time at) {
        auto& rows = tables_[sent.plan->number];
        auto const found = rows.find(key);
        switch (sent.outcome) {
        case row_outcome::insert: // often a plain INSERT
            EXPECT_EQ(found, rows.end()) << "an insert of an existing row";
            rows[key] = {given, at};
            break;
        case row_outcome::update: // or inserted, removed and inserted again in this batch
            rows[key] = {given, at};
            break;
        case row_outcome::patch:
            ASSERT_NE(found, rows.end()) << "a patch of a missing row";
            for (std::size_t column = 0; column < given.size(); ++column) {
                if (sent.columns[column] == '1') {
                    found->second.row[column] = given[column];
                }
            }
            found->second.at = at;
            break;
        case row_outcome::remove:
            rows.erase(key);
            break; // may have come into being in this batch
        case row_outcome::nothing:
            FAIL() << "nothing is sent";
            break;
        }
    }

    // As statement_sender does: the new row's columns but the unchanged ones, found by the old key.
    void move_key(batch_step const& step) {
        auto& rows = tables_[step.plan->number];
        auto const before = wire::columns_of(step.what->old_row);
        auto const after = wire::columns_of(step.what->new_row);
        values old_key;
        for (auto const at : step.plan->key) {
            ASSERT_EQ(before[at].kind, 't');
            old_key.emplace_back(before[at].bytes);
        }
        auto const found = rows.find(old_key);
        ASSERT_NE(found, rows.end()) << "a key update of a missing row";
        auto moved = found->second;
        rows.erase(found);
        moved.at = step.transaction.commit_time;
        for (std::size_t at = 0; at < after.size(); ++at) {
            if (after[at].kind != 'u') {
                moved.row[at] = after[at].kind == 'n' ? value{} : value{after[at].bytes};
            }
        }
        values key;
        for (auto const at : step.plan->key) {
            key.push_back(moved.row[at]);
        }
        EXPECT_FALSE(rows.contains(key)) << "the new key is taken";
        rows[key] = std::move(moved);
    }

    engine::row_encoder encoder_{false};
    std::vector<content> tables_;
};

void add(batch_builder& batch, model_source::step const& step) {
    if (step.what.kind != engine::change_kind::truncate) {
        batch.add(step.what, step.tables.front()->plan);
        return;
    }
    std::vector<engine::table_plan const*> plans;
    for (auto const* table : step.tables) {
        plans.push_back(&table->plan);
    }
    batch.add_truncate(step.what, plans);
}

void plan_equals_row_by_row(std::uint64_t seed, bool coalesce) {
    dice luck{seed};
    model_source source{luck};
    source.key_updates = luck.of<std::uint32_t>({0, 5, 25});
    source.truncates = luck.of<std::uint32_t>({0, 0, 2, 10});
    model_target target{source.tables};
    batch_builder batch{coalesce};
    std::uint64_t end = 100;
    pg_time now{1'000};
    for (auto batches = luck.between(1, 6); batches > 0; --batches) {
        for (auto left = luck.between(1, 6); left > 0; --left) {
            now.us += luck.below(5);
            batch.begin({xid{static_cast<std::uint32_t>(end)}, now, lsn{end}});
            for (auto changes = luck.between(1, luck.chance(5) ? 400 : 12); changes > 0;
                 --changes) {
                add(batch, source.next(now));
                if (luck.chance(4)) { // a long transaction goes out in parts
                    target.carry_out(batch);
                    batch.clear_rows();
                }
            }
            end += luck.between(1, 100);
            batch.commit(lsn{end});
        }
        EXPECT_EQ(batch.newest(), now);
        target.carry_out(batch);
        batch.clear();
        source.forget();
        for (std::size_t number = 0; number < source.tables.size(); ++number) {
            ASSERT_EQ(shown(target.table(number)), shown(source.tables[number].rows))
                << "table t" << number;
        }
    }
}

TEST(BatchSim, ACoalescedPlanEndsInTheSameRowsAsItsChanges) {
    for_seeds(4'000, [](std::uint64_t seed) { plan_equals_row_by_row(seed, true); });
}

TEST(BatchSim, APlanWithoutCoalescingEndsInTheSameRowsAsItsChanges) {
    for_seeds(2'000, [](std::uint64_t seed) { plan_equals_row_by_row(seed, false); });
}

// --- conflicts: last update wins -------------------------------------------------------------------

// A target whose rows may be its own: the guard of R11 decides by v, and a row that the peer wrote is
// written without a comparison. Equal times: the peer's rank is the greater one.
class guarded_target {
public:
    struct row {
        values held;
        pg_time stamp;
        bool from_peer = false;
    };
    using rows = std::map<values, row>;

    void write(rows& table, values const& key, values const& given, pg_time at, pg_time stamp) {
        auto const found = table.find(key);
        if (found == table.end() || wins(found->second, at)) {
            table[key] = {given, stamp, true};
        }
    }
    void remove(rows& table, values const& key, pg_time at) {
        auto const found = table.find(key);
        if (found != table.end() && wins(found->second, at)) {
            table.erase(found);
        }
    }

    void carry_out(batch_builder const& batch, std::vector<rows>& tables) {
        for (auto const& step : batch.steps()) {
            ASSERT_EQ(step.kind, step_kind::rows);
            auto& table = tables[step.plan->number];
            auto const done = encoder_.encode(
                batch, batch.group(step.group), [&](engine::encoded_rows const& sent) {
                    ASSERT_NE(sent.outcome, row_outcome::patch);
                    std::vector<values> columns;
                    for (auto& array : sent.arrays) {
                        columns.push_back(array_values(array.finish()));
                    }
                    for (std::size_t at = 0; at < sent.rows; ++at) {
                        values given;
                        for (auto const& column : std::span{columns}.first(columns.size() - 1)) {
                            given.push_back(column[at]);
                        }
                        values const key{given.begin(),
                                         given.begin() + static_cast<int>(sent.plan->key.size())};
                        auto const time = time_of(columns.back()[at]);
                        if (sent.outcome == row_outcome::remove) {
                            remove(table, key, time);
                        } else {
                            write(table, key, given, time, batch.newest());
                        }
                    }
                });
            EXPECT_EQ(done, engine::encode_outcome::done);
        }
    }

private:
    static bool wins(row const& there, pg_time at) { return there.from_peer || at >= there.stamp; }
    engine::row_encoder encoder_{false};
};

std::string shown_rows(std::vector<guarded_target::rows> const& tables) {
    std::string text;
    for (auto const& table : tables) {
        for (auto const& [key, held] : table) {
            for (auto const& one : held.held) {
                text += one.value_or("NULL") + ' ';
            }
            text += held.from_peer ? "(peer); " : "(own); ";
        }
        text += "| ";
    }
    return text;
}

void winners_do_not_depend_on_the_cuts(std::uint64_t seed) {
    dice luck{seed};
    model_source source{luck};
    source.key_updates = 0; // what follows a lost key update or truncate is another matter
    source.truncates = 0;
    source.leaves_out = false;
    std::vector<guarded_target::rows> by_row(source.tables.size());
    for (auto const& table : source.tables) {
        for (auto const& [key, held] : table.rows) { // some rows changed here, at times to come
            auto& row = by_row[table.plan.number][key];
            row = {held.row, held.at, !luck.chance(50)};
            row.stamp = row.from_peer ? held.at : pg_time{1'000 + luck.below(60)};
        }
    }
    auto by_batch = by_row;
    guarded_target target;
    batch_builder batch;
    pg_time now{1'000};
    for (std::uint64_t end = 100; end < 140; ++end) {
        now.us += luck.below(4);
        batch.begin({xid{static_cast<std::uint32_t>(end)}, now, lsn{end}});
        for (auto changes = luck.between(1, 6); changes > 0; --changes) {
            auto const& step = source.next(now);
            add(batch, step);
            auto const& table = *step.tables.front();
            bool const removes = step.what.kind == engine::change_kind::remove;
            values given;
            for (auto const& one :
                 wire::columns_of(removes ? step.what.old_row : step.what.new_row)) {
                given.push_back(one.kind == 'n' ? value{} : value{one.bytes});
            }
            auto& rows = by_row[table.plan.number];
            if (removes) {
                target.remove(rows, table.key_of(given), now);
            } else {
                target.write(rows, table.key_of(given), given, now, now);
            }
        }
        batch.commit(lsn{end + 1});
        if (luck.chance(25) || end == 139) {
            target.carry_out(batch, by_batch);
            batch.clear();
            source.forget();
            ASSERT_EQ(shown_rows(by_batch), shown_rows(by_row));
        }
    }
}

TEST(BatchSim, WhoWinsDoesNotDependOnHowBatchesAreCut) {
    for_seeds(2'000, [](std::uint64_t seed) { winners_do_not_depend_on_the_cuts(seed); });
}

} // namespace
} // namespace tandem::sim
