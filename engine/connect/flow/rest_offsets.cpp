// Offsets: of sources in the worker's topic, of sinks in their databases.

#include "engine/connect/flow/rest.hpp"
#include "engine/connect/flow/rest_answers.hpp"
#include "engine/connect/flow/sink_offsets.hpp"

#include <fmt/format.h>

#include <utility>

namespace tandem::connect {
namespace {

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

io::awaitable<response> rest_face::write_offsets(std::string name,
                                                 std::vector<connector_offset> offsets,
                                                 std::string_view done) {
    auto const* const entry = worker_.configs().find(name);
    if (entry == nullptr) {
        co_return no_connector(name);
    }
    if (entry->target != target_state::stopped || !entry->tasks.empty()) {
        co_return error_response(
            400, fmt::format("Connectors must be in the STOPPED state before their offsets can be "
                             "modified. This can be done for the specified connector by issuing a "
                             "'PUT' request to the '/connectors/{}/stop' endpoint",
                             name));
    }
    auto const of = connector_class(entry->config);
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
