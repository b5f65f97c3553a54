#pragma once
// The clock that Java's SimpleDateFormat looks at for the century of a year of two digits.

#include <chrono>
#include <cstdint>

namespace tandem::connect {

[[nodiscard]] inline std::int64_t clock_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

} // namespace tandem::connect
