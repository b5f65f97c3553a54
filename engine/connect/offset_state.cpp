#include "engine/connect/offset_state.hpp"

#include "engine/connect/json_depth.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace tandem::connect {
namespace {

using json = nlohmann::ordered_json;

std::string text_of(json const& what) {
    return what.dump(-1, ' ', false, json::error_handler_t::replace);
}

problem wrong(std::string_view what) {
    return {problem_kind::connect,
            fmt::format("a record of the offset topic is passed over: {}", what)};
}

} // namespace

outcome<void> offset_state::take(std::string_view key, std::optional<std::string_view> value) {
    if (too_deep(key) || too_deep(value.value_or(""))) {
        return wrong("it is nested too deeply");
    }
    auto const named = json::parse(key, nullptr, false);
    if (!named.is_array() || named.size() != 2 || !named[0].is_string() || !named[1].is_object()) {
        return wrong("its key is not of a connector and its partition");
    }
    auto const name = named[0].get<std::string>();
    auto const partition = text_of(named[1]);
    if (!value) {
        if (auto const known = connectors_.find(name); known != connectors_.end()) {
            known->second.erase(partition);
            if (known->second.empty()) {
                connectors_.erase(known);
            }
        }
        return boost::system::in_place_value;
    }
    auto const offset = json::parse(*value, nullptr, false);
    if (!offset.is_object()) {
        return wrong("its value is no offset");
    }
    connectors_[name][partition] = text_of(offset);
    return boost::system::in_place_value;
}

std::vector<connector_offset> offset_state::of(std::string_view connector) const {
    std::vector<connector_offset> made;
    auto const found = connectors_.find(connector);
    if (found == connectors_.end()) {
        return made;
    }
    for (auto const& [partition, offset] : found->second) {
        made.push_back({partition, offset});
    }
    return made;
}

topic_record offset_record(std::string_view connector, connector_offset const& of) {
    auto key = json::array();
    key.push_back(connector);
    key.push_back(json::parse(of.partition));
    return {text_of(key), of.offset};
}

std::string offsets_body(std::vector<connector_offset> const& all) {
    json made;
    made["offsets"] = json::array();
    for (auto const& each : all) {
        json one;
        one["partition"] = json::parse(each.partition);
        one["offset"] = nullptr;
        if (each.offset) {
            one["offset"] = json::parse(*each.offset);
        }
        made["offsets"].push_back(std::move(one));
    }
    return text_of(made);
}

} // namespace tandem::connect
