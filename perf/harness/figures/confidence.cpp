#include "perf/harness/figures/confidence.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <vector>

namespace tandem::perf {

double student_t(unsigned degrees) {
    static constexpr std::array<double, 30> table{
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
        2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
        2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
    if (degrees == 0) {
        throw std::invalid_argument("student_t: at least one degree of freedom");
    }
    if (degrees <= table.size()) {
        return table[degrees - 1];
    }
    // Cornish and Fisher's expansion around the normal distribution; exact to three digits from here on.
    double const z = 1.959964;
    double const n = degrees;
    return z + (z * z * z + z) / (4 * n) +
           (5 * std::pow(z, 5) + 16 * z * z * z + 3 * z) / (96 * n * n);
}

double median(std::span<double const> values) {
    if (values.empty()) {
        throw std::invalid_argument("median of nothing");
    }
    std::vector<double> sorted(values.begin(), values.end());
    std::ranges::sort(sorted);
    std::size_t const middle = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

interval paired_ratio(std::span<double const> left, std::span<double const> right) {
    if (left.size() != right.size() || left.size() < 2) {
        throw std::invalid_argument("a confidence interval needs at least two pairs");
    }
    auto const count = static_cast<double>(left.size());
    std::vector<double> logs;
    double sum = 0;
    for (std::size_t pair = 0; pair < left.size(); ++pair) {
        if (!(left[pair] > 0) || !(right[pair] > 0)) {
            throw std::invalid_argument("a ratio needs values above 0");
        }
        logs.push_back(std::log(left[pair] / right[pair]));
        sum += logs.back();
    }
    double const mean = sum / count;
    double squares = 0;
    for (double const each : logs) {
        squares += (each - mean) * (each - mean);
    }
    double const error = std::sqrt(squares / (count - 1) / count);
    double const reach = student_t(static_cast<unsigned>(left.size() - 1)) * error;
    return {std::exp(mean - reach), std::exp(mean), std::exp(mean + reach)};
}

} // namespace tandem::perf
