#include "engine/connect/flow/rest.hpp"

#include "engine/connect/flow/rest_answers.hpp"
#include "engine/connect/origin_recipe.hpp"
#include "engine/connect/source_settings.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tandem::connect {
namespace {

bool accepts_json(std::string const& accept) {
    return accept.empty() || accept.find("*/*") != std::string::npos ||
           accept.find("application/*") != std::string::npos ||
           accept.find("json") != std::string::npos;
}

bool sends_json(request const& asked) {
    auto const type = asked.header("Content-Type");
    return type.empty() ? asked.body.empty() : type.starts_with("application/json");
}

// A class in one of the forms that Connect takes for the same: with the ending "Connector", or without.
std::string_view without_ending(std::string_view name) noexcept {
    constexpr std::string_view ending = "Connector";
    return name.ends_with(ending) && name.size() > ending.size()
               ? name.substr(0, name.size() - ending.size())
               : name;
}

} // namespace

rest_face::rest_face(worker& of, outside_check check, std::string version)
    : worker_{of}, check_{std::move(check)}, version_{std::move(version)} {}

io::awaitable<response> rest_face::answer(request asked) {
    auto const target = find_target(asked.method, asked.path);
    if (!target) {
        co_return refused(target.error());
    }
    if (!accepts_json(asked.header("Accept"))) {
        co_return error_response(406, "HTTP 406 Not Acceptable");
    }
    bool const reads = asked.method == "GET" || asked.method == "HEAD";
    if (!reads && !asked.body.empty() && !sends_json(asked)) {
        co_return error_response(415, "HTTP 415 Unsupported Media Type");
    }
    if (target->what == rest_call::health) {
        co_return worker_.ready()
            ? json_response(health_body(
                  "healthy", "Worker has completed startup and is ready to handle requests."))
            : json_response(health_body("starting", "Worker is still starting up."), 503);
    }
    if (!worker_.ready()) {
        co_return error_response(503, "Worker is still starting up.");
    }
    if (target->what == rest_call::get_offsets) {
        auto offsets = co_await get_offsets(target->name);
        co_return offsets;
    }
    if (reads) {
        co_return read(*target, asked);
    }
    auto made = co_await change(*target, std::move(asked));
    co_return made;
}

io::awaitable<response> rest_face::change(rest_target what, request asked) {
    auto const known = [&] { return worker_.configs().find(what.name) != nullptr; };
    response made = no_connector(what.name);
    switch (what.what) {
    case rest_call::create:
        made = co_await create(std::move(asked));
        break;
    case rest_call::put_config:
        made = co_await put(what.name, std::move(asked));
        break;
    case rest_call::patch_config:
        made = co_await patch(what.name, std::move(asked));
        break;
    case rest_call::validate:
        made = co_await validate(what.name, std::move(asked));
        break;
    case rest_call::delete_connector:
        if (known()) {
            made = co_await remove(what.name);
        }
        break;
    case rest_call::pause:
        made = co_await aim(what.name, target_state::paused);
        break;
    case rest_call::resume:
        made = co_await aim(what.name, target_state::started);
        break;
    case rest_call::stop:
        made = co_await aim(what.name, target_state::stopped);
        break;
    case rest_call::restart:
        made = co_await restart(what.name, parse_query(asked.query));
        break;
    case rest_call::restart_task:
        made = co_await restart_task(what.name, what.task);
        break;
    case rest_call::reset_topics: {
        bool const tracked = worker_.setup().topic_tracking;
        if (!tracked || !worker_.setup().topic_tracking_reset) {
            co_return error_response(403, tracked ? "Topic tracking reset is disabled."
                                                  : "Topic tracking is disabled.");
        }
        auto const written = co_await worker_.topics().write(
            state_kind::status, forget_topic_records(what.name, worker_.statuses()));
        made = written ? empty_response(202) : not_written(written.error());
        break;
    }
    case rest_call::patch_offsets:
        made = co_await alter_offsets(what.name, std::move(asked));
        break;
    case rest_call::reset_offsets:
        made = co_await reset_offsets(what.name);
        break;
    case rest_call::put_logger:
        made = put_logger(what.name, asked);
        break;
    default:
        break;
    }
    co_return made;
}

io::awaitable<response> rest_face::create(request asked) {
    auto sent = parse_create(asked.body);
    if (!sent) {
        co_return refused(sent.error());
    }
    put_request what;
    what.name = std::move(sent->name);
    what.config = std::move(sent->config);
    what.state = sent->state;
    what.replaces = false;
    what.host = asked.header("Host");
    auto made = co_await store(std::move(what));
    co_return made;
}

