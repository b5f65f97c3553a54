#pragma once
// What `top` shows, as text for a terminal. Pure, but for what it remembers from one picture to the next.

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>

namespace tandem::tool {

class flow_screen {
public:
    flow_screen(std::string url, bool color) : url_{std::move(url)}, color_{color} {}

    // `status`: what /api/v1/status answered. Every line ends with the code that clears its rest.
    [[nodiscard]] std::string draw(std::string const& status, std::size_t width);
    // The instance does not answer: the last picture, and why.
    [[nodiscard]] std::string draw_gone(std::string const& why, std::size_t width) const;

private:
    [[nodiscard]] std::string painted(char const* code, std::string_view text) const;

    std::string url_;
    bool color_;
    std::map<std::string, std::deque<double>> rates_; // by direction, the newest last
    std::string last_;
};

// As much of it as fits: lines are cut at `width` columns, and of more lines than `height` the last one stays, which says how
// to end. Codes take no place.
[[nodiscard]] std::string fitted(std::string_view text, std::size_t width, std::size_t height);

// ▁▂▃▄▅▆▇█ of the newest `width` numbers, the greatest of which is the full height.
[[nodiscard]] std::string spark_text(std::deque<double> const& numbers, std::size_t width);

} // namespace tandem::tool
