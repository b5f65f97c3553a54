#include "engine/connect/rest_bodies.hpp"

#include "engine/connect/connector_settings.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace tandem::connect {
namespace {

using json = nlohmann::ordered_json;

std::string text_of(json const& what) {
    return what.dump(-1, ' ', false, json::error_handler_t::replace);
}

json json_of(property_map const& config) {
    auto made = json::object();
    for (auto const& [name, value] : config) {
        made[name] = value;
    }
    return made;
}

json json_of(std::optional<std::string> const& text) {
    json made; // null
    if (text) {
        made = *text;
    }
    return made;
}

json json_of(string_list const& texts) {
    auto made = json::array();
    for (auto const& each : texts) {
        made.push_back(each);
    }
    return made;
}

json task_id(std::string_view connector, int task) {
    json made;
    made["connector"] = connector;
    made["task"] = task;
    return made;
}

std::string_view type_of(property_map const& config) {
    auto const named = config.find("connector.class");
    auto const* const found = named == config.end() ? nullptr : find_connector(named->second);
    return found == nullptr ? "unknown" : java_name(found->kind);
}

json info_of(std::string_view name, property_map const& config, std::size_t tasks) {
    json made;
    made["name"] = name;
    made["config"] = json_of(shown(config));
    made["tasks"] = json::array();
    for (std::size_t each = 0; each < tasks; ++each) {
        made["tasks"].push_back(task_id(name, static_cast<int>(each)));
    }
    made["type"] = type_of(config);
    return made;
}

void add_state(json& into, run_status const& of, bool is_restarting) {
    into["state"] = java_name(is_restarting ? run_state::restarting : of.state);
    into["worker_id"] = of.worker;
    if (!of.trace.empty()) {
        into["trace"] = of.trace;
    }
}

std::optional<json> status_of(std::string_view name, property_map const& config,
                              status_state const& known, restarting const& what) {
    auto const* const of = known.connector(name);
    if (of == nullptr) {
        return std::nullopt;
    }
    json made;
    made["name"] = name;
    add_state(made["connector"], *of, what.connector);
    made["tasks"] = json::array();
    for (auto const& [number, status] : known.tasks(name)) {
        json task;
        task["id"] = number;
        add_state(task, status, std::ranges::find(what.tasks, number) != what.tasks.end());
        made["tasks"].push_back(std::move(task));
    }
    made["type"] = type_of(config);
    return made;
}

json definition_of(setting_definition const& of) {
    json made;
    made["name"] = of.name;
    made["type"] = java_name(of.type);
    made["required"] = !of.by_default.has_value();
    made["default_value"] = nullptr;
    if (of.by_default && !std::holds_alternative<std::monostate>(*of.by_default)) {
        made["default_value"] = of.type == setting_type::password
                                    ? std::string{hidden_secret}
                                    : connect::text_of(*of.by_default);
    }
    constexpr std::array<std::string_view, 3> importances{"HIGH", "MEDIUM", "LOW"};
    constexpr std::array<std::string_view, 4> widths{"NONE", "SHORT", "MEDIUM", "LONG"};
    made["importance"] = importances[static_cast<std::size_t>(of.matters)];
    made["documentation"] = of.doc;
    made["group"] = nullptr;
    if (!of.group.empty()) {
        made["group"] = of.group;
    }
    made["width"] = widths[static_cast<std::size_t>(of.width)];
    made["display_name"] = of.display.empty() ? of.name : of.display;
    made["dependents"] = json_of(of.dependents);
    made["order"] = of.order;
    return made;
}

json logger_of(logger_level const& of) {
    json made;
    made["level"] = of.level;
    made["last_modified"] = nullptr;
    if (of.modified_ms) {
        made["last_modified"] = *of.modified_ms;
    }
    return made;
}

} // namespace

std::string server_body(std::string_view version, std::string_view commit,
                        std::string_view cluster_id) {
    json made;
    made["version"] = version;
    made["commit"] = commit;
    made["kafka_cluster_id"] = cluster_id;
    return text_of(made);
}

std::string health_body(std::string_view status, std::string_view message) {
    json made;
    made["status"] = status;
    made["message"] = message;
    return text_of(made);
}

std::string message_body(std::string_view message) {
    json made;
    made["message"] = message;
    return text_of(made);
}

std::string names_body(std::vector<std::string> const& names) {
    return text_of(json_of(names));
}

std::string config_body(property_map const& config) {
    return text_of(json_of(shown(config)));
}

