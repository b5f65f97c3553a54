#pragma once
// Names of columns within definitions, as servers write them (pg_get_constraintdef, pg_get_indexdef). Pure.

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::engine::ddl {

// By the name in the text: the one that the column has now; none: the column is gone.
using column_names = std::map<std::string, std::optional<std::string>, std::less<>>;

// The text with these names. None where it names a column that is gone. What stands in '...', in the name of a type or a
// collation, behind a point or before a parenthesis, is no column.
[[nodiscard]] std::optional<std::string> with_names(std::string_view text, column_names const& now);

} // namespace tandem::engine::ddl
