#pragma once
// What event_tool is told: its settings, and the types and columns of the database that the records are of.

#include "codecs/event/value_kind.hpp"
#include "codecs/event/value_options.hpp"

#include <map>
#include <string>
#include <vector>

namespace tandem::event {

using settings = std::map<std::string, std::string>;

// KEY=VALUE of the keys that event_tool.cpp describes; those without which nothing can be done must be there. Throws
// std::invalid_argument.
[[nodiscard]] settings read_settings(std::vector<std::string> const& arguments);
[[nodiscard]] std::vector<std::string> split(std::string const& line, char at);
// Of files that event_tool.cpp describes.
[[nodiscard]] type_table read_types(std::string const& path);
[[nodiscard]] value_options options_of(settings const& given);
[[nodiscard]] bool is_set(settings const& given, std::string const& key);

// read_records.cpp: standard input's records, decoded, to standard output.
void read_records(settings const& given);

} // namespace tandem::event
