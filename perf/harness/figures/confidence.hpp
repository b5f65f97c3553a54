// Whether one system is faster than another, from runs taken in pairs.
#pragma once

#include <span>

namespace tandem::perf {

struct interval {
    double low = 0;
    double middle = 0;
    double high = 0;
};

// The ratio left / right of pairs that were taken one after the other: its geometric mean, and between which two values
// it lies with 95 % confidence (Student's t on the logarithms). At least two pairs, all values above 0.
[[nodiscard]] interval paired_ratio(std::span<double const> left, std::span<double const> right);

[[nodiscard]] double median(std::span<double const> values);

// What 97.5 % of Student's t with so many degrees of freedom do not exceed.
[[nodiscard]] double student_t(unsigned degrees);

} // namespace tandem::perf
