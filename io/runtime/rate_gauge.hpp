#pragma once
// Tells a high rate of input from a low one, so that a reader knows when gathering pays.
//
// Pure: it is told the time. It decides once per millisecond; a burst after a rest counts as low, since
// the rest belongs to its window, and a high rate is remembered for a moment, since the server stops
// sending while it decodes the next transaction.

#include <chrono>
#include <cstddef>

namespace tandem::io {

class rate_gauge {
public:
    using time_point = std::chrono::steady_clock::time_point;

    // `bytes` came in since the last call. True while the rate is high.
    [[nodiscard]] bool note(std::size_t bytes, time_point now) noexcept {
        bytes_ += bytes;
        auto const passed = now - since_;
        if (passed >= window) {
            auto const us = std::chrono::duration_cast<std::chrono::microseconds>(passed).count();
            if (bytes_ / static_cast<std::size_t>(us) >= high_bytes_per_us) {
                high_until_ = now + remembered;
            }
            bytes_ = 0;
            since_ = now;
        }
        return now < high_until_;
    }

private:
    static constexpr std::chrono::milliseconds window{1};
    static constexpr std::chrono::milliseconds remembered{10};
    static constexpr std::size_t high_bytes_per_us = 8; // 8 MB/s: some 30,000 rows of 250 bytes

    time_point since_{};
    std::size_t bytes_ = 0;
    time_point high_until_{};
};

} // namespace tandem::io
