#include "perf/harness/figures/confidence.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <stdexcept>
#include <vector>

namespace tandem::perf {
namespace {

TEST(confidence, a_ratio_worked_out_by_hand) {
    // Logarithms of the ratios: ln 2, ln 2, ln 1: mean 0.46210, deviation 0.40019, error 0.23105, t(2) 4.303.
    std::vector<double> const left{2, 4, 3};
    std::vector<double> const right{1, 2, 3};
    auto const found = paired_ratio(left, right);
    EXPECT_NEAR(found.middle, std::exp(0.46210), 1e-4);
    EXPECT_NEAR(found.low, std::exp(0.46210 - 4.303 * 0.23105), 1e-3);
    EXPECT_NEAR(found.high, std::exp(0.46210 + 4.303 * 0.23105), 1e-3);
}

TEST(confidence, the_interval_holds_the_truth_nineteen_times_of_twenty) {
    std::mt19937_64 random(5);
    std::normal_distribution<> noise(0, 0.1);
    int held = 0;
    constexpr int tries = 4000;
    for (int attempt = 0; attempt < tries; ++attempt) {
        std::vector<double> left;
        std::vector<double> right;
        for (int pair = 0; pair < 5; ++pair) {
            double const moment =
                std::exp(3 * noise(random)); // what the machine does hits both alike
            left.push_back(1.3 * moment * std::exp(noise(random)));
            right.push_back(moment * std::exp(noise(random)));
        }
        auto const found = paired_ratio(left, right);
        held += found.low <= 1.3 && 1.3 <= found.high;
    }
    EXPECT_NEAR(static_cast<double>(held) / tries, 0.95, 0.012);
}

TEST(confidence, what_has_no_answer_is_refused) {
    std::vector<double> const one{1};
    std::vector<double> const two{1, 2};
    std::vector<double> const none{1, 0};
    EXPECT_THROW((void)paired_ratio(one, one), std::invalid_argument);
    EXPECT_THROW((void)paired_ratio(two, one), std::invalid_argument);
    EXPECT_THROW((void)paired_ratio(two, none), std::invalid_argument);
    EXPECT_THROW((void)median(std::vector<double>{}), std::invalid_argument);
    EXPECT_THROW((void)student_t(0), std::invalid_argument);
}

TEST(confidence, student_s_t_as_in_the_tables) {
    EXPECT_NEAR(student_t(4), 2.776, 0.001);
    EXPECT_NEAR(student_t(30), 2.042, 0.001);
    EXPECT_NEAR(student_t(40), 2.021, 0.001);
    EXPECT_NEAR(student_t(120), 1.980, 0.001);
}

TEST(confidence, medians) {
    EXPECT_EQ(median(std::vector<double>{3, 1, 2}), 2);
    EXPECT_EQ(median(std::vector<double>{4, 1, 2, 3}), 2.5);
}

} // namespace
} // namespace tandem::perf
