#include "perf/harness/figures/zipf.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <set>
#include <stdexcept>
#include <vector>

namespace tandem::perf {
namespace {

std::vector<double> shares(std::uint64_t keys, double skew, int draws) {
    zipf const popular(keys, skew);
    std::mt19937_64 random(3);
    std::vector<double> found(keys);
    for (int draw = 0; draw < draws; ++draw) {
        found.at(popular(random)) += 1.0 / draws;
    }
    return found;
}

TEST(zipf, the_first_ranks_come_as_often_as_they_should) {
    constexpr std::uint64_t keys = 1000;
    auto const got = shares(keys, 0.99, 400'000);
    double sum = 0;
    for (std::uint64_t rank = 1; rank <= keys; ++rank) {
        sum += 1 / std::pow(static_cast<double>(rank), 0.99);
    }
    EXPECT_NEAR(got[0], 1 / sum, 0.003);
    EXPECT_NEAR(got[1], std::pow(0.5, 0.99) / sum, 0.003);
    // The others are by an integral: what the first hundred have together is right, each alone nearly.
    double wanted = 0;
    double found = 0;
    for (std::size_t rank = 0; rank < 100; ++rank) {
        wanted += 1 / std::pow(static_cast<double>(rank + 1), 0.99) / sum;
        found += got[rank];
    }
    EXPECT_NEAR(found, wanted, 0.02);
}

TEST(zipf, without_skew_all_come_alike) {
    for (double const each : shares(50, 0, 200'000)) {
        EXPECT_NEAR(each, 0.02, 0.002);
    }
}

TEST(zipf, one_and_two_keys) {
    std::mt19937_64 random(1);
    EXPECT_EQ(zipf(1, 0.99)(random), 0U);
    auto const two = shares(2, 0.99, 100'000);
    EXPECT_NEAR(two[0] / two[1], std::pow(2, 0.99), 0.05);
}

TEST(zipf, wrong_ones_are_refused) {
    EXPECT_THROW(zipf(0, 0.5), std::invalid_argument);
    EXPECT_THROW(zipf(10, 1), std::invalid_argument);
    EXPECT_THROW((void)scattered(0, 0), std::invalid_argument);
}

TEST(zipf, scattering_visits_each_key_once) {
    for (std::uint64_t const keys : {1U, 2U, 7U, 1'000U, 65'536U}) {
        std::set<std::uint64_t> seen;
        for (std::uint64_t rank = 0; rank < keys; ++rank) {
            auto const key = scattered(rank, keys);
            EXPECT_LT(key, keys);
            seen.insert(key);
        }
        EXPECT_EQ(seen.size(), keys);
    }
}

} // namespace
} // namespace tandem::perf
