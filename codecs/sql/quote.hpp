#pragma once
// Quoting of names and literals for SQL text. Values travel as parameters wherever the server
// allows.

#include <string>
#include <string_view>

namespace tandem::sql {

// "name" with doubled quotes. The text must be valid in the connection's encoding and hold no zero
// byte.
[[nodiscard]] std::string identifier(std::string_view name);
// "schema"."name"
[[nodiscard]] std::string qualified(std::string_view schema, std::string_view name);
// 'text', or E'text' where it holds a backslash.
[[nodiscard]] std::string literal(std::string_view text);

} // namespace tandem::sql
