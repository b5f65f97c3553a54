#include "engine/connect/config_state.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <charconv>
#include <utility>

namespace tandem::connect {
namespace {

using nlohmann::json;

constexpr std::string_view connector_prefix = "connector-";
constexpr std::string_view task_prefix = "task-";
constexpr std::string_view commit_prefix = "commit-";
constexpr std::string_view target_prefix = "target-state-";
constexpr std::string_view restart_prefix = "restart-connector-";
constexpr std::array<std::string_view, 3> others{"tasks-fencing-", "session-key",
                                                 "logger-cluster-"};
constexpr int tasks_most = 10'000;

constexpr std::array<std::string_view, 3> targets{"STARTED", "PAUSED", "STOPPED"};

// An object; a discarded one for anything else.
json object_of(std::optional<std::string_view> text) {
    if (!text) {
        return json(json::value_t::discarded);
    }
    auto read = json::parse(*text, nullptr, false);
    return read.is_object() ? read : json(json::value_t::discarded);
}

problem wrong(std::string_view key, std::string_view what) {
    return {problem_kind::connect,
            fmt::format("record {} of the configuration topic is passed over: {}", key, what)};
}

// "properties", whose values are texts all.
std::optional<property_map> properties_of(json const& read) {
    auto const found = read.find("properties");
    if (found == read.end() || !found->is_object()) {
        return std::nullopt;
    }
    property_map made;
    for (auto const& [name, text] : found->items()) {
        if (text.is_null()) { // as a worker stores what was given so; it is not given
            continue;
        }
        if (!text.is_string()) {
            return std::nullopt;
        }
        made.emplace(name, text.get<std::string>());
    }
    return made;
}

std::optional<target_state> target_of(json const& read, char const* name) {
    auto const found = read.find(name);
    if (found == read.end() || !found->is_string()) {
        return std::nullopt;
    }
    for (std::size_t each = 0; each < targets.size(); ++each) {
        if (targets[each] == found->get_ref<std::string const&>()) {
            return static_cast<target_state>(each);
        }
    }
    return std::nullopt;
}

std::string text_of(json const& of) {
    return of.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace

std::string_view java_name(target_state of) noexcept {
    return targets[static_cast<std::size_t>(of)];
}

connector_entry const* config_state::find(std::string_view name) const {
    auto const found = connectors_.find(name);
    return found == connectors_.end() ? nullptr : &found->second;
}

outcome<config_state::told> config_state::take(std::string_view key,
                                               std::optional<std::string_view> value) {
    auto const rest = [key](std::string_view prefix) {
        return std::string{key.substr(prefix.size())};
    };
    if (key.starts_with(target_prefix)) {
        return take_target(rest(target_prefix), value);
    }
    if (key.starts_with(connector_prefix)) {
        return take_connector(rest(connector_prefix), value);
    }
    if (key.starts_with(restart_prefix)) {
        return take_restart(rest(restart_prefix), value);
    }
    if (key.starts_with(commit_prefix)) {
        return take_commit(rest(commit_prefix), value);
    }
    for (auto const each : others) {
        if (key.starts_with(each)) {
            return told{};
        }
    }
    if (key.starts_with(task_prefix)) {
        return take_task(key.substr(task_prefix.size()), value);
    }
    return wrong(key, "it is none that Connect writes");
}

outcome<config_state::told> config_state::take_connector(std::string name,
                                                         std::optional<std::string_view> value) {
    if (!value) {
        uncommitted_.erase(name);
        targets_.erase(name);
        bool const there = connectors_.erase(name) > 0;
        return told{there ? change::removed : change::none, std::move(name)};
    }
    auto config = properties_of(object_of(value));
    if (!config) {
        return wrong(fmt::format("{}{}", connector_prefix, name), "it has no properties");
    }
    auto& entry = connectors_[name];
    entry.config = std::move(*config);
    auto const target = targets_.find(name);
    entry.target = target == targets_.end() ? target_state::started : target->second;
    return told{change::connector, std::move(name)};
}

outcome<config_state::told> config_state::take_target(std::string name,
                                                      std::optional<std::string_view> value) {
    std::optional<target_state> target;
    if (value) {
        auto const read = object_of(value);
        if (!read.is_discarded()) {
            target = target_of(read, "state.v2"); // an older worker writes the other one alone
            target = target ? target : target_of(read, "state");
        }
        if (!target) {
            return wrong(fmt::format("{}{}", target_prefix, name), "it names no state");
        }
        targets_[name] = *target;
    } else {
        targets_.erase(name);
    }
    auto const found = connectors_.find(name);
    auto const now = target.value_or(target_state::started);
    if (found == connectors_.end() || std::exchange(found->second.target, now) == now || !value) {
        return told{change::none, std::move(name)};
    }
    return told{change::target, std::move(name)};
}

outcome<config_state::told> config_state::take_task(std::string_view name_and_number,
                                                    std::optional<std::string_view> value) {
    auto const dash = name_and_number.rfind('-');
    auto const number = name_and_number.substr(std::min(dash, name_and_number.size() - 1) + 1);
    int task = 0;
    auto const [stop, failed] = std::from_chars(number.data(), number.data() + number.size(), task);
    bool const numbered = dash != std::string_view::npos && failed == std::errc{} &&
                          stop == number.data() + number.size() && task >= 0 && task < tasks_most;
    auto const config = numbered ? properties_of(object_of(value)) : std::nullopt;
    if (!config) {
        return wrong(fmt::format("{}{}", task_prefix, name_and_number),
                     numbered ? "it has no properties" : "it names no task");
    }
    uncommitted_[std::string{name_and_number.substr(0, dash)}][task] = *config;
    return told{};
}

outcome<config_state::told> config_state::take_commit(std::string name,
                                                      std::optional<std::string_view> value) {
    auto const found = connectors_.find(name);
    if (found == connectors_.end()) { // removed, and compaction has left this behind
        uncommitted_.erase(name);
        return told{change::none, std::move(name)};
    }
    auto const read = object_of(value);
    auto const count = read.is_discarded() ? read.end() : read.find("tasks");
    if (read.is_discarded() || count == read.end() || !count->is_number_integer() ||
        count->get<std::int64_t>() < 0 || count->get<std::int64_t>() > tasks_most) {
        return wrong(fmt::format("{}{}", commit_prefix, name), "it does not say how many tasks");
    }
    auto const tasks = count->get<std::size_t>();
    auto& entry = found->second;
    auto waiting = std::exchange(uncommitted_[name], {});
    std::vector<property_map> made = entry.tasks;
    made.resize(tasks);
    std::vector<bool> known(tasks, false);
    std::fill_n(known.begin(), std::min(tasks, entry.tasks.size()), true);
    for (auto& [task, config] : waiting) {
        if (std::cmp_less(task, tasks)) {
            made[static_cast<std::size_t>(task)] = std::move(config);
            known[static_cast<std::size_t>(task)] = true;
        }
    }
    entry.inconsistent = std::ranges::find(known, false) != known.end();
    if (entry.inconsistent) {
        return told{change::none, std::move(name)};
    }
    entry.tasks = std::move(made);
    return told{change::tasks, std::move(name)};
}

outcome<config_state::told> config_state::take_restart(std::string name,
                                                       std::optional<std::string_view> value) {
    auto const read = object_of(value);
    if (read.is_discarded()) {
        return wrong(fmt::format("{}{}", restart_prefix, name), "it is no request");
    }
    auto const is = [&read](char const* what) {
        auto const found = read.find(what);
        return found != read.end() && found->is_boolean() && found->get<bool>();
    };
    return told{change::restart, std::move(name), is("only-failed"), is("include-tasks")};
}

topic_record config_record(std::string_view connector, property_map const& config) {
    return {fmt::format("{}{}", connector_prefix, connector),
            text_of(json{{"properties", config}})};
}

topic_record target_record(std::string_view connector, target_state target) {
    nlohmann::ordered_json value;
    // Workers before 3.5 know no third state.
    value["state"] = java_name(target == target_state::stopped ? target_state::paused : target);
    value["state.v2"] = java_name(target);
    return {fmt::format("{}{}", target_prefix, connector), value.dump()};
}

std::vector<topic_record> task_records(std::string_view connector,
                                       std::vector<property_map> const& tasks) {
    std::vector<topic_record> made;
    for (std::size_t task = 0; task < tasks.size(); ++task) {
        made.push_back({fmt::format("{}{}-{}", task_prefix, connector, task),
                        text_of(json{{"properties", tasks[task]}})});
    }
    made.push_back({fmt::format("{}{}", commit_prefix, connector),
                    fmt::format(R"({{"tasks":{}}})", tasks.size())});
    return made;
}

std::vector<topic_record> removal_records(std::string_view connector) {
    return {{fmt::format("{}{}", connector_prefix, connector), std::nullopt},
            {fmt::format("{}{}", target_prefix, connector), std::nullopt}};
}

topic_record restart_record(std::string_view connector, bool only_failed, bool with_tasks) {
    return {fmt::format("{}{}", restart_prefix, connector),
            fmt::format(R"({{"include-tasks":{},"only-failed":{}}})", with_tasks, only_failed)};
}

} // namespace tandem::connect