io::awaitable<response> rest_face::put(std::string name, request asked) {
    auto sent = parse_config(asked.body);
    if (!sent) {
        co_return refused(sent.error());
    }
    put_request what;
    what.name = std::move(name);
    what.config = std::move(*sent);
    what.host = asked.header("Host");
    auto made = co_await store(std::move(what));
    co_return made;
}

io::awaitable<response> rest_face::patch(std::string name, request asked) {
    bool const nothing =
        asked.body.find_first_not_of(" \t\r\n") == std::string::npos || asked.body == "null";
    auto sent = parse_config(nothing ? "{}" : asked.body);
    if (!sent) {
        co_return refused(sent.error());
    }
    auto const* const entry = worker_.configs().find(name);
    if (entry == nullptr) {
        co_return no_connector(name);
    }
    put_request what;
    what.name = std::move(name);
    what.config.values = entry->config;
    for (auto& [key, value] : sent->values) {
        if (value != hidden_secret) {
            what.config.values[key] = std::move(value);
        }
    }
    for (auto const& key : sent->nulls) {
        what.config.values.erase(key);
    }
    what.host = asked.header("Host");
    auto made = co_await store(std::move(what));
    co_return made;
}

io::awaitable<config_verdict> rest_face::judged(plugin const* of, sent_config config) {
    config_verdict made;
    auto const resolved = worker_.resolved(config.values);
    if (!resolved) {
        made.name = config.values.find("connector.class")->second;
        made.object("config.providers", resolved.error().what);
        co_return made;
    }
    // Names of before Debezium 2.0 are taken for those of now.
    auto const given = of->kind == plugin_kind::source ? with_new_names(*resolved) : *resolved;
    auto const whole = with_origin_recipe(*of, given);
    if (!whole) {
        made.name = config.values.find("connector.class")->second;
        made.object(std::string{origin_recipe_name}, whole.error().what);
        co_return made;
    }
    made = connect::validate(*of, *whole, config.nulls, {worker_.setup().group_id});
    if (made.errors == 0) {
        co_await check_(*of, given, made);
    }
    // What a reference points to is not shown.
    for (auto& each : made.settings) {
        auto const sent =
            each.verdict ? config.values.find(each.verdict->name) : config.values.end();
        if (sent != config.values.end() && sent->second.find("${") != std::string::npos) {
            each.verdict->value = sent->second;
        }
        if (each.verdict) {
            for (auto& error : each.verdict->errors) {
                error = with_references(std::move(error), config.values, worker_.setup().providers);
            }
        }
    }
    co_return made;
}

io::awaitable<response> rest_face::store(put_request what) {
    auto& config = what.config.values;
    auto const inside = config.find("name");
    if (inside == config.end()) {
        config["name"] = what.name;
    } else if (inside->second != what.name) {
        co_return error_response(
            400,
            fmt::format("Connector name configuration ({}) doesn't match connector name in the "
                        "URL ({})",
                        inside->second, what.name));
    }
    if (auto const* const before = worker_.configs().find(what.name)) {
        config = with_secrets(std::move(config), before->config);
    }
    auto const of = connector_class(config);
    if (!of) {
        co_return error_response(of.error().status, of.error().what);
    }
    auto const verdict = co_await judged(*of, what.config);
    if (verdict.errors > 0) {
        co_return error_response(400, verdict.sentence());
    }
    auto const* const before = worker_.configs().find(what.name);
    bool const exists = before != nullptr;
    if (exists && !what.replaces) {
        co_return error_response(409, fmt::format("Connector {} already exists", what.name));
    }
    auto const tasks = exists ? before->tasks.size() : 0;
    std::vector<topic_record> records;
    if (what.state) {
        records.push_back(target_record(what.name, *what.state));
    }
    records.push_back(config_record(what.name, config));
    auto const written = co_await worker_.topics().write(state_kind::config, std::move(records));
    if (!written) {
        co_return not_written(written.error());
    }
    spdlog::info("connect: connector {} is {}", what.name, exists ? "configured" : "created");
    auto made = json_response(connector_body(what.name, config, tasks), exists ? 200 : 201);
    if (!exists) {
        made.headers.emplace_back("Location", fmt::format("http://{}/connectors/{}", what.host,
                                                          percent_encoded(what.name)));
    }
    co_return made;
}

