#pragma once
// Table patterns: what --tables and --exclude take. Pure.

#include "engine/config/options.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tandem::engine {

// Reads  [schema.]table [(column, ...)] [where CONDITION]
// Names are folded to lower case unless "quoted", as in SQL; * and ? are wild outside quotes; the
// schema defaults to public. Throws config_error with the reason.
[[nodiscard]] table_pattern parse_table_pattern(std::string_view text);

// Whether `name` matches `pattern`: * any run, ? one character (UTF-8), \ takes the next literally.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view name) noexcept;

[[nodiscard]] bool matches(table_pattern const& pattern, std::string_view schema,
                           std::string_view table) noexcept;

// Whether one of them names that column of that table.
[[nodiscard]] bool hides(std::vector<table_pattern> const& masks, std::string_view schema,
                         std::string_view table, std::string_view column) noexcept;

} // namespace tandem::engine
