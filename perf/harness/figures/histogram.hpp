// Counts of times in microseconds, kept to three significant digits whatever their size (the layout of HdrHistogram).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tandem::perf {

class histogram {
public:
    void record(std::uint64_t microseconds, std::uint64_t times = 1);
    void add(histogram const& other);
    void clear();

    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] std::uint64_t max() const { return max_; }
    [[nodiscard]] double mean() const;
    // The smallest value that this share of all recorded ones does not exceed; 0 when nothing was recorded.
    [[nodiscard]] std::uint64_t quantile(double share) const;

    // Counts by power of two: [i] has the values from 2^(i-1) to below 2^i, [0] those of 0.
    [[nodiscard]] std::vector<std::uint32_t> octaves() const;

    // HdrHistogram's percentile file, values in milliseconds.
    [[nodiscard]] std::string hgrm() const;

private:
    [[nodiscard]] double deviation() const;

    std::vector<std::uint64_t> counts_;
    std::uint64_t count_ = 0;
    std::uint64_t max_ = 0;
};

} // namespace tandem::perf
