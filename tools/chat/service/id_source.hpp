#pragma once
// Numbers for messages that no other instance gives, so that two masters never make one key twice.
//
// From the high bits: milliseconds since 2023 (41 bits), the instance's number (4), a counter (8): 53 bits, as many as
// a browser's numbers hold. They grow, whatever the clock does. Pure: told the time.

#include <algorithm>
#include <cstdint>

namespace tandem::chat {

inline constexpr int instances_most = 16;

class id_source {
public:
    explicit id_source(int instance) noexcept : instance_{instance} {}

    // `now_ms`: since 1970. More than 256 in a millisecond are given out as of the next ones.
    [[nodiscard]] std::int64_t next(std::int64_t now_ms) noexcept {
        constexpr std::int64_t epoch_ms = 1'672'531'200'000; // 2023-01-01
        last_ = std::max(last_ + 1, std::max<std::int64_t>(now_ms - epoch_ms, 0) * per_ms);
        return (last_ / per_ms * instances_most + instance_) * per_ms + last_ % per_ms;
    }

private:
    static constexpr std::int64_t per_ms = 256;

    int instance_;
    std::int64_t last_ = -1; // in milliseconds and counter
};

} // namespace tandem::chat
