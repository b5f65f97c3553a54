#pragma once
// What the REST answers say, as JSON. The same names in the same order as Connect's own.
// https://kafka.apache.org/39/documentation/#connect_rest

#include "engine/connect/config_state.hpp"
#include "engine/connect/secrets.hpp"
#include "engine/connect/status_state.hpp"
#include "engine/connect/validation.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::connect {

[[nodiscard]] std::string server_body(std::string_view version, std::string_view commit,
                                      std::string_view cluster_id);
[[nodiscard]] std::string health_body(std::string_view status, std::string_view message);
[[nodiscard]] std::string message_body(std::string_view message);
[[nodiscard]] std::string names_body(std::vector<std::string> const& names);

[[nodiscard]] std::string config_body(property_map const& config);
// `tasks`: how many of them there are.
[[nodiscard]] std::string connector_body(std::string_view name, property_map const& config,
                                         std::size_t tasks);
[[nodiscard]] std::string tasks_body(std::string_view name, connector_entry const& of);
[[nodiscard]] std::string tasks_config_body(std::string_view name, connector_entry const& of);
[[nodiscard]] std::string topics_body(std::string_view name, status_state const& known);

// None: no status is known. `restarting`: shown in place of what they are.
struct restarting {
    bool connector = false;
    std::vector<int> tasks = {};
};
[[nodiscard]] std::optional<std::string> status_body(std::string_view name,
                                                     property_map const& config,
                                                     status_state const& known,
                                                     restarting const& what = {});
[[nodiscard]] std::optional<std::string> task_status_body(std::string_view name, int task,
                                                          status_state const& known);

struct expansion {
    bool status = false;
    bool info = false;
};
[[nodiscard]] std::string expanded_body(config_state const& configs, status_state const& statuses,
                                        expansion wanted);

[[nodiscard]] std::string plugins_body(bool connectors_only, std::string_view version);
// Of one plugin, with what all of its kind can be told.
[[nodiscard]] std::string definitions_body(plugin const& of);
[[nodiscard]] std::string verdict_body(config_verdict const& of);

struct logger_level {
    std::string level; // "INFO"
    std::optional<std::int64_t> modified_ms;
};
[[nodiscard]] std::string logger_body(logger_level const& of);
[[nodiscard]] std::string loggers_body(std::map<std::string, logger_level> const& all);

} // namespace tandem::connect
