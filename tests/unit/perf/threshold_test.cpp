#include "perf/harness/figures/threshold.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace tandem::perf {
namespace {

bool met(std::string const& text, double got) {
    auto const wanted = parse_threshold(text);
    return judge(wanted, {{wanted.name, got}}).met;
}

TEST(threshold, units_become_milliseconds_and_shares) {
    EXPECT_EQ(parse_threshold("p99<6ms").value, 6);
    EXPECT_EQ(parse_threshold("p99 < 250us").value, 0.25);
    EXPECT_EQ(parse_threshold("p99<=1.5s").value, 1500);
    EXPECT_EQ(parse_threshold("share>=75%").value, 0.75);
    EXPECT_EQ(parse_threshold("rows_per_s>=1e5").value, 100'000);
    EXPECT_EQ(parse_threshold(" p99 <6ms ").name, "p99");
    EXPECT_EQ(parse_threshold(" p99 <6ms ").text, "p99 <6ms");
}

TEST(threshold, each_comparison_at_its_edge) {
    EXPECT_TRUE(met("x<2", 1.9));
    EXPECT_FALSE(met("x<2", 2));
    EXPECT_TRUE(met("x<=2", 2));
    EXPECT_FALSE(met("x<=2", 2.1));
    EXPECT_TRUE(met("x>2", 2.1));
    EXPECT_FALSE(met("x>2", 2));
    EXPECT_TRUE(met("x>=2", 2));
    EXPECT_FALSE(met("x>=2", 1.9));
    EXPECT_TRUE(met("lost=0", 0));
    EXPECT_FALSE(met("lost=0", 1));
}

TEST(threshold, what_is_not_measured_is_not_met) {
    auto const found = judge(parse_threshold("p99<6ms"), {{"p50", 1}});
    EXPECT_FALSE(found.met);
    EXPECT_FALSE(found.got.has_value());
}

TEST(threshold, wrong_ones_are_refused) {
    for (auto const* text : {"", "p99", "p99<", "<6ms", "p99<ms", "p99<6parsec", "p99<6 ms more"}) {
        EXPECT_THROW((void)parse_threshold(text), std::invalid_argument) << text;
    }
}

} // namespace
} // namespace tandem::perf
