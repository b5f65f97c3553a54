#pragma once
// What may be changed while an instance runs (engine/config/retune.hpp): written by the console, read by the directions'
// threads at any time.

#include "engine/config/options.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tandem::engine {

struct tuning {
    std::atomic<std::uint32_t> batch_rows{0};
    std::atomic<std::size_t> batch_bytes{0};
    std::atomic<std::chrono::milliseconds> batch_delay{std::chrono::milliseconds{0}};

    void take(options const& set) noexcept {
        batch_rows.store(set.batch_rows, std::memory_order_relaxed);
        batch_bytes.store(set.batch_bytes, std::memory_order_relaxed);
        batch_delay.store(set.batch_delay, std::memory_order_relaxed);
    }
};

} // namespace tandem::engine
