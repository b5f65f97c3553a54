#pragma once
// Seeded runs: a failing one names its seed, also when it dies of an assertion, and
// TANDEM_SIM_SEED=<seed> repeats just that one.
// TANDEM_SIM_FACTOR=<n> runs n times as many seeds as tools/test does, TANDEM_SIM_DIVISOR=<n> the n-th part (sanitizers).

#include <gtest/gtest.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

namespace tandem::sim {

class dice {
public:
    explicit dice(std::uint64_t seed) : engine_{seed * 0x9E3779B97F4A7C15U + 1} {}

    // 0 .. below-1
    [[nodiscard]] std::uint32_t below(std::uint32_t limit) {
        return static_cast<std::uint32_t>(engine_() % limit);
    }
    [[nodiscard]] std::uint32_t between(std::uint32_t least, std::uint32_t most) {
        return least + below(most - least + 1);
    }
    [[nodiscard]] bool chance(std::uint32_t percent) { return below(100) < percent; }
    template <class T>
    [[nodiscard]] T const& of(std::vector<T> const& list) {
        return list[below(static_cast<std::uint32_t>(list.size()))];
    }

private:
    std::mt19937_64 engine_;
};

inline std::uint64_t seed_in_progress = 0;

inline void name_seed() {
    std::cerr << "failing seed: " << seed_in_progress
              << "  (repeat with TANDEM_SIM_SEED=" << seed_in_progress << ")" << std::endl;
}

// An assertion of the code under test traps: the process ends here anyway.
inline void died(int signal) {
    name_seed();
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

// Calls run(seed) for the seeds 1 .. count and stops at the first that fails.
template <class Run>
void for_seeds(std::uint64_t count, Run const& run) {
    for (int const signal : {SIGILL, SIGTRAP, SIGABRT}) {
        std::signal(signal, died);
    }
    std::uint64_t first = 1;
    if (char const* const factor = std::getenv("TANDEM_SIM_FACTOR")) {
        count *= std::strtoull(factor, nullptr, 10);
    }
    if (char const* const divisor = std::getenv("TANDEM_SIM_DIVISOR")) {
        count = count / std::strtoull(divisor, nullptr, 10) + 1;
    }
    if (char const* const only = std::getenv("TANDEM_SIM_SEED")) {
        first = count = std::strtoull(only, nullptr, 10);
    }
    for (seed_in_progress = first; seed_in_progress <= count; ++seed_in_progress) {
        SCOPED_TRACE("seed " + std::to_string(seed_in_progress));
        run(seed_in_progress);
        if (testing::Test::HasFailure()) {
            name_seed();
            return;
        }
    }
}

} // namespace tandem::sim
