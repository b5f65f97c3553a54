#pragma once
// How long to wait before the next try. Pure.

#include <algorithm>
#include <chrono>

namespace tandem::engine {

// Doubles from `first` to `most`; reset() after a success. Retries never end by themselves.
class backoff {
public:
    using milliseconds = std::chrono::milliseconds;

    constexpr backoff(milliseconds first, milliseconds most) noexcept
        : first_{first}, most_{most}, next_{first} {}

    [[nodiscard]] constexpr milliseconds next() noexcept {
        auto const now = next_;
        next_ = std::min(next_ * 2, most_);
        return now;
    }
    constexpr void reset() noexcept { next_ = first_; }

private:
    milliseconds first_;
    milliseconds most_;
    milliseconds next_;
};

} // namespace tandem::engine
