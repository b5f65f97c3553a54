#pragma once
// What a request to the REST interface asks for: its path, query and body taken apart. Pure.
// https://kafka.apache.org/39/documentation/#connect_rest

#include "engine/connect/config_state.hpp"
#include "engine/connect/offset_state.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

enum class rest_call : std::uint8_t {
    root,
    health,
    list_connectors,
    create,
    get_connector,
    delete_connector,
    get_config,
    put_config,
    patch_config,
    get_status,
    get_tasks,
    get_tasks_config,
    get_task_status,
    restart_task,
    restart,
    pause,
    resume,
    stop,
    get_topics,
    reset_topics,
    get_offsets,
    patch_offsets,
    reset_offsets,
    list_plugins,
    plugin_definitions,
    validate,
    list_loggers,
    get_logger,
    put_logger,
};

// An answer that is decided without looking further.
struct rest_refusal {
    int status = 404;
    std::string what;
};

struct rest_target {
    rest_call what = rest_call::root;
    std::string name; // of the connector, plugin or logger
    int task = 0;
};

// `path` as sent, without its query. Error: 404, or 405 for a path that there is.
[[nodiscard]] boost::system::result<rest_target, rest_refusal> find_target(std::string_view method,
                                                                           std::string_view path);

// Percent-encoding undone; what is none stays.
[[nodiscard]] std::string percent_decoded(std::string_view text);
// One segment of a path.
[[nodiscard]] std::string percent_encoded(std::string_view text);

// By name, in the order of the query.
using query_values = std::multimap<std::string, std::string, std::less<>>;
[[nodiscard]] query_values parse_query(std::string_view query);
// Anything but "true" in any case is false.
[[nodiscard]] bool is_true(query_values const& query, std::string_view name, bool by_default);

// --- bodies: what is no JSON, or none of the kind, is status 500, as Connect has it ---------------------------------
// A configuration: texts, and numbers and truth values as texts. `nulls`: names whose value is null.
struct sent_config {
    property_map values;
    string_list nulls;
};
[[nodiscard]] boost::system::result<sent_config, rest_refusal> parse_config(std::string_view body);

struct create_request {
    std::string name; // trimmed
    sent_config config;
    std::optional<target_state> state;
};
[[nodiscard]] boost::system::result<create_request, rest_refusal> parse_create(
    std::string_view body);

// None: the list is missing, null or empty.
[[nodiscard]] boost::system::result<std::optional<std::vector<connector_offset>>, rest_refusal>
parse_offsets(std::string_view body);

// The level that a logger is to have. Errors: 400 without one, 404 for one that there is not.
[[nodiscard]] boost::system::result<std::string, rest_refusal> parse_level(std::string_view body);

[[noreturn]] void throw_exception_from_error(rest_refusal const& error,
                                             boost::source_location const& at);

} // namespace tandem::connect
