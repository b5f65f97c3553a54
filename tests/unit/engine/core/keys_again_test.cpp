#include "engine/core/keys_again.hpp"

#include "tests/support/changes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

namespace tandem::engine {
namespace {

bool same(lsn one, lsn other) {
    return one == other;
}

class KeysAgain : public testing::Test {
protected:
    // (seen, table, number of keys, greatest v)
    using shown = std::vector<std::tuple<std::uint64_t, std::string, std::uint32_t, std::int64_t>>;
    [[nodiscard]] shown taken(keys_again::alike const& judged = same) {
        shown made;
        for (auto& part : keys.take(judged)) {
            for (auto const& table : part.tables) {
                made.emplace_back(part.seen.value, table.shape().name, table.size(),
                                  table.newest().us);
            }
        }
        return made;
    }
    void add(std::string_view key, std::int64_t v, std::uint64_t seen) {
        keys.add(key, plan, pg_time{v}, lsn{seen});
    }

    table_plan plan = text_table("t", 0, 3, 1);
    table_plan other = text_table("u", 1, 3, 1);
    keys_again keys{false};
};

TEST_F(KeysAgain, OfEachTheLast) {
    EXPECT_TRUE(keys.empty());
    add("1", 10, 5);
    add("2", 11, 5);
    add("1", 20, 7);
    EXPECT_FALSE(keys.empty());
    EXPECT_EQ(taken(), (shown{{5, "public.t", 1, 11}, {7, "public.t", 1, 20}}));
    EXPECT_TRUE(keys.empty());
    EXPECT_EQ(taken(), shown{});
}

TEST_F(KeysAgain, TablesApart) {
    add("1", 10, 5);
    keys.add("1", other, pg_time{12}, lsn{5});
    auto all = taken();
    std::ranges::sort(all);
    EXPECT_EQ(all, (shown{{5, "public.t", 1, 10}, {5, "public.u", 1, 12}}));
}

TEST_F(KeysAgain, WhatIsJudgedAlikeIsOne) {
    add("1", 10, 5);
    add("2", 11, 6);
    add("3", 12, 9);
    EXPECT_EQ(taken([](lsn one, lsn two) { return two.value - one.value < 3; }),
              (shown{{5, "public.t", 2, 11}, {9, "public.t", 1, 12}}));
}

} // namespace
} // namespace tandem::engine
