// What the REST interface answers without changing anything, and its loggers.

#include "engine/connect/flow/rest.hpp"
#include "engine/connect/flow/rest_answers.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace tandem::connect {
namespace {

struct level_name {
    std::string_view name;
    spdlog::level::level_enum level;
};
constexpr std::array<level_name, 8> levels{{{"OFF", spdlog::level::off},
                                            {"FATAL", spdlog::level::critical},
                                            {"ERROR", spdlog::level::err},
                                            {"WARN", spdlog::level::warn},
                                            {"INFO", spdlog::level::info},
                                            {"DEBUG", spdlog::level::debug},
                                            {"TRACE", spdlog::level::trace},
                                            {"ALL", spdlog::level::trace}}};

std::string current_level() {
    auto const* const found = std::ranges::find(levels, spdlog::get_level(), &level_name::level);
    return std::string{found->name};
}

void set_level(std::string_view name) {
    auto const* const found = std::ranges::find(levels, name, &level_name::name);
    if (found != levels.end()) {
        spdlog::set_level(found->level);
    }
}

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

} // namespace

response rest_face::read(rest_target const& what, request const& asked) const {
    switch (what.what) {
    case rest_call::root:
        return json_response(server_body(version_, "tandem", worker_.topics().cluster_id()));
    case rest_call::list_connectors: {
        auto const query = parse_query(asked.query);
        if (query.contains("expand")) {
            expansion wanted;
            auto const [first, last] = query.equal_range("expand");
            for (auto at = first; at != last; ++at) {
                wanted.status = wanted.status || at->second == "status";
                wanted.info = wanted.info || at->second == "info";
            }
            return json_response(expanded_body(worker_.configs(), worker_.statuses(), wanted));
        }
        std::vector<std::string> names;
        for (auto const& [name, entry] : worker_.configs().connectors()) {
            names.push_back(name);
        }
        return json_response(names_body(names));
    }
    case rest_call::list_plugins: {
        auto const query = parse_query(asked.query);
        return json_response(plugins_body(is_true(query, "connectorsOnly", true), version_));
    }
    case rest_call::plugin_definitions: {
        auto const* const found = find_plugin(what.name);
        return found == nullptr ? not_found(fmt::format("Unknown plugin {}.", what.name))
                                : json_response(definitions_body(*found));
    }
    case rest_call::list_loggers: {
        auto all = loggers_;
        all.try_emplace("root", logger_level{current_level(), std::nullopt});
        return json_response(loggers_body(all));
    }
    case rest_call::get_logger:
        return get_logger(what.name);
    default:
        return read_connector(what);
    }
}

response rest_face::read_connector(rest_target const& what) const {
    auto const& name = what.name;
    auto const* const entry = worker_.configs().find(name);
    if (what.what == rest_call::get_status || what.what == rest_call::get_task_status) {
        bool const whole = what.what == rest_call::get_status;
        auto const body = entry == nullptr ? std::nullopt
                          : whole          ? status_body(name, entry->config, worker_.statuses())
                                           : task_status_body(name, what.task, worker_.statuses());
        return body ? json_response(*body)
                    : not_found(
                          whole ? fmt::format("No status found for connector {}", name)
                                : fmt::format("No status found for task {}-{}", name, what.task));
    }
    if (what.what == rest_call::get_topics) {
        return worker_.setup().topic_tracking ? json_response(topics_body(name, worker_.statuses()))
                                              : error_response(403, "Topic tracking is disabled.");
    }
    if (entry == nullptr) {
        return no_connector(name);
    }
    switch (what.what) {
    case rest_call::get_connector:
        return json_response(connector_body(name, entry->config, entry->tasks.size()));
    case rest_call::get_config:
        return json_response(config_body(entry->config));
    case rest_call::get_tasks:
        return json_response(tasks_body(name, *entry));
    case rest_call::get_tasks_config:
        return json_response(tasks_config_body(name, *entry));
    default:
        return not_found("HTTP 404 Not Found");
    }
}

response rest_face::get_logger(std::string const& name) const {
    auto const found = loggers_.find(name);
    if (found != loggers_.end()) {
        return json_response(logger_body(found->second));
    }
    return name == "root" ? json_response(logger_body({current_level(), std::nullopt}))
                          : not_found(fmt::format("Logger {} not found.", name));
}

// There is one log here: the level of "root", or of tandem's own, is that of all of it.
response rest_face::put_logger(std::string const& name, request const& asked) {
    auto const level = parse_level(asked.body);
    if (!level) {
        return refused(level.error());
    }
    if (name == "root") {
        set_level(*level);
    }
    loggers_[name] = {*level, now_ms()};
    auto const query = parse_query(asked.query);
    auto const scope = query.find("scope");
    if (scope != query.end() && scope->second == "cluster") {
        return empty_response(204);
    }
    return json_response(names_body({name}));
}

} // namespace tandem::connect
