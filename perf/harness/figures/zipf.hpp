// Keys of which few are asked for often: the k-th most popular in proportion to 1 / k^skew.
#pragma once

#include <cstdint>
#include <random>

namespace tandem::perf {

class zipf {
public:
    // skew is at least 0 (all alike) and below 1
    zipf(std::uint64_t keys, double skew);

    // A rank from 0, which is the most popular, to keys - 1.
    [[nodiscard]] std::uint64_t operator()(std::mt19937_64& random) const;

private:
    std::uint64_t keys_;
    double alpha_;
    double zeta_;
    double eta_;
    double second_; // where the draw of rank 1 ends
};

// The same keys in another order, so that popular ones are not neighbours: a bijection on 0 ... keys - 1.
[[nodiscard]] std::uint64_t scattered(std::uint64_t rank, std::uint64_t keys);

} // namespace tandem::perf
