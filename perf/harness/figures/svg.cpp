#include "perf/harness/figures/svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>

namespace tandem::perf {

namespace {

constexpr double width = 560;
constexpr double height = 260;
constexpr double left = 62;
constexpr double right = 14;
constexpr double top = 30;
constexpr double bottom = 58;
constexpr double most_nines = 1e6;

constexpr std::array<char const*, 10> colours{"#1f6feb", "#d1242f", "#1a7f37", "#9a6700",
                                              "#8250df", "#bf3989", "#0a8f8f", "#57606a",
                                              "#e16f24", "#4d2d00"};

char const* colour(std::size_t number) {
    return colours[number % colours.size()];
}

std::string opened(std::string const& title, double tall = height) {
    return fmt::format(
        "<svg viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" role=\"img\"><text x=\"{2}\" y=\"18\" "
        "class=\"title\">{3}</text>\n",
        width, tall, left, html_text(title));
}

struct axis {
    double low = std::numeric_limits<double>::max();
    double high = std::numeric_limits<double>::lowest();
    bool logarithmic = false;

    void include(double value) {
        low = std::min(low, value);
        high = std::max(high, value);
    }
    [[nodiscard]] double share(double value) const {
        if (logarithmic) {
            return std::log(value / low) / std::log(high / low);
        }
        return (value - low) / (high - low);
    }
    void widen() {
        if (logarithmic) {
            low = std::pow(10, std::floor(std::log10(low)));
            high = std::pow(10, std::ceil(std::log10(high)));
            if (high <= low) {
                high = low * 10;
            }
            return;
        }
        low = std::min(low, 0.0);
        if (high <= low) {
            high = low + 1;
        }
    }
    [[nodiscard]] std::vector<double> ticks() const {
        std::vector<double> found;
        if (logarithmic) {
            for (double at = low; at <= high * 1.001; at *= 10) {
                found.push_back(at);
            }
            return found;
        }
        double const rough = (high - low) / 5;
        double const magnitude = std::pow(10, std::floor(std::log10(rough)));
        double step = magnitude;
        for (double const factor : {1.0, 2.0, 5.0, 10.0}) {
            step = magnitude * factor;
            if (step >= rough) {
                break;
            }
        }
        for (double at = std::ceil(low / step) * step; at <= high * 1.0001; at += step) {
            found.push_back(at);
        }
        return found;
    }
};

std::string number(double value) {
    if (std::abs(value) >= 1e6) {
        return fmt::format("{:g}M", value / 1e6);
    }
    if (std::abs(value) >= 1e4) {
        return fmt::format("{:g}k", value / 1e3);
    }
    return fmt::format("{:g}", std::round(value * 1e6) / 1e6);
}

double x_of(axis const& along, double value) {
    return left + along.share(value) * (width - left - right);
}
double y_of(axis const& along, double value) {
    return height - bottom - along.share(value) * (height - top - bottom);
}

std::string grid(axis const& x, axis const& y, plot const& what) {
    std::string text;
    for (double const at : y.ticks()) {
        text += fmt::format(
            "<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/><text class=\"tick\" x=\"{}\" "
            "y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n",
            left, width - right, y_of(y, at), y_of(y, at), left - 5, y_of(y, at) + 4, number(at));
    }
    for (double const at : x.ticks()) {
        auto const shown = what.nines ? fmt::format("{:g}%", 100 - 100 / at) : number(at);
        text += fmt::format(
            "<text class=\"tick\" x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
            x_of(x, at), height - bottom + 15, shown);
    }
    return text +
           fmt::format(
               "<text class=\"tick\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text><text class=\"tick\" x=\"4\" "
               "y=\"{}\">{}</text>\n",
               width - right, height - bottom + 28, html_text(what.x), top - 2, html_text(what.y));
}

double abscissa(plot const& what, double share) {
    return what.nines ? std::min(1 / std::max(1 - share, 1e-12), most_nines) : share;
}

} // namespace

std::string html_text(std::string const& text) {
    std::string safe;
    for (char const each : text) {
        switch (each) {
        case '<':
            safe += "&lt;";
            break;
        case '&':
            safe += "&amp;";
            break;
        case '"':
            safe += "&quot;";
            break;
        default:
            safe += each;
        }
    }
    return safe;
}

std::string svg_of(plot const& what) {
    axis x;
    axis y;
    x.logarithmic = what.nines;
    y.logarithmic = what.log_y;
    auto const shown = [&](std::pair<double, double> const& point) {
        return !what.log_y || point.second > 0;
    };
    for (auto const& each : what.curves) {
        for (auto const& point : each.points) {
            if (shown(point)) {
                x.include(abscissa(what, point.first));
                y.include(point.second);
            }
        }
    }
    if (y.high < y.low) {
        return {};
    }
    if (what.nines && x.high >= most_nines) { // the greatest of all has no share of its own
        x.high = 10;
        for (auto const& each : what.curves) {
            for (auto const& [share, value] : each.points) {
                x.high = share < 1 ? std::max(x.high, 10 / (1 - share)) : x.high;
            }
        }
    }
    x.widen();
    y.widen();
    std::string text = grid(x, y, what);
    double across = left;
    double down = height - 12;
    for (std::size_t at = 0; at < what.curves.size(); ++at) {
        std::string line;
        for (auto const& point : what.curves[at].points) {
            if (shown(point)) {
                line += fmt::format("{:.1f},{:.1f} ",
                                    x_of(x, std::min(abscissa(what, point.first), x.high)),
                                    y_of(y, point.second));
            }
        }
        text += fmt::format(
            "<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"1.6\" points=\"{}\"/>\n",
            colour(at), line);
        double const wide = 14 + 6.3 * static_cast<double>(what.curves[at].name.size());
        if (across > left && across + wide > width) {
            across = left;
            down += 14;
        }
        text += fmt::format("<text class=\"tick\" x=\"{:.1f}\" y=\"{}\" fill=\"{}\">{}</text>\n",
                            across, down, colour(at), html_text(what.curves[at].name));
        across += wide;
    }
    return opened(what.title, down + 12) + text + "</svg>\n";
}

std::string svg_heat(std::string const& title, std::vector<std::vector<unsigned>> const& columns) {
    std::size_t rows = 0;
    std::size_t first = std::numeric_limits<std::size_t>::max();
    unsigned most = 0;
    for (auto const& column : columns) {
        rows = std::max(rows, column.size());
        for (std::size_t row = 0; row < column.size(); ++row) {
            most = std::max(most, column[row]);
            first = column[row] != 0 ? std::min(first, row) : first;
        }
    }
    if (most == 0) {
        return {};
    }
    double const wide = (width - left - right) / static_cast<double>(columns.size());
    double const tall = (height - top - bottom) / static_cast<double>(rows - first);
    std::string text = opened(title);
    for (std::size_t row = first; row < rows; ++row) {
        double const y = height - bottom - static_cast<double>(row - first + 1) * tall;
        text += fmt::format(
            "<text class=\"tick\" x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:.3g} ms</text>\n",
            left - 5, y + tall * 0.8, std::exp2(static_cast<double>(row)) / 1000);
        for (std::size_t column = 0; column < columns.size(); ++column) {
            if (row < columns[column].size() && columns[column][row] != 0) {
                // By the logarithm: a few late ones are what one looks for.
                double const strength =
                    0.12 + 0.88 * std::log1p(columns[column][row]) / std::log1p(most);
                text += fmt::format(
                    "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"#1f6feb\" fill-opacity=\"{:.2f}\"/>\n",
                    left + static_cast<double>(column) * wide, y, wide, tall, strength);
            }
        }
    }
    return text +
           fmt::format(
               "<text class=\"tick\" x=\"{}\" y=\"{}\" text-anchor=\"end\">seconds, up to {}</text></svg>\n",
               width - right, height - bottom + 28, columns.size());
}

std::string svg_bars(std::string const& title, std::string const& unit,
                     std::vector<bar> const& bars) {
    double most = 0;
    std::map<std::string, std::size_t> colour_of;
    for (auto const& each : bars) {
        double sum = 0;
        for (auto const& [name, value] : each.parts) {
            sum += value;
            colour_of.try_emplace(name, colour_of.size());
        }
        most = std::max(most, sum);
    }
    if (most <= 0) {
        return {};
    }
    double const tall = top + 34 * static_cast<double>(bars.size()) + 40 +
                        14 * std::ceil(static_cast<double>(colour_of.size()) / 4);
    std::string text = opened(title, tall);
    double y = top + 6;
    for (auto const& each : bars) {
        double x = left;
        double sum = 0;
        for (auto const& [name, value] : each.parts) {
            double const wide = value / most * (width - left - right - 60);
            text += fmt::format(
                "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"16\" fill=\"{}\"><title>{}: {:.3g} {}</title></rect>\n",
                x, y, wide, colour(colour_of[name]), html_text(name), value, html_text(unit));
            x += wide;
            sum += value;
        }
        text += fmt::format(
            "<text class=\"tick\" x=\"{:.1f}\" y=\"{:.1f}\">{:.3g}</text><text class=\"tick\" x=\"{}\" y=\"{:.1f}\">{}</text>\n",
            x + 4, y + 12, sum, left, y + 28, html_text(each.name));
        y += 34;
    }
    std::size_t at = 0;
    for (auto const& [name, number_of] : colour_of) {
        text += fmt::format("<text class=\"tick\" x=\"{}\" y=\"{:.1f}\" fill=\"{}\">{}</text>\n",
                            left + 122 * static_cast<double>(at % 4),
                            y + 14 + 14 * static_cast<double>(at / 4), colour(number_of),
                            html_text(name));
        ++at;
    }
    return text + fmt::format("<text class=\"tick\" x=\"4\" y=\"{}\">{}</text></svg>\n", top,
                              html_text(unit));
}

} // namespace tandem::perf
