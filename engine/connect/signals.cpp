#include "engine/connect/signals.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <optional>
#include <utility>

namespace tandem::connect {
namespace {

using json = nlohmann::json;

problem wrong(std::string what) {
    return {problem_kind::config, std::move(what)};
}

std::string text_in(json const& from, char const* name) {
    auto const found = from.find(name);
    return found != from.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::optional<signal::kind> kind_of(std::string_view type) {
    constexpr std::array<std::pair<std::string_view, signal::kind>, 7> kinds{
        {{"execute-snapshot", signal::kind::execute_snapshot},
         {"stop-snapshot", signal::kind::stop_snapshot},
         {"pause-snapshot", signal::kind::pause_snapshot},
         {"resume-snapshot", signal::kind::resume_snapshot},
         {"snapshot-window-open", signal::kind::watermark},
         {"snapshot-window-close", signal::kind::watermark},
         {"log", signal::kind::log}}};
    for (auto const& [name, kind] : kinds) {
        if (name == type) {
            return kind;
        }
    }
    return std::nullopt;
}

// "data-collections": ["public.one", ...]
outcome<void> take_collections(json const& from, signal& into) {
    auto const found = from.find("data-collections");
    if (found == from.end() || found->is_null()) {
        return boost::system::in_place_value;
    }
    if (!found->is_array()) {
        return wrong("data-collections is no array");
    }
    for (auto const& each : *found) {
        if (!each.is_string()) {
            return wrong("data-collections holds something that is no text");
        }
        into.collections.push_back(each.get<std::string>());
    }
    return boost::system::in_place_value;
}

// "additional-conditions": [{"data-collection": "public.one", "filter": "id > 7"}]
outcome<void> take_conditions(json const& from, signal& into) {
    auto const found = from.find("additional-conditions");
    if (found == from.end() || found->is_null()) {
        return boost::system::in_place_value;
    }
    if (!found->is_array()) {
        return wrong("additional-conditions is no array");
    }
    for (auto const& each : *found) {
        auto const collection = each.is_object() ? text_in(each, "data-collection") : "";
        auto const filter = each.is_object() ? text_in(each, "filter") : "";
        if (collection.empty() || filter.empty()) {
            return wrong("an additional condition has no data-collection or no filter");
        }
        into.conditions[collection] = filter;
    }
    return boost::system::in_place_value;
}

outcome<void> take_snapshot(json const& from, signal& into) {
    auto const type = text_in(from, "type");
    if (!type.empty() && type != "incremental" && type != "INCREMENTAL" && type != "blocking" &&
        type != "BLOCKING") {
        return wrong(fmt::format("'{}' is no type of a snapshot: incremental or blocking", type));
    }
    into.blocking = type == "blocking" || type == "BLOCKING";
    into.surrogate_key = text_in(from, "surrogate-key");
    if (auto const taken = take_collections(from, into); !taken) {
        return taken.error();
    }
    return take_conditions(from, into);
}

} // namespace

outcome<signal> read_signal(std::string id, std::string_view type, std::string_view data) {
    auto const kind = kind_of(type);
    if (!kind) {
        return wrong(fmt::format("'{}' is no type of a signal", type));
    }
    signal made;
    made.what = *kind;
    made.id = std::move(id);
    auto const read = data.empty() ? json::object() : json::parse(data, nullptr, false);
    if (!read.is_object()) {
        return wrong("its data is no JSON object");
    }
    if (made.what == signal::kind::watermark) {
        return made;
    }
    if (made.what == signal::kind::log) {
        made.message = text_in(read, "message");
        return made;
    }
    if (auto const taken = take_snapshot(read, made); !taken) {
        return taken.error();
    }
    if (made.what == signal::kind::execute_snapshot && made.collections.empty()) {
        return wrong("it names no data-collections");
    }
    return made;
}

outcome<signal> read_signal_record(std::string_view value) {
    auto const read = json::parse(value, nullptr, false);
    if (!read.is_object()) {
        return wrong("it is no JSON object");
    }
    auto const data = read.find("data");
    auto const text = data == read.end()  ? std::string{}
                      : data->is_string() ? data->get<std::string>()
                                          : data->dump();
    return read_signal(text_in(read, "id"), text_in(read, "type"), text);
}

} // namespace tandem::connect
