#include "perf/harness/figures/workload.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <set>
#include <string>

namespace tandem::perf {
namespace {

struct tally {
    std::int64_t inserts = 0;
    std::int64_t updates = 0;
    std::int64_t deletes = 0;
    std::int64_t probes = 0;
    std::set<std::int64_t> inserted;
    std::set<std::int64_t> deleted;
    std::set<std::int64_t> updated;
};

tally plan(std::string const& name, int side, int transactions, std::int64_t rows,
           std::uint64_t probes_each) {
    auto what = *find_profile(name);
    what.rows_per_transaction = rows;
    planner plans(what, side, 42, probes_each);
    tally found;
    for (int made = 0; made < transactions; ++made) {
        auto const next = plans.next();
        found.inserts += next.inserts();
        found.updates += static_cast<std::int64_t>(next.update.size());
        found.deletes += next.deletes();
        found.probes += next.probe != 0;
        for (auto row = next.insert_first; row <= next.insert_last; ++row) {
            EXPECT_TRUE(found.inserted.insert(row).second) << "a row is inserted twice";
        }
        for (auto row = next.delete_first; row <= next.delete_last; ++row) {
            EXPECT_TRUE(found.inserted.contains(row)) << "a row is deleted that is not there";
            EXPECT_TRUE(found.deleted.insert(row).second) << "a row is deleted twice";
        }
        found.updated.insert(next.update.begin(), next.update.end());
        EXPECT_TRUE(std::ranges::is_sorted(next.update));
        plans.committed(next);
    }
    return found;
}

TEST(workload, oltp_is_sixty_thirty_ten) {
    for (std::int64_t const rows : {1, 100}) {
        auto const found = plan("oltp", 0, rows == 1 ? 20'000 : 200, rows, 0);
        auto const all = static_cast<double>(found.inserts + found.updates + found.deletes);
        EXPECT_NEAR(static_cast<double>(found.inserts) / all, 0.6, 0.015);
        EXPECT_NEAR(static_cast<double>(found.updates) / all, 0.3, 0.015);
        EXPECT_NEAR(static_cast<double>(found.deletes) / all, 0.1, 0.015);
    }
}

TEST(workload, sides_meet_only_where_they_are_told_to) {
    auto const a = plan("hot", 0, 5'000, 1, 0);
    auto const b = plan("hot", 1, 5'000, 1, 0);
    std::set<std::int64_t> common;
    std::ranges::set_intersection(a.updated, b.updated, std::inserter(common, common.end()));
    EXPECT_TRUE(common.empty());
    auto const storm_a = plan("storm", 0, 5'000, 1, 0);
    auto const storm_b = plan("storm", 1, 5'000, 1, 0);
    std::ranges::set_intersection(storm_a.updated, storm_b.updated,
                                  std::inserter(common, common.end()));
    EXPECT_EQ(common.size(), 50U);
}

TEST(workload, updates_stay_within_the_rows_that_are_there) {
    for (auto const* name : {"oltp", "hot", "storm", "updates"}) {
        for (int const side : {0, 1}) {
            auto const found = plan(name, side, 20'000, 1, 0);
            EXPECT_GE(*found.updated.begin(), 1);
            EXPECT_LE(*found.updated.rbegin(), find_profile(name)->keys);
        }
    }
}

TEST(workload, a_probe_is_one_more_row_and_of_single_inserts_the_row_itself) {
    auto const single = plan("chat", 0, 100, 1, 1);
    EXPECT_EQ(single.probes, 100);
    EXPECT_EQ(single.inserts, 0);
    auto const several = plan("chat", 0, 100, 10, 4);
    EXPECT_EQ(several.probes, 25);
    EXPECT_EQ(several.inserts, 1'000);
    auto const idle = plan("idle", 0, 10, 1, 1);
    EXPECT_EQ(idle.probes, 10);
    EXPECT_EQ(idle.inserts + idle.updates + idle.deletes, 0);
}

TEST(workload, the_same_seed_plans_the_same) {
    EXPECT_EQ(plan("oltp", 0, 1'000, 1, 0).updated, plan("oltp", 0, 1'000, 1, 0).updated);
}

TEST(workload, shares_of_each_profile_are_hundred_or_nothing) {
    for (auto const& each : profiles()) {
        int const sum = each.inserts + each.updates + each.deletes;
        EXPECT_TRUE(sum == 100 || (each.name == "idle" && sum == 0)) << each.name;
    }
}

} // namespace
} // namespace tandem::perf
