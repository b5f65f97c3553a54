#include "perf/harness/figures/zipf.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace tandem::perf {

namespace {

double zeta(std::uint64_t keys, double skew) {
    double sum = 0;
    for (std::uint64_t rank = 1; rank <= keys; ++rank) {
        sum += 1 / std::pow(static_cast<double>(rank), skew);
    }
    return sum;
}

} // namespace

// Gray et al., "Quickly generating billion-record synthetic databases" (1994): the first two ranks exactly, the others
// by the inverse of the integral.
zipf::zipf(std::uint64_t keys, double skew)
    : keys_(keys),
      alpha_(1 / (1 - skew)),
      zeta_(zeta(keys, skew)),
      eta_(0),
      second_(1 + std::pow(0.5, skew)) {
    if (keys == 0 || skew < 0 || skew >= 1) {
        throw std::invalid_argument("zipf: at least one key, a skew from 0 to below 1");
    }
    if (keys > 2) {
        eta_ =
            (1 - std::pow(2.0 / static_cast<double>(keys), 1 - skew)) / (1 - zeta(2, skew) / zeta_);
    }
}

std::uint64_t zipf::operator()(std::mt19937_64& random) const {
    double const drawn = std::uniform_real_distribution<>(0, 1)(random);
    double const scaled = drawn * zeta_;
    if (scaled < 1 || keys_ == 1) {
        return 0;
    }
    if (scaled < second_ || keys_ == 2) {
        return 1;
    }
    auto const rank = static_cast<std::uint64_t>(static_cast<double>(keys_) *
                                                 std::pow(eta_ * drawn - eta_ + 1, alpha_));
    return std::min(rank, keys_ - 1);
}

std::uint64_t scattered(std::uint64_t rank, std::uint64_t keys) {
    // Multiplying by what shares no factor with the number of keys visits each of them once.
    if (keys == 0 || keys > std::uint64_t{1} << 32) { // their products fit
        throw std::invalid_argument("scattered: 1 to 2^32 keys");
    }
    std::uint64_t factor = 2654435761 % keys;
    while (std::gcd(factor, keys) != 1) {
        ++factor;
    }
    return rank * factor % keys;
}

} // namespace tandem::perf
