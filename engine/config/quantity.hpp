#pragma once
// Sizes and durations as people write them. Pure.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::engine {

// "4096", "64KiB", "4MiB", "1GiB" (K, KB and k mean the same: powers of 1024). Nothing else.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text) noexcept;

// "250ms", "5s", "2m", "1h", "1.5s"; a bare "0". Nothing else: a number without unit is ambiguous.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(
    std::string_view text) noexcept;

// The shortest exact form that the parsers above read back: "4MiB", "1500ms".
[[nodiscard]] std::string format_size(std::uint64_t bytes);
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);

} // namespace tandem::engine
