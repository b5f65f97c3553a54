// Plots as SVG text, for a page that needs nothing from anywhere.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tandem::perf {

struct curve {
    std::string name;
    std::vector<std::pair<double, double>> points;
};

struct plot {
    std::string title;
    std::string x;
    std::string y;
    std::vector<curve> curves;
    bool log_y = false;
    bool nines = false; // x is a share: its axis is 1 / (1 - share), logarithmic
};
// "" when there is nothing to draw.
[[nodiscard]] std::string svg_of(plot const& what);

// Counts by column (time) and row (power of two of microseconds).
[[nodiscard]] std::string svg_heat(std::string const& title,
                                   std::vector<std::vector<unsigned>> const& columns);

// Bars of parts, each with the name it has.
struct bar {
    std::string name;
    std::vector<std::pair<std::string, double>> parts;
};
[[nodiscard]] std::string svg_bars(std::string const& title, std::string const& unit,
                                   std::vector<bar> const& bars);

// Text where < and & mean themselves.
[[nodiscard]] std::string html_text(std::string const& text);

} // namespace tandem::perf
