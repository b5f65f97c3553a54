#pragma once
// Whether two sequences, one on each master, can give the same number. Pure.

#include "engine/admin/catalog.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>

namespace tandem::engine {

// What a sequence has given since its start, and can still give: numbers `phase` apart from a
// multiple of `step`, within [lowest, highest].
struct sequence_reach {
    std::int64_t lowest = 0;
    std::int64_t highest = 0;
    std::uint64_t step = 1;
    std::int64_t next = 0;
};

[[nodiscard]] inline sequence_reach reach_of(sequence_info const& of) noexcept {
    bool const up = of.increment > 0;
    auto const magnitude = static_cast<std::uint64_t>(of.increment);
    sequence_reach reach;
    reach.step = up ? magnitude : ~magnitude + 1;
    reach.next = of.next;
    // Set above its start by hand, it gave nothing between; those numbers may be somebody's all the same.
    reach.lowest = up && !of.cycles ? std::min(of.start, of.next) : of.minimum;
    reach.highest = up || of.cycles ? of.maximum : std::max(of.start, of.next);
    return reach;
}

// Ranges that meet and phases that agree. A sequence that cycles changes its phase: then the ranges decide.
[[nodiscard]] inline bool share_numbers(sequence_info const& left,
                                        sequence_info const& right) noexcept {
    auto const a = reach_of(left);
    auto const b = reach_of(right);
    if (std::max(a.lowest, b.lowest) > std::min(a.highest, b.highest)) {
        return false;
    }
    auto const apart =
        a.next > b.next ? static_cast<std::uint64_t>(a.next) - static_cast<std::uint64_t>(b.next)
                        : static_cast<std::uint64_t>(b.next) - static_cast<std::uint64_t>(a.next);
    return left.cycles || right.cycles || apart % std::gcd(a.step, b.step) == 0;
}

} // namespace tandem::engine
