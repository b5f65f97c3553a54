#include "engine/connect/flow/make_task.hpp"

#include "engine/connect/flow/pair_task.hpp"
#include "engine/connect/flow/sink_task.hpp"
#include "engine/connect/flow/source_task.hpp"
#include "engine/connect/source_settings.hpp"
#include "io/pg/connection.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>

namespace tandem::connect {
namespace {

constexpr std::chrono::seconds patience{10};

// The driver's sentence for what its users meet, and what to do about it.
std::string refused_sentence(property_map const& config, io::pg::error const& why) {
    auto const host = text_in(config, "database.hostname", "");
    auto const port = text_in(config, "database.port", "5432");
    auto const& said = why.message;
    auto const refused = fmt::format("Connection to {}:{} refused", host, port);
    if (said.starts_with(refused)) {
        auto made = fmt::format("{}. Check that the hostname and port are correct and that the "
                                "postmaster is accepting TCP/IP connections.{}",
                                refused, said.substr(refused.size()));
        if (host == "localhost" || host.starts_with("127.")) {
            made += fmt::format("; inside a container {} is the container itself", host);
        }
        return made;
    }
    // What the server says stands alone there.
    auto const failed = fmt::format("Connection to {}:{} failed: ", host, port);
    return !why.sqlstate.empty() && said.starts_with(failed)
               ? "FATAL: " + said.substr(failed.size())
               : said;
}

} // namespace

outcome<task> make_task(task_setup const& setup) {
    if (setup.of->class_name == "io.debezium.connector.postgresql.PostgresConnector") {
        return make_source_task(setup);
    }
    if (setup.of->kind == plugin_kind::sink) {
        return make_sink_task(setup);
    }
    return make_pair_task(setup);
}

io::awaitable<void> check_databases(plugin const& of, property_map config, config_verdict& into) {
    if (of.class_name != "io.debezium.connector.postgresql.PostgresConnector") {
        co_return;
    }
    io::pg::connect_options options;
    options.conninfo = source_uri(with_new_names(config));
    options.parameters.emplace_back("application_name", "tandem connect");
    options.timeout = patience;
    auto const executor = co_await io::asio::this_coro::executor;
    auto opening = io::pg::connection::open(executor, std::move(options));
    auto const opened = co_await std::move(opening);
    if (!opened) {
        into.object("database.hostname", fmt::format("Error while validating connector config: {}",
                                                     refused_sentence(config, opened.error())));
    }
}

} // namespace tandem::connect
