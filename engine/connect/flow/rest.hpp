#pragma once
// Kafka Connect's REST interface over a worker.
// https://kafka.apache.org/39/documentation/#connect_rest

#include "engine/connect/flow/worker.hpp"
#include "engine/connect/rest_bodies.hpp"
#include "engine/connect/rest_request.hpp"
#include "io/http/server.hpp"
#include "io/runtime/awaitable.hpp"

#include <functional>
#include <map>
#include <string>

namespace tandem::connect {

// Asks what only the outside can answer of a configuration without errors of its own, and adds what is wrong.
using outside_check =
    std::function<io::awaitable<void>(plugin const& of, property_map config, config_verdict& into)>;

class rest_face {
public:
    // References outlive it.
    rest_face(worker& of, outside_check check, std::string version);

    [[nodiscard]] io::awaitable<io::http::response> answer(io::http::request asked);

private:
    using response = io::http::response;
    using request = io::http::request;

    [[nodiscard]] response read(rest_target const& what, request const& asked) const;
    [[nodiscard]] response read_connector(rest_target const& what) const;
    [[nodiscard]] io::awaitable<response> change(rest_target what, request asked);
    [[nodiscard]] io::awaitable<response> create(request asked);
    [[nodiscard]] io::awaitable<response> put(std::string name, request asked);
    [[nodiscard]] io::awaitable<response> patch(std::string name, request asked);
    [[nodiscard]] io::awaitable<response> validate(std::string name, request asked);
    struct put_request {
        std::string name;
        sent_config config;
        std::optional<target_state> state;
        bool replaces = true;
        std::string host; // of the request
    };
    [[nodiscard]] io::awaitable<response> store(put_request what);
    [[nodiscard]] io::awaitable<config_verdict> judged(plugin const* of, sent_config config);
    [[nodiscard]] io::awaitable<response> remove(std::string name);
    [[nodiscard]] io::awaitable<response> aim(std::string name, target_state target);
    [[nodiscard]] io::awaitable<response> restart(std::string name, query_values query);
    [[nodiscard]] io::awaitable<response> restart_task(std::string name, int task);
    [[nodiscard]] io::awaitable<response> get_offsets(std::string name);
    [[nodiscard]] io::awaitable<response> alter_offsets(std::string name, request asked);
    [[nodiscard]] io::awaitable<response> reset_offsets(std::string name);
    [[nodiscard]] bool is_stopped(std::string const& name) const;
    [[nodiscard]] io::awaitable<bool> tasks_ended(std::string name);
    [[nodiscard]] io::awaitable<response> write_offsets(std::string name,
                                                        std::vector<connector_offset> offsets,
                                                        std::string_view done);
    // What a sink's tasks are told of it; none: it is no sink's configuration, or has references that lead nowhere.
    [[nodiscard]] std::optional<task_setup> sink_of(std::string const& name) const;
    [[nodiscard]] response put_logger(std::string const& name, request const& asked);
    [[nodiscard]] response get_logger(std::string const& name) const;

    worker& worker_;
    outside_check check_;
    std::string const version_;
    std::map<std::string, logger_level> loggers_; // whose level was set
};

} // namespace tandem::connect
