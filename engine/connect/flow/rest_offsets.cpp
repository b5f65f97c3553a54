// Offsets: of sources in the worker's topic, of sinks in their databases.

#include "engine/connect/flow/rest.hpp"
#include "engine/connect/flow/rest_answers.hpp"
#include "engine/connect/flow/sink_offsets.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace tandem::connect {
namespace {

using namespace std::chrono_literals;

constexpr auto end_patience = 30s; // a worker that is gone is missed by then

constexpr std::string_view altered =
    "The Connect framework-managed offsets for this connector have been altered successfully. "
    "However, if this connector manages offsets externally, they will need to be manually altered "
    "in the system that the connector uses.";
constexpr std::string_view reset =
    "The Connect framework-managed offsets for this connector have been reset successfully. "
    "However, if this connector manages offsets externally, they will need to be manually reset "
    "in the system that the connector uses.";

} // namespace

std::optional<task_setup> rest_face::sink_of(std::string const& name) const {
    auto const* const entry = worker_.configs().find(name);
    if (entry == nullptr) {
        return std::nullopt;
    }
    auto const of = connector_class(entry->config);
    if (!of || (*of)->kind != plugin_kind::sink) {
        return std::nullopt;
    }
    auto const config = worker_.resolved(entry->config);
    if (!config) {
        return std::nullopt;
    }
    task_setup made;
    made.connector = name;
    made.of = *of;
    made.config = *config;
    made.worker = worker_.setup().defaults;
    return made;
}

io::awaitable<response> rest_face::get_offsets(std::string name) {
    if (worker_.configs().find(name) == nullptr) {
        co_return no_connector(name);
    }
    auto const sink = sink_of(name);
    if (!sink) {
        co_return json_response(offsets_body(worker_.topics().offsets().of(name)));
    }
    auto const found = co_await read_sink_offsets(*sink);
    co_return found ? json_response(offsets_body(*found))
                    : error_response(500, "Failed to list offsets of sink connector " + name +
                                              ": " + found.error().reason);
}

io::awaitable<response> rest_face::alter_offsets(std::string name, request asked) {
    auto sent = parse_offsets(asked.body);
    if (!sent) {
        co_return refused(sent.error());
    }
    if (!*sent) {
        co_return error_response(
            400, "Partitions / offsets need to be provided for an alter offsets request");
    }
    auto made = co_await write_offsets(std::move(name), std::move(**sent), altered);
    co_return made;
}

io::awaitable<response> rest_face::reset_offsets(std::string name) {
    auto offsets = sink_of(name) ? std::vector<connector_offset>{} // all of them
                                 : worker_.topics().offsets().of(name);
    for (auto& each : offsets) {
        each.offset.reset();
    }
    auto made = co_await write_offsets(std::move(name), std::move(offsets), reset);
    co_return made;
}

bool rest_face::is_stopped(std::string const& name) const {
    auto const* const entry = worker_.configs().find(name);
    return entry != nullptr && entry->target == target_state::stopped && entry->tasks.empty();
}

// A task stores how far it has come as it ends, in whichever worker: what is said before would be lost.
io::awaitable<bool> rest_face::tasks_ended(std::string name) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    auto const until = std::chrono::steady_clock::now() + end_patience;
    for (;;) {
        auto const* const told = worker_.statuses().connector(name);
        bool const stops = told != nullptr && told->state != run_state::stopped &&
                           told->state != run_state::failed;
        if (!stops && worker_.statuses().tasks(name).empty()) {
            co_return true;
        }
        if (std::chrono::steady_clock::now() >= until) {
            co_return false;
        }
        timer.expires_after(20ms);
        co_await timer.async_wait(io::asio::use_awaitable);
    }
}

io::awaitable<response> rest_face::write_offsets(std::string name,
                                                 std::vector<connector_offset> offsets,
                                                 std::string_view done) {
    if (worker_.configs().find(name) == nullptr) {
        co_return no_connector(name);
    }
    bool ended = true;
    if (is_stopped(name)) {
        ended = co_await tasks_ended(name);
    }
    if (!ended) {
        co_return error_response(
            500, fmt::format("Request timed out. Tasks of connector {} have not ended within {} s",
                             name, end_patience.count()));
    }
    if (!is_stopped(name)) { // or not any more
        co_return error_response(
            400, fmt::format("Connectors must be in the STOPPED state before their offsets can be "
                             "modified. This can be done for the specified connector by issuing a "
                             "'PUT' request to the '/connectors/{}/stop' endpoint",
                             name));
    }
    auto const of = connector_class(worker_.configs().find(name)->config);
    if (of && (*of)->kind == plugin_kind::sink) {
        for (auto const& each : offsets) {
            if (auto const why = sink_offset_problem(each)) {
                co_return error_response(400, *why);
            }
        }
    }
    if (auto const sink = sink_of(name)) {
        auto const stored = co_await alter_sink_offsets(*sink, offsets);
        co_return stored ? json_response(message_body(done))
                         : error_response(500, stored.error().reason);
    }
    std::vector<topic_record> records;
    records.reserve(offsets.size());
    for (auto const& each : offsets) {
        records.push_back(offset_record(name, each));
    }
    auto const written = co_await worker_.topics().write(state_kind::offset, std::move(records));
    co_return written ? json_response(message_body(done)) : not_written(written.error());
}

} // namespace tandem::connect
