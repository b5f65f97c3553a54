#pragma once
// [[transform]] and [predicate.NAME] of a configuration file. What their keys mean is Kafka Connect's to say.

#include "engine/config/options.hpp"

#include <string>
#include <string_view>

namespace tandem::engine {

// Whether a key of the file's top level is read here.
[[nodiscard]] bool is_of_transforms(std::string_view key) noexcept;

// Texts are taken as they are: ${...} is Kafka Connect's there. A number or a truth is its text, a list its elements with
// commas between, and a table (a key with dots, unquoted) its keys. Throws config_error with file and line.
[[nodiscard]] row_transform_entries transforms_from_toml(std::string_view text,
                                                         std::string const& file_name);

} // namespace tandem::engine
