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

// One command as its help has it, for texts that are made of all of them.
struct told_flag {
    std::vector<std::string> names; // "--url", "-u"
    std::string value;              // "URL"; empty: it takes none
    std::string help;
    bool positional = false;
};
struct told_command {
    std::string path; // "tandem conflict list"; "tandem" itself comes first
    std::string help;
    std::vector<told_flag> flags;
    std::vector<std::string> parts; // names of the commands below it
};
[[nodiscard]] std::vector<told_command> all_commands();

} // namespace tandem::tool
