#pragma once
// The one table of settings: flag, environment variable, file key, help and how a value is read all
// come from here.

#include "engine/config/options.hpp"

#include <span>
#include <string>
#include <string_view>

namespace tandem::engine {

// Which commands take a setting as a flag. A file may hold all of them whatever the command is.
enum class setting_group {
    nodes,  // every command that connects to the databases
    tables, // those that look at tables
    set_up, // init, run and doctor
    run,
    brokers, // run, topic and connect
    kafka,   // run, and topic
    listen,  // run and connect
    checked, // run, and doctor, which looks whether they can be had
    log,     // all
};

struct setting {
    enum class kind {
        value,
        text,   // a value that a file must quote: any number would be taken for a name
        list,   // of texts
        toggle, // a flag without value; "true" switches it on
    };

    std::string_view
        name; // "batch-rows": --batch-rows, TANDEM_BATCH_ROWS, batch-rows or batch_rows
    kind takes;
    setting_group group;
    std::string_view value; // placeholder in help: "N", "SIZE"
    std::string help;       // one sentence, with unit and default
    // Takes one text into the options (a list setting: appends). Throws config_error saying what is
    // expected; the caller adds where the text came from.
    void (*set)(options& into, std::string const& text);
    char letter = '\0'; // of the short flag; none
    // ${env:NAME} and ${file:PATH} are replaced in flags and variables too, not only in a file.
    bool holds_secrets = false;
};

[[nodiscard]] std::span<setting const> settings();
[[nodiscard]] setting const* find_setting(std::string_view name) noexcept;

// "batch-rows" -> "TANDEM_BATCH_ROWS"
[[nodiscard]] std::string environment_name(std::string_view setting_name);

} // namespace tandem::engine
