#pragma once
// How often values of a kind came, in buckets: written by one thread or several, read by any.
//
// Four bounds a decade, so that a quantile read from them is off by a quarter at most.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace tandem::engine {

template <std::size_t Bounds>
struct histogram_view {
    std::array<std::uint64_t, Bounds + 1> counts{}; // each bucket's own; the last: above all bounds
    std::uint64_t sum = 0;

    [[nodiscard]] std::uint64_t count() const noexcept {
        std::uint64_t all = 0;
        for (auto const each : counts) {
            all += each;
        }
        return all;
    }
    // What came between the two.
    [[nodiscard]] histogram_view since(histogram_view const& earlier) const noexcept {
        histogram_view made;
        for (std::size_t at = 0; at < counts.size(); ++at) {
            made.counts[at] = counts[at] - std::min(counts[at], earlier.counts[at]);
        }
        made.sum = sum - std::min(sum, earlier.sum);
        return made;
    }
};

template <std::size_t Bounds>
class histogram {
public:
    using bounds_of = std::array<std::int64_t, Bounds>;
    using view = histogram_view<Bounds>;

    constexpr explicit histogram(bounds_of const& bounds) noexcept : bounds_{bounds} {}

    void observe(std::int64_t value, std::uint64_t times = 1) noexcept {
        value = std::max<std::int64_t>(value, 0); // a clock that is ahead
        auto const bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
        counts_[static_cast<std::size_t>(bucket)].fetch_add(times, std::memory_order_relaxed);
        sum_.fetch_add(static_cast<std::uint64_t>(value) * times, std::memory_order_relaxed);
    }
    [[nodiscard]] view seen() const noexcept {
        view made;
        for (std::size_t at = 0; at < counts_.size(); ++at) {
            made.counts[at] = counts_[at].load(std::memory_order_relaxed);
        }
        made.sum = sum_.load(std::memory_order_relaxed);
        return made;
    }

private:
    bounds_of const& bounds_;
    std::array<std::atomic<std::uint64_t>, Bounds + 1> counts_{};
    std::atomic<std::uint64_t> sum_{0};
};

// µs: 0.1 ms to 100 s.
inline constexpr std::array<std::int64_t, 25> latency_bounds{
    100,        180,        320,        560,        1'000,     1'800,     3'200,
    5'600,      10'000,     18'000,     32'000,     56'000,    100'000,   180'000,
    320'000,    560'000,    1'000'000,  1'800'000,  3'200'000, 5'600'000, 10'000'000,
    18'000'000, 32'000'000, 56'000'000, 100'000'000};
using latency_view = histogram_view<latency_bounds.size()>;
class latency_histogram : public histogram<latency_bounds.size()> {
public:
    latency_histogram() noexcept : histogram{latency_bounds} {}
};

inline constexpr std::array<std::int64_t, 13> rows_bounds{
    1, 3, 10, 30, 100, 300, 1'000, 3'000, 10'000, 30'000, 100'000, 300'000, 1'000'000};
using rows_view = histogram_view<rows_bounds.size()>;
class rows_histogram : public histogram<rows_bounds.size()> {
public:
    rows_histogram() noexcept : histogram{rows_bounds} {}
};

// The value below which that share of them lies, between the bounds in proportion; 0 without any.
template <std::size_t Bounds>
[[nodiscard]] double quantile(histogram_view<Bounds> const& of,
                              std::array<std::int64_t, Bounds> const& bounds, double share) {
    auto const all = static_cast<double>(of.count());
    double left = all * share;
    for (std::size_t at = 0; at < of.counts.size() && all > 0; ++at) {
        auto const here = static_cast<double>(of.counts[at]);
        if (left <= here && here > 0) {
            double const low = at == 0 ? 0 : static_cast<double>(bounds[at - 1]);
            double const high = at == Bounds ? low : static_cast<double>(bounds[at]);
            return low + (high - low) * left / here;
        }
        left -= here;
    }
    return 0;
}

} // namespace tandem::engine