io::awaitable<response> rest_face::validate(std::string name, request asked) {
    auto sent = parse_config(asked.body);
    if (!sent) {
        co_return refused(sent.error());
    }
    auto const named = sent->values.find("connector.class");
    if (named != sent->values.end() &&
        !without_ending(named->second).ends_with(without_ending(name))) {
        co_return error_response(
            400, fmt::format("Included connector type {} does not match request type {}",
                             named->second, name));
    }
    auto const of = connector_class(sent->values);
    if (!of) {
        // Connect answers 500 here, with the class of its exception in front.
        constexpr std::array<std::string_view, 2> thrown{
            "org.apache.kafka.connect.runtime.rest.errors.BadRequestException",
            "org.apache.kafka.connect.errors.ConnectException"};
        co_return error_response(
            500, fmt::format("{}: {}", thrown[of.error().status == 400 ? 0 : 1], of.error().what));
    }
    auto const verdict = co_await judged(*of, std::move(*sent));
    co_return json_response(verdict_body(verdict));
}

io::awaitable<response> rest_face::remove(std::string name) {
    auto records = removal_records(name);
    auto const forgotten = forget_records(name, worker_.statuses());
    auto written = co_await worker_.topics().write(state_kind::config, std::move(records));
    if (written) {
        written = co_await worker_.topics().write(state_kind::status, forgotten);
    }
    spdlog::info("connect: connector {} is deleted", name);
    co_return written ? empty_response(204) : not_written(written.error());
}

io::awaitable<response> rest_face::aim(std::string name, target_state target) {
    if (worker_.configs().find(name) == nullptr) {
        co_return not_found(fmt::format("Unknown connector {}", name));
    }
    std::vector<topic_record> records;
    if (target == target_state::stopped) {
        records = task_records(name, {});
    }
    records.push_back(target_record(name, target));
    auto const written = co_await worker_.topics().write(state_kind::config, std::move(records));
    if (!written) {
        co_return not_written(written.error());
    }
    co_return empty_response(target == target_state::stopped ? 204 : 202);
}

io::awaitable<response> rest_face::restart(std::string name, query_values query) {
    bool const with_tasks = is_true(query, "includeTasks", false);
    bool const only_failed = is_true(query, "onlyFailed", false);
    auto const* const entry = worker_.configs().find(name);
    if (entry == nullptr) {
        co_return not_found(fmt::format("Unknown connector: {}", name));
    }
    if (!with_tasks && !only_failed) {
        co_return empty_response(204); // a connector has nothing but its tasks here
    }
    auto const* const status = worker_.statuses().connector(name);
    if (status == nullptr) {
        co_return not_found(fmt::format("Status for connector {} not found", name));
    }
    restarting what;
    what.connector = !only_failed || status->state == run_state::failed;
    for (auto const& [number, each] : worker_.statuses().tasks(name)) {
        if (with_tasks && (!only_failed || each.state == run_state::failed)) {
            what.tasks.push_back(number);
        }
    }
    auto const body = status_body(name, entry->config, worker_.statuses(), what);
    std::vector<topic_record> records;
    records.push_back(restart_record(name, only_failed, with_tasks));
    auto const written = co_await worker_.topics().write(state_kind::config, std::move(records));
    co_return written ? json_response(body.value_or("{}"), 202) : not_written(written.error());
}

io::awaitable<response> rest_face::restart_task(std::string name, int task) {
    auto const* const entry = worker_.configs().find(name);
    if (entry == nullptr) {
        co_return not_found(fmt::format("Unknown connector: {}", name));
    }
    if (task < 0 || static_cast<std::size_t>(task) >= entry->tasks.size()) {
        co_return not_found(fmt::format("Unknown task: {}-{}", name, task));
    }
    if (auto* const run = worker_.find(name)) {
        run->restart_task(task);
        co_return empty_response(204);
    }
    // It runs on another worker, which the topic tells: of those that failed, or of all.
    auto const& tasks = worker_.statuses().tasks(name);
    auto const status = tasks.find(task);
    bool const failed = status != tasks.end() && status->second.state == run_state::failed;
    std::vector<topic_record> records;
    records.push_back(restart_record(name, failed, true));
    auto const written = co_await worker_.topics().write(state_kind::config, std::move(records));
    co_return written ? empty_response(204) : not_written(written.error());
}

} // namespace tandem::connect
