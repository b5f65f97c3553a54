#pragma once
// How many lines of one kind a log may take, and how many were left out. Pure.

#include <chrono>
#include <cstdint>
#include <utility>

namespace tandem::engine {

class line_budget {
public:
    using time_point = std::chrono::steady_clock::time_point;

    line_budget(std::uint32_t lines, std::chrono::milliseconds period) noexcept
        : lines_{lines}, period_{period} {}

    // Whether this line may be written; if not, it counts among those left out.
    [[nodiscard]] bool spend(time_point now) noexcept {
        if (now - begun_ >= period_ && left_out_ == 0) {
            begun_ = now;
            spent_ = 0;
        }
        if (spent_ < lines_) {
            ++spent_;
            return true;
        }
        ++left_out_;
        return false;
    }

    // Those left out, once their period has passed: to be told in one line, with which the next period begins. Else 0.
    [[nodiscard]] std::uint64_t due(time_point now) noexcept {
        if (left_out_ == 0 || now - begun_ < period_) {
            return 0;
        }
        begun_ = now;
        spent_ = 0;
        return std::exchange(left_out_, 0);
    }

private:
    std::uint32_t lines_;
    std::chrono::milliseconds period_;
    time_point begun_{};
    std::uint32_t spent_ = 0;
    std::uint64_t left_out_ = 0;
};

} // namespace tandem::engine
