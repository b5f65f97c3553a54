// connector list, get, apply, validate, pause, resume, restart, delete: a Connect worker over its REST interface, ours or
// a real one.

#include "engine/admin/failure.hpp"
#include "engine/config/error.hpp"
#include "engine/connect/rest_request.hpp"
#include "tools/tandem/command.hpp"
#include "tools/tandem/http_ask.hpp"
#include "tools/tandem/read_connectors.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace tandem::tool {
namespace {

using nlohmann::json;
namespace status = engine::exit_status;

constexpr std::chrono::seconds change_patience{90}; // Connect answers within these

std::string path_of(std::string const& name, std::string_view rest = "") {
    return fmt::format("/connectors/{}{}", tandem::connect::percent_encoded(name), rest);
}

// What a worker answered, or its own sentence thrown.
http_answer ask(call const& now, http_question what) {
    if (what.method != "GET") {
        what.patience = change_patience;
    }
    auto made = http_ask(now, what);
    if (made.status >= 200 && made.status < 300) {
        return made;
    }
    auto const read = json::parse(made.body, nullptr, false);
    auto const said = read.is_object() && read.contains("message") && read["message"].is_string()
                          ? read["message"].get<std::string>()
                          : made.body;
    bool const asked_wrongly = made.status >= 400 && made.status < 500 && made.status != 409;
    throw engine::command_failed{
        asked_wrongly ? status::usage : status::runtime,
        fmt::format("{} {} answers {}: {}", what.method, what.path, made.status, said)};
}

json read_json(http_answer const& from) {
    auto made = json::parse(from.body, nullptr, false);
    if (made.is_discarded()) {
        throw engine::command_failed{
            status::environment, "what answers there is no Kafka Connect: its answer is no JSON"};
    }
    return made;
}

std::string text_at(json const& from, std::string_view pointer) {
    json::json_pointer const at{std::string{pointer}};
    return from.contains(at) && from.at(at).is_string() ? from.at(at).get<std::string>() : "";
}

using row = std::vector<std::string>;

void print_table(std::vector<row> const& rows) {
    std::vector<std::size_t> widths;
    for (auto const& each : rows) {
        widths.resize(std::max(widths.size(), each.size()));
        for (std::size_t at = 0; at < each.size(); ++at) {
            widths[at] = std::max(widths[at], each[at].size());
        }
    }
    for (auto const& each : rows) {
        std::string line;
        for (std::size_t at = 0; at < each.size(); ++at) {
            line +=
                at + 1 == each.size() ? each[at] : fmt::format("{:<{}}  ", each[at], widths[at]);
        }
        fmt::print("{}\n", line);
    }
}

// What one of several is refused does not keep the others from theirs; where nobody answers, nothing more is asked.
class refusals {
public:
    explicit refusals(std::size_t asked) : asked_{asked} {}

    void note(std::string const& name, engine::command_failed const& refused) {
        if (asked_ == 1 || refused.status() == status::environment) {
            throw refused;
        }
        fmt::print(stderr, "{}: {}\n", name, refused.what());
        status_ = count_ == 0 ? refused.status() : status_;
        ++count_;
    }
    // The exit status, where nothing was refused.
    [[nodiscard]] int ok() const {
        if (count_ == 0) {
            return status::ok;
        }
        throw engine::command_failed{status_, fmt::format("{} of {} were refused", count_, asked_)};
    }

private:
    std::size_t asked_;
    std::size_t count_ = 0;
    int status_ = status::ok;
};

int each_name(call const& now, std::string_view method, std::string_view rest,
              std::string_view done) {
    refusals refused{now.names.size()};
    for (auto const& name : now.names) {
        try {
            ask(now, {.method = std::string{method}, .path = path_of(name, rest)});
            fmt::print("{} {}\n", name, done);
        } catch (engine::command_failed const& why) {
            refused.note(name, why);
        }
    }
    return refused.ok();
}

// A connector's class, of which the worker has to know.
std::string const& class_of(tandem::connect::named_config const& of, std::string const& file) {
    auto const found = of.config.find("connector.class");
    if (found == of.config.end()) {
        throw engine::config_error{fmt::format("{}: {} has no connector.class", file, of.name)};
    }
    return found->second;
}

// How many of its values are wrong, each of which is said. A class that the worker does not know is one.
std::size_t wrong_in(call const& now, tandem::connect::named_config const& of) {
    http_question what{.method = "PUT",
                       .path =
                           fmt::format("/connector-plugins/{}/config/validate",
                                       tandem::connect::percent_encoded(class_of(of, now.file))),
                       .body = json(of.config).dump()};
    json verdict;
    try {
        verdict = read_json(ask(now, what));
    } catch (engine::command_failed const& why) {
        if (why.status() != status::runtime) {
            throw;
        }
        fmt::print("{}: connector.class: {}\n", of.name, why.what());
        return 1;
    }
    std::size_t wrong = 0;
    for (auto const& one : verdict.value("configs", json::array())) {
        for (auto const& error : one.value("/value/errors"_json_pointer, json::array())) {
            ++wrong;
            fmt::print("{}: {}: {}\n", of.name, text_at(one, "/value/name"),
                       error.is_string() ? error.get<std::string>() : error.dump());
        }
    }
    if (verdict.value("error_count", 0) == 0) {
        fmt::print("{} is valid\n", of.name);
    }
    return wrong;
}

} // namespace

