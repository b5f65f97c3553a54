#pragma once
// Values that a configuration points to in place of holding them: ${file:PATH:KEY}, ${env:NAME}, ${directory:PATH:FILE}.
// https://kafka.apache.org/39/documentation/#config_providers

#include "codecs/connect/problem.hpp"
#include "engine/config/definitions.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

struct provider_rules {
    // config.providers: by name, which of the kinds it is: "file", "env" or "directory". Others stay as they are written.
    std::map<std::string, std::string, std::less<>> kinds{
        {"file", "file"}, {"env", "env"}, {"directory", "directory"}};
    // allowed.paths, of files and directories; empty: all.
    std::vector<std::string> paths;
    // allowlist.pattern, of variables; empty: all.
    std::string variables;
};

// With what is pointed to in its place. Error: config, with the name of the setting and never a value.
[[nodiscard]] outcome<property_map> resolve_references(property_map const& config,
                                                       provider_rules const& rules);

// A message of whoever ran with it: with the references in the place of what they point to now.
[[nodiscard]] std::string with_references(std::string message, property_map const& config,
                                          provider_rules const& rules);

} // namespace tandem::connect
