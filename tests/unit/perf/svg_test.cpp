#include "perf/harness/figures/svg.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace tandem::perf {
namespace {

// What a browser would not draw.
void expect_drawable(std::string const& svg) {
    EXPECT_TRUE(svg.starts_with("<svg"));
    EXPECT_TRUE(svg.ends_with("</svg>\n"));
    EXPECT_EQ(svg.find("nan"), std::string::npos);
    EXPECT_EQ(svg.find("inf"), std::string::npos);
}

TEST(svg, lines_with_one_point_with_equal_values_and_with_zeros) {
    for (bool const log_y : {false, true}) {
        expect_drawable(svg_of({"one", "x", "y", {{"a", {{3, 5}}}}, log_y, false}));
        expect_drawable(svg_of({"flat", "x", "y", {{"a", {{0, 7}, {1, 7}}}}, log_y, false}));
        expect_drawable(svg_of({"zeros", "x", "y", {{"a", {{0, 0}, {1, 7}}}}, log_y, false}));
    }
    EXPECT_EQ(svg_of({"none", "x", "y", {}, false, false}), "");
    EXPECT_EQ(svg_of({"only zeros", "x", "y", {{"a", {{0, 0}}}}, true, false}), "");
}

TEST(svg, a_percentile_axis_ends_with_the_greatest_of_all) {
    auto const text = svg_of(
        {"latency", "share", "ms", {{"a", {{0, 1}, {0.9, 2}, {0.99, 3}, {1, 50}}}}, true, true});
    expect_drawable(text);
    EXPECT_NE(text.find(">99%<"), std::string::npos);
    EXPECT_NE(text.find(">99.9%<"), std::string::npos);
}

TEST(svg, heat_and_bars) {
    expect_drawable(svg_heat("heat", {{0, 0, 4}, {}, {0, 1, 1, 9}}));
    EXPECT_EQ(svg_heat("nothing", {{0, 0}, {}}), "");
    expect_drawable(svg_bars(
        "bars", "us", {{"run", {{"walsender", 3}, {"apply", 1.5}}}, {"other", {{"apply", 2}}}}));
    EXPECT_EQ(svg_bars("nothing", "us", {{"run", {}}}), "");
}

TEST(svg, names_are_text_and_never_markup) {
    EXPECT_EQ(html_text("a<b & \"c\""), "a&lt;b &amp; &quot;c&quot;");
    auto const text = svg_of({"<script>", "x", "y", {{"<b>", {{0, 1}}}}, false, false});
    EXPECT_EQ(text.find("<script>"), std::string::npos);
    EXPECT_EQ(text.find("<b>"), std::string::npos);
}

} // namespace
} // namespace tandem::perf