std::string connector_body(std::string_view name, property_map const& config, std::size_t tasks) {
    return text_of(info_of(name, config, tasks));
}

std::string tasks_body(std::string_view name, connector_entry const& of) {
    auto made = json::array();
    for (std::size_t each = 0; each < of.tasks.size(); ++each) {
        json task;
        task["id"] = task_id(name, static_cast<int>(each));
        task["config"] = json_of(shown(of.tasks[each]));
        made.push_back(std::move(task));
    }
    return text_of(made);
}

std::string tasks_config_body(std::string_view name, connector_entry const& of) {
    auto made = json::object();
    for (std::size_t each = 0; each < of.tasks.size(); ++each) {
        made[fmt::format("{}-{}", name, each)] = json_of(shown(of.tasks[each]));
    }
    return text_of(made);
}

std::string topics_body(std::string_view name, status_state const& known) {
    auto topics = json::array();
    for (auto const& [topic, use] : known.topics(name)) {
        topics.push_back(topic);
    }
    json made;
    made[std::string{name}]["topics"] = std::move(topics);
    return text_of(made);
}

std::optional<std::string> status_body(std::string_view name, property_map const& config,
                                       status_state const& known, restarting const& what) {
    auto const made = status_of(name, config, known, what);
    return made ? std::optional{text_of(*made)} : std::nullopt;
}

std::optional<std::string> task_status_body(std::string_view name, int task,
                                            status_state const& known) {
    auto const& tasks = known.tasks(name);
    auto const found = tasks.find(task);
    if (found == tasks.end()) {
        return std::nullopt;
    }
    json made;
    made["id"] = task;
    add_state(made, found->second, false);
    return text_of(made);
}

std::string expanded_body(config_state const& configs, status_state const& statuses,
                          expansion wanted) {
    auto made = json::object();
    for (auto const& [name, entry] : configs.connectors()) {
        auto one = json::object();
        if (wanted.info) {
            one["info"] = info_of(name, entry.config, entry.tasks.size());
        }
        if (wanted.status) {
            auto status = status_of(name, entry.config, statuses, {});
            if (!status) {
                continue; // it is only being made
            }
            one["status"] = std::move(*status);
        }
        made[name] = std::move(one);
    }
    return text_of(made);
}

std::string plugins_body(bool connectors_only, std::string_view version) {
    auto made = json::array();
    for (auto const& each : plugins()) {
        bool const connector = each.kind == plugin_kind::sink || each.kind == plugin_kind::source;
        if (connectors_only && !connector) {
            continue;
        }
        json one;
        one["class"] = each.class_name;
        one["type"] = java_name(each.kind);
        one["version"] = version;
        made.push_back(std::move(one));
    }
    return text_of(made);
}

std::string definitions_body(plugin const& of) {
    auto all = of.definitions();
    auto const add = [&all](setting_definitions more) {
        for (auto& each : more) {
            if (std::ranges::find(all, each.name, &setting_definition::name) == all.end()) {
                all.push_back(std::move(each));
            }
        }
    };
    if (of.kind == plugin_kind::source) {
        add(source_connector_definitions());
    } else if (of.kind == plugin_kind::sink) {
        add(sink_connector_definitions());
    }
    auto made = json::array();
    for (auto const& each : all) {
        made.push_back(definition_of(each));
    }
    return text_of(made);
}

std::string verdict_body(config_verdict const& of) {
    json made;
    made["name"] = of.name;
    made["error_count"] = of.errors;
    made["groups"] = json_of(of.groups);
    made["configs"] = json::array();
    for (auto const& each : of.settings) {
        json one;
        one["definition"] = nullptr;
        one["value"] = nullptr;
        if (each.definition) {
            one["definition"] = definition_of(*each.definition);
        }
        if (each.verdict) {
            auto& value = one["value"];
            auto const& said = *each.verdict;
            value["name"] = said.name;
            value["value"] = json_of(said.value && is_secret(said.name, *said.value)
                                         ? std::optional{std::string{hidden_secret}}
                                         : said.value);
            value["recommended_values"] = json_of(said.recommended);
            value["errors"] = json_of(said.errors);
            value["visible"] = said.visible;
        }
        made["configs"].push_back(std::move(one));
    }
    return text_of(made);
}

std::string logger_body(logger_level const& of) {
    return text_of(logger_of(of));
}

std::string loggers_body(std::map<std::string, logger_level> const& all) {
    auto made = json::object();
    for (auto const& [name, level] : all) {
        made[name] = logger_of(level);
    }
    return text_of(made);
}

} // namespace tandem::connect