int connector_list(call const& now) {
    auto const answer = ask(now, {.path = "/connectors?expand=status&expand=info"});
    auto const all = read_json(answer);
    if (now.json) {
        fmt::print("{}\n", all.dump(2));
        return status::ok;
    }
    std::vector<row> rows{{"NAME", "TYPE", "STATE", "TASKS", "WORKER", "CLASS"}};
    for (auto const& [name, each] : all.items()) {
        std::string tasks;
        for (auto const& task : each.value("/status/tasks"_json_pointer, json::array())) {
            tasks += (tasks.empty() ? "" : ",") + text_at(task, "/state");
        }
        rows.push_back({name, text_at(each, "/info/type"), text_at(each, "/status/connector/state"),
                        tasks.empty() ? "-" : tasks, text_at(each, "/status/connector/worker_id"),
                        text_at(each, "/info/config/connector.class")});
    }
    print_table(rows);
    return status::ok;
}

int connector_get(call const& now) {
    auto const& name = now.names.front();
    auto const info = read_json(ask(now, {.path = path_of(name)}));
    auto const how = read_json(ask(now, {.path = path_of(name, "/status")}));
    if (now.json) {
        fmt::print("{}\n", json{{"info", info}, {"status", how}}.dump(2));
        return status::ok;
    }
    fmt::print("{}: {} on {}\n", name, text_at(how, "/connector/state"),
               text_at(how, "/connector/worker_id"));
    if (auto const trace = text_at(how, "/connector/trace"); !trace.empty()) {
        fmt::print("  {}\n", trace);
    }
    for (auto const& task : how.value("tasks", json::array())) {
        fmt::print("task {}: {} on {}\n", task.value("id", 0), text_at(task, "/state"),
                   text_at(task, "/worker_id"));
        if (auto const trace = text_at(task, "/trace"); !trace.empty()) {
            fmt::print("  {}\n", trace.substr(0, trace.find('\n')));
        }
    }
    std::vector<row> rows;
    auto const config = info.value("config", json::object());
    for (auto const& [key, value] : config.items()) {
        rows.push_back({"  " + key, value.is_string() ? value.get<std::string>() : value.dump()});
    }
    print_table(rows);
    return status::ok;
}

int connector_apply(call const& now) {
    auto const all = read_connectors(now.file);
    refusals refused{all.size()};
    for (auto const& each : all) {
        try {
            auto const answer = ask(now, {.method = "PUT",
                                          .path = path_of(each.name, "/config"),
                                          .body = json(each.config).dump()});
            fmt::print("{} {}\n", each.name, answer.status == 201 ? "created" : "configured");
        } catch (engine::command_failed const& why) {
            refused.note(each.name, why);
        }
    }
    return refused.ok();
}

int connector_validate(call const& now) {
    std::size_t wrong = 0;
    for (auto const& each : read_connectors(now.file)) {
        wrong += wrong_in(now, each);
    }
    return wrong == 0 ? status::ok : status::check;
}

int connector_pause(call const& now) {
    return each_name(now, "PUT", "/pause", "is to pause");
}

int connector_resume(call const& now) {
    return each_name(now, "PUT", "/resume", "is to run");
}

int connector_restart(call const& now) {
    return each_name(now, "POST",
                     now.all ? "/restart?includeTasks=true"
                             : "/restart?includeTasks=true&onlyFailed=true",
                     "restarts");
}

int connector_delete(call const& now) {
    return each_name(now, "DELETE", "", "is deleted");
}

} // namespace tandem::tool
