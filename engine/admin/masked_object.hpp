#pragma once
// Rows and keys without the values of columns that --mask names. Pure.

#include <functional>
#include <string>
#include <string_view>

namespace tandem::engine {

inline constexpr std::string_view hidden_value =
    "\xE2\x80\xA2\xE2\x80\xA2\xE2\x80\xA2"; // three dots

// Columns whose values nobody is to see.
using column_hider = std::function<bool(std::string_view column)>;

struct masked_text {
    std::string json;
    bool any = false; // something was hidden
};
// `object`: JSON, by column; what is none stays as it is.
[[nodiscard]] masked_text masked_object(std::string object, column_hider const& hides);

} // namespace tandem::engine
