#pragma once
// The types of conflict that are counted apart: the words in tandem.conflict, PostgreSQL's where it has one.

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace tandem::engine {

inline constexpr std::array<std::string_view, 9> conflict_types{
    "insert_exists",           "update_origin_differs",
    "update_missing",          "update_exists",
    "update_deleted",          "delete_origin_differs",
    "truncate_origin_differs", "multiple_unique_conflicts",
    "foreign_key_missing"};

// What is of none of these types has the place behind theirs.
[[nodiscard]] constexpr std::size_t conflict_index(std::string_view type) noexcept {
    auto const found = std::ranges::find(conflict_types, type);
    return static_cast<std::size_t>(found - conflict_types.begin());
}

[[nodiscard]] constexpr std::string_view conflict_name(std::size_t index) noexcept {
    return index < conflict_types.size() ? conflict_types[index] : "other";
}

template <class Count>
using by_conflict_type = std::array<Count, conflict_types.size() + 1>;

} // namespace tandem::engine
