#pragma once
// A command as the list of commands has it, and the flags that several of them take.

#include "engine/config/settings.hpp"
#include "tools/tandem/command.hpp"

#include <CLI/CLI.hpp>

#include <vector>

namespace tandem::tool {

struct command_entry {
    char const* name;
    char const* help;
    int (*function)(call const&); // null: it has parts
    std::vector<engine::setting_group> settings;
    void (*own_flags)(CLI::App&, call&);
    std::vector<command_entry> parts{}; // parked list, parked retry ...
};

[[nodiscard]] CLI::Validator whole_number();
void json_flag(CLI::App& app, call& into);
void url_flag(CLI::App& app, call& into);

// Of tandem.parked, tandem.conflict and tandem.ddl.
[[nodiscard]] command_entry parked_commands();
[[nodiscard]] command_entry table_commands();
[[nodiscard]] command_entry ddl_commands();
[[nodiscard]] command_entry conflict_commands();
[[nodiscard]] command_entry resync_command();
[[nodiscard]] command_entry snapshot_commands();
[[nodiscard]] command_entry generate_commands();
[[nodiscard]] command_entry topic_commands();
[[nodiscard]] command_entry connector_commands();

} // namespace tandem::tool
