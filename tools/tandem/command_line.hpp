#pragma once
// The commands and their flags as CLI11 sees them.

#include "tools/tandem/command.hpp"

#include <functional>
#include <string>
#include <vector>

namespace tandem::tool {

// What main() has to do.
struct parsed {
    std::function<int(call const&)> command; // empty: only `print` and end with `status`
    call with;
    std::string print;
    int status = 0;
};

// Never throws for what the user typed: a mistake comes back as text and status 2.
[[nodiscard]] parsed parse_command_line(int argc, char const* const* argv);

} // namespace tandem::tool
