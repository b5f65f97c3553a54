#pragma once
// The row all benchmarks use: chat_message with 7 columns and about 250 bytes, as pgoutput sends it.

#include "tests/support/pgoutput_builder.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace tandem::perf {

inline wire::columns chat_message(std::size_t id, std::size_t likes) {
    return {
        wire::text(std::to_string(1'000'000 + id)),
        wire::text(std::to_string(id % 100)),
        wire::text(fmt::format("user_{}", id % 5000)),
        wire::text(std::string(120, static_cast<char>('a' + id % 26))),
        id % 16 == 0 ? wire::null() : wire::text("2026-11-22 18:16:00.123456+00"),
        wire::text(std::to_string(likes)),
        wire::text(fmt::format(R"({{"client": "web", "edited": false, "n": {}}})", id)),
    };
}

// What every benchmark reports: seconds per row (shown as "17n"), allocations and bytes per row.
inline void report(benchmark::State& state, std::size_t rows, std::size_t bytes,
                   std::uint64_t allocated) {
    using benchmark::Counter;
    auto const all_rows = static_cast<double>(state.iterations()) * static_cast<double>(rows);
    state.counters["time_per_row"] = Counter(all_rows, Counter::kIsRate | Counter::kInvert);
    state.counters["rows"] = static_cast<double>(rows);
    state.counters["allocations_per_row"] = static_cast<double>(allocated) / all_rows;
    state.counters["bytes_per_row"] = static_cast<double>(bytes) / static_cast<double>(rows);
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

} // namespace tandem::perf
