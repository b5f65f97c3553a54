#pragma once
// What a command gets from the command line, and the list of commands.

#include "engine/config/load.hpp"
#include "engine/config/options.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tandem::tool {

// Flags that are no settings: they say what one call does and have no place in a file.
struct call {
    engine::given flags; // settings given as flags
    std::string config_file;
    engine::options set; // loaded from flags, environment and file before the command runs

    bool json = false;
    bool yes = false;
    bool quiet = false;
    bool verbose = false;
    bool dry_run = false;
    std::string ids; // of init: check, stride; empty: leave them
    bool watch = false;
    bool ready = false;
    std::size_t limit = 20;
    int pace = 25; // percent
    std::string url = "http://127.0.0.1:8083";
    std::string token_file;  // of the instance at `url`
    std::string authorities; // that its certificate is trusted by; empty: the system's
    std::string direction;
    std::string position;
    std::string table;
    std::string key;
    std::string wait = "60s";
    bool all = false;
    std::string repair; // of verify: the file
    bool apply = false;
    std::string winner;
    bool rows = false;
    std::string topic;
    std::string from = "newest";
    std::optional<std::int32_t> partition;
    std::optional<std::uint64_t> count;
    std::string pattern;
    std::string bootstrap;
    std::vector<std::string> names; // of connectors, or of files
    std::string file;
    std::string kind; // of generate completion: bash, zsh, fish
};

// Each returns the exit status; failures are thrown (config_error, command_failed).
int run(call const& now);
int init(call const& now);
int destroy(call const& now);
int doctor(call const& now);
int status(call const& now);
int skip(call const& now);
int verify(call const& now);
int parked_list(call const& now);
int parked_retry(call const& now);
int parked_drop(call const& now);
int table_list(call const& now);
int table_pause(call const& now);
int table_resume(call const& now);
int table_resync(call const& now);
int snapshot_run(call const& now);
int snapshot_status(call const& now);
int ddl_list(call const& now);
int conflict_list(call const& now);
int conflict_show(call const& now);
int conflict_restore(call const& now);
int conflict_export(call const& now);
int topic_list(call const& now);
int topic_describe(call const& now);
int topic_tail(call const& now);
int connect(call const& now);
int connector_list(call const& now);
int connector_get(call const& now);
int connector_apply(call const& now);
int connector_validate(call const& now);
int connector_pause(call const& now);
int connector_resume(call const& now);
int connector_restart(call const& now);
int connector_delete(call const& now);
int config_import(call const& now);
int top(call const& now);
int generate_completion(call const& now);
int generate_man(call const& now);
int generate_grafana(call const& now);
int generate_rules(call const& now);
int generate_systemd(call const& now);
int version(call const& now);

} // namespace tandem::tool
