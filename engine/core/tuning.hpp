#pragma once
// What may be changed while an instance runs (engine/config/retune.hpp): written by the console, read by the directions'
// threads at any time.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tandem::engine {

struct tuning {
    std::atomic<std::uint32_t> batch_rows;
    std::atomic<std::size_t> batch_bytes;
    std::atomic<std::chrono::milliseconds> batch_delay;
};

} // namespace tandem::engine
