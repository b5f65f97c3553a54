#pragma once
// A change as JSON for people who look on: what they need to see what happened, cut to a bounded size. Pure.

#include "engine/core/change.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace tandem::engine {

struct change_witness {
    std::string_view source;
    std::string_view target;
    std::string_view verdict; // applied, parked
    transaction_header const* transaction = nullptr;
    std::int64_t at_us = 0; // unix µs, of the verdict
    // Columns whose values are not shown; none: all are.
    std::function<bool(std::string_view, std::string_view, std::string_view)> const* hides =
        nullptr;
};

// {"at","committed","direction":"a:b","verdict","op":"insert","schema","table","xid","position","key":{NAME:TEXT},
//  "columns":[{"name","old","new"}],"more":N}
// Values are texts, null, or absent where they did not travel; of an update only what is known to differ.
[[nodiscard]] std::string shown_change(change const& what, change_witness const& by);

// As much of a value as is shown.
inline constexpr std::size_t shown_bytes_most = 160;
inline constexpr std::size_t shown_columns_most = 24;

} // namespace tandem::engine
