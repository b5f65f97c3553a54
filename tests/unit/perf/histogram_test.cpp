#include "perf/harness/figures/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace tandem::perf {
namespace {

std::vector<std::uint64_t> some_times(std::size_t count, double widest) {
    std::mt19937_64 random(7);
    std::vector<std::uint64_t> found;
    for (std::size_t at = 0; at < count; ++at) {
        found.push_back(static_cast<std::uint64_t>(
            std::exp(std::uniform_real_distribution<>(0, widest)(random))));
    }
    return found;
}

std::uint64_t exact_quantile(std::vector<std::uint64_t> sorted, double share) {
    auto const wanted = std::max(1.0, std::ceil(share * static_cast<double>(sorted.size())));
    return sorted.at(static_cast<std::size_t>(wanted) - 1);
}

TEST(histogram, quantiles_are_those_of_the_sorted_values_to_three_digits) {
    auto times = some_times(50'000, 20); // up to 480 s
    histogram kept;
    for (auto const each : times) {
        kept.record(each);
    }
    std::ranges::sort(times);
    for (double const share : {0.0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
        auto const exact = exact_quantile(times, share);
        auto const told = kept.quantile(share);
        EXPECT_GE(told, exact) << share;
        EXPECT_LE(static_cast<double>(told), static_cast<double>(exact) * 1.001) << share;
    }
    EXPECT_EQ(kept.max(), times.back());
    EXPECT_EQ(kept.count(), times.size());
}

TEST(histogram, small_values_are_exact) {
    histogram kept;
    for (std::uint64_t value = 0; value < 2048; ++value) {
        kept.record(value);
    }
    for (std::uint64_t value = 0; value < 2048; ++value) {
        EXPECT_EQ(kept.quantile(static_cast<double>(value + 1) / 2048), value);
    }
}

TEST(histogram, the_sum_of_two_is_that_of_all_their_values) {
    auto const times = some_times(2'000, 15);
    histogram all;
    histogram even;
    histogram odd;
    for (std::size_t at = 0; at < times.size(); ++at) {
        all.record(times[at]);
        (at % 2 == 0 ? even : odd).record(times[at]);
    }
    even.add(odd);
    EXPECT_EQ(even.count(), all.count());
    EXPECT_EQ(even.max(), all.max());
    for (double const share : {0.1, 0.5, 0.99}) {
        EXPECT_EQ(even.quantile(share), all.quantile(share));
    }
    EXPECT_DOUBLE_EQ(even.mean(), all.mean());
}

TEST(histogram, octaves_have_each_value_once) {
    histogram kept;
    kept.record(0);
    kept.record(1);
    kept.record(3, 5);
    kept.record(1'000'000);
    auto const octaves = kept.octaves();
    ASSERT_EQ(octaves.size(), 21U); // 2^19 < 1,000,000 < 2^20
    EXPECT_EQ(octaves[0], 1U);
    EXPECT_EQ(octaves[1], 1U);
    EXPECT_EQ(octaves[2], 5U);
    EXPECT_EQ(octaves[20], 1U);
}

TEST(histogram, the_percentile_file_ends_with_the_greatest_and_counts_all) {
    auto const times = some_times(1'000, 12);
    histogram kept;
    for (auto const each : times) {
        kept.record(each);
    }
    std::istringstream lines(kept.hgrm());
    std::string line;
    std::getline(lines, line);
    EXPECT_NE(line.find("Percentile TotalCount"), std::string::npos);
    double last_value = 0;
    double last_share = 0;
    std::uint64_t last_count = 0;
    while (std::getline(lines, line) && !line.starts_with('#')) {
        std::istringstream words(line);
        double value = 0;
        double share = 0;
        std::uint64_t count = 0;
        if (!(words >> value >> share >> count)) {
            continue;
        }
        EXPECT_GE(value, last_value);
        EXPECT_GE(share, last_share);
        EXPECT_GE(count, last_count);
        EXPECT_GE(static_cast<double>(count), share * 1000 - 1e-6);
        last_value = value;
        last_share = share;
        last_count = count;
    }
    EXPECT_EQ(last_share, 1);
    EXPECT_EQ(last_count, 1'000U);
    EXPECT_NEAR(last_value, static_cast<double>(kept.max()) / 1000, 0.001);
}

TEST(histogram, nothing_recorded_is_nothing_told) {
    histogram const kept;
    EXPECT_EQ(kept.quantile(0.99), 0U);
    EXPECT_EQ(kept.mean(), 0);
    EXPECT_EQ(kept.octaves().at(0), 0U);
}

} // namespace
} // namespace tandem::perf
