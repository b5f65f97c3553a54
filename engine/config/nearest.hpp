#pragma once
// "Did you mean": the known word nearest to an unknown one. Pure.

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tandem::engine {

// Nearest by edit distance (insert, delete, replace, swap of neighbours), if it is near enough to be
// what the user meant: at most a third of the word's length.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word,
                                                 std::span<std::string const> known);

} // namespace tandem::engine
