#include "engine/connect/status_state.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <charconv>
#include <utility>

namespace tandem::connect {
namespace {

using nlohmann::json;

constexpr std::string_view connector_prefix = "status-connector-";
constexpr std::string_view task_prefix = "status-task-";
constexpr std::string_view topic_prefix = "status-topic-";
constexpr std::string_view topic_separator = ":connector-";
constexpr std::array<std::string_view, 6> states{"UNASSIGNED", "RUNNING",    "PAUSED",
                                                 "FAILED",     "RESTARTING", "STOPPED"};

problem wrong(std::string_view key, std::string_view what) {
    return {problem_kind::connect,
            fmt::format("record {} of the status topic is passed over: {}", key, what)};
}

std::optional<std::int64_t> number_of(json const& read, char const* name) {
    auto const found = read.find(name);
    return found != read.end() && found->is_number_integer()
               ? std::optional{found->get<std::int64_t>()}
               : std::nullopt;
}

std::string text_of(json const& read, char const* name) {
    auto const found = read.find(name);
    return found != read.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::optional<run_status> status_of(std::string_view text) {
    auto const read = json::parse(text, nullptr, false);
    if (!read.is_object()) {
        return std::nullopt;
    }
    auto const name = text_of(read, "state");
    auto const* const found = std::ranges::find(states, name);
    auto const generation = number_of(read, "generation");
    if (found == states.end() || !generation) {
        return std::nullopt;
    }
    return run_status{static_cast<run_state>(found - states.begin()), text_of(read, "worker_id"),
                      *generation, text_of(read, "trace")};
}

std::string value_of(run_status const& status) {
    nlohmann::ordered_json value;
    value["state"] = java_name(status.state);
    value["trace"] = nullptr;
    if (!status.trace.empty()) {
        value["trace"] = status.trace;
    }
    value["worker_id"] = status.worker;
    value["generation"] = status.generation;
    return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

} // namespace

std::string_view java_name(run_state of) noexcept {
    return states[static_cast<std::size_t>(of)];
}

outcome<void> status_state::take(std::string_view key, std::optional<std::string_view> value) {
    if (key.starts_with(connector_prefix)) {
        std::string name{key.substr(connector_prefix.size())};
        auto status = value ? status_of(*value) : std::nullopt;
        if (name.empty() || (value && !status)) {
            return wrong(key, name.empty() ? "it names no connector" : "it is no status");
        }
        // Two may have taken it when it was free; who lets it go says so after the other has it. Generations, which
        // every worker counts by itself, do not tell.
        auto& before = connectors_[name].itself;
        bool const stale = status && before && status->state == run_state::unassigned &&
                           before->state != run_state::unassigned &&
                           before->worker != status->worker;
        if (!stale) {
            before = std::move(status);
        }
        return boost::system::in_place_value;
    }
    if (key.starts_with(task_prefix)) {
        auto const rest = key.substr(task_prefix.size());
        auto const dash = rest.rfind('-');
        auto const number = dash == std::string_view::npos ? rest : rest.substr(dash + 1);
        int task = 0;
        auto const [stop, failed] =
            std::from_chars(number.data(), number.data() + number.size(), task);
        if (dash == std::string_view::npos || dash == 0 || failed != std::errc{} ||
            stop != number.data() + number.size()) {
            return wrong(key, "it names no task");
        }
        auto& tasks = connectors_[std::string{rest.substr(0, dash)}].tasks;
        if (!value) {
            tasks.erase(task);
            return boost::system::in_place_value;
        }
        auto status = status_of(*value);
        if (!status) {
            return wrong(key, "it is no status");
        }
        // A worker that lost the task says so after another one has begun it.
        auto const before = tasks.find(task);
        bool const stale = status->state == run_state::unassigned && before != tasks.end() &&
                           before->second.state == run_state::running &&
                           before->second.generation >= status->generation;
        if (!stale) {
            tasks[task] = std::move(*status);
        }
        return boost::system::in_place_value;
    }
    if (!key.starts_with(topic_prefix)) {
        return wrong(key, "it is none that Connect writes");
    }
    auto const rest = key.substr(topic_prefix.size());
    auto const between = rest.find(topic_separator);
    if (between == std::string_view::npos || between == 0 ||
        between + topic_separator.size() == rest.size()) {
        return wrong(key, "it names no topic and connector");
    }
    std::string const topic{rest.substr(0, between)};
    auto& topics = connectors_[std::string{rest.substr(between + topic_separator.size())}].topics;
    if (!value) {
        topics.erase(topic);
        return boost::system::in_place_value;
    }
    auto const read = json::parse(*value, nullptr, false);
    auto const found = read.is_object() ? read.find("topic") : read.end();
    if (!read.is_object() || found == read.end() || !found->is_object()) {
        return wrong(key, "it tells of no topic");
    }
    topics[topic] = {static_cast<int>(number_of(*found, "task").value_or(0)),
                     number_of(*found, "discoverTimestamp").value_or(0)};
    return boost::system::in_place_value;
}

status_state::known const* status_state::find(std::string_view connector) const {
    auto const found = connectors_.find(connector);
    return found == connectors_.end() ? nullptr : &found->second;
}

run_status const* status_state::connector(std::string_view name) const {
    auto const* const of = find(name);
    return of == nullptr || !of->itself ? nullptr : &*of->itself;
}

std::map<int, run_status> const& status_state::tasks(std::string_view connector) const {
    static std::map<int, run_status> const none;
    auto const* const of = find(connector);
    return of == nullptr ? none : of->tasks;
}

std::map<std::string, used_topic> const& status_state::topics(std::string_view connector) const {
    static std::map<std::string, used_topic> const none;
    auto const* const of = find(connector);
    return of == nullptr ? none : of->topics;
}

topic_record connector_status_record(std::string_view connector, run_status const& status) {
    return {fmt::format("{}{}", connector_prefix, connector), value_of(status)};
}

topic_record task_status_record(std::string_view connector, int task, run_status const& status) {
    return {fmt::format("{}{}-{}", task_prefix, connector, task), value_of(status)};
}

topic_record used_topic_record(std::string_view connector, std::string_view topic,
                               used_topic const& use) {
    nlohmann::ordered_json made;
    auto& about = made["topic"];
    about["name"] = topic;
    about["connector"] = connector;
    about["task"] = use.task;
    about["discoverTimestamp"] = use.discovered_ms;
    return {fmt::format("{}{}{}{}", topic_prefix, topic, topic_separator, connector), made.dump()};
}

std::vector<topic_record> forget_topic_records(std::string_view connector,
                                               status_state const& known) {
    std::vector<topic_record> made;
    for (auto const& [topic, unused] : known.topics(connector)) {
        made.push_back({fmt::format("{}{}{}{}", topic_prefix, topic, topic_separator, connector),
                        std::nullopt});
    }
    return made;
}

topic_record no_task_record(std::string_view connector, int task) {
    return {fmt::format("{}{}-{}", task_prefix, connector, task), std::nullopt};
}

std::vector<topic_record> forget_records(std::string_view connector, status_state const& known) {
    std::vector<topic_record> made{
        {fmt::format("{}{}", connector_prefix, connector), std::nullopt}};
    for (auto const& [task, unused] : known.tasks(connector)) {
        made.push_back(no_task_record(connector, task));
    }
    auto topics = forget_topic_records(connector, known);
    made.insert(made.end(), topics.begin(), topics.end());
    return made;
}

} // namespace tandem::connect
