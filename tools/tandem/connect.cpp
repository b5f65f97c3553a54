// connect: Kafka Connect's face.

#include "engine/config/load.hpp"
#include "engine/connect/flow/run_worker.hpp"
#include "tools/tandem/command.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <unistd.h>
#include <vector>

namespace tandem::tool {
namespace {

std::vector<std::string> variable_names() {
    std::vector<std::string> names;
    for (char** each = environ; *each != nullptr; ++each) {
        std::string const entry{*each};
        names.push_back(entry.substr(0, entry.find('=')));
    }
    return names;
}

} // namespace

int connect(call const& now) {
    auto set = now.set;
    auto given = tandem::connect::worker_properties(
        variable_names(), [](std::string const& name) { return std::getenv(name.c_str()); });
    if (!now.bootstrap.empty()) {
        set.brokers = now.bootstrap;
    }
    if (!set.brokers.empty()) {
        given["bootstrap.servers"] = set.brokers;
    }
    for (auto const* each : {"config", "offset", "status"}) {
        given.try_emplace(
            fmt::format("{}.storage.topic", each),
            fmt::format("connect-{}{}", each, std::string_view{each} == "status" ? "" : "s"));
    }
    auto start = tandem::connect::worker_start_of(given);
    if (!start) {
        throw engine::config_error{start.error().what};
    }
    auto& properties = start->setup.topics.properties;
    properties.insert(properties.end(), set.kafka_properties.begin(), set.kafka_properties.end());
    if (set.listen == engine::options{}.listen && !start->listen.empty()) {
        set.listen = start->listen;
    }
    engine::validate_listen(set);
    return tandem::connect::run_worker(set, std::move(*start));
}

} // namespace tandem::tool
