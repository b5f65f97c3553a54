#pragma once
// Connectors as files have them: the JSON of a POST or a PUT, and the .properties of a standalone worker. Pure.

#include "codecs/connect/problem.hpp"
#include "engine/config/definitions.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

struct named_config {
    std::string name;
    property_map config;
};

// JSON: {"name", "config"}, or a configuration with its name in it, or a list of such. Error: config.
[[nodiscard]] outcome<std::vector<named_config>> connectors_of_json(std::string_view text);
// java.util.Properties, with `name` among them. Error: config.
[[nodiscard]] outcome<std::vector<named_config>> connectors_of_properties(std::string_view text);
// By the file's name.
[[nodiscard]] outcome<std::vector<named_config>> connectors_of_file(std::string_view file_name,
                                                                    std::string_view text);

// https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/util/Properties.html#load(java.io.Reader)
[[nodiscard]] property_map parse_properties(std::string_view text);

} // namespace tandem::connect
