#include "engine/connect/offset_state.hpp"

#include "engine/connect/json_depth.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>
#include <cstdint>
#include <limits>
#include <utility>

namespace tandem::connect {
namespace {

constexpr char const* chunks_field = "tandem_incremental_snapshot";

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

topic_record source_offset_record(std::string_view connector, std::string_view prefix, lsn reached,
                                  std::string_view chunks) {
    json partition;
    partition["server"] = prefix;
    json offset;
    for (auto const* name : {"lsn_proc", "lsn_commit", "lsn"}) {
        offset[name] = reached.value;
    }
    if (!chunks.empty()) {
        offset[chunks_field] = chunks;
    }
    return offset_record(connector, {text_of(partition), text_of(offset)});
}

std::optional<lsn> source_offset(std::span<connector_offset const> all, std::string_view prefix) {
    for (auto const& each : all) {
        auto const partition = json::parse(each.partition, nullptr, false);
        auto const offset = json::parse(each.offset.value_or(""), nullptr, false);
        if (!partition.is_object() || !offset.is_object() ||
            partition.value("server", json{}) != prefix) {
            continue;
        }
        auto const reached = offset.find("lsn");
        if (reached != offset.end() && reached->is_number_integer() &&
            (reached->is_number_unsigned() || reached->get<std::int64_t>() >= 0)) {
            return lsn{reached->get<std::uint64_t>()};
        }
    }
    return std::nullopt;
}

std::string source_chunks(std::span<connector_offset const> all, std::string_view prefix) {
    for (auto const& each : all) {
        auto const partition = json::parse(each.partition, nullptr, false);
        auto const offset = json::parse(each.offset.value_or(""), nullptr, false);
        if (partition.is_object() && offset.is_object() &&
            partition.value("server", json{}) == prefix && offset.contains(chunks_field) &&
            offset[chunks_field].is_string()) {
            return offset[chunks_field].get<std::string>();
        }
    }
    return {};
}

topic_record offset_record(std::string_view connector, connector_offset const& of) {
    auto key = json::array();
    key.push_back(connector);
    key.push_back(json::parse(of.partition));
    return {text_of(key), of.offset};
}

std::optional<std::string> sink_offset_problem(connector_offset const& of) {
    auto const whole = [](json const& value) {
        return value.is_number_integer() ||
               (value.is_string() && !value.get<std::string>().empty() &&
                value.get<std::string>().find_first_not_of("0123456789") == std::string::npos);
    };
    auto const said = [](json const& value) {
        return value.is_string() ? value.get<std::string>() : text_of(value);
    };
    auto const fits = [&said](json const& value, std::int64_t most) {
        auto const text = said(value);
        std::int64_t number = 0;
        auto const read = std::from_chars(text.data(), text.data() + text.size(), number);
        return read.ec == std::errc{} && number >= 0 && number <= most;
    };
    auto const partition = json::parse(of.partition);
    auto const number = partition.find("kafka_partition");
    if (!partition.contains("kafka_topic") || number == partition.end()) {
        return "The partition for a sink connector offset must contain the keys 'kafka_topic' and "
               "'kafka_partition'";
    }
    if (!whole(*number)) {
        return fmt::format("Failed to parse the following Kafka partition value in the provided "
                           "offsets: '{}'. Partition values for sink connectors need to be "
                           "integers.",
                           said(*number));
    }
    if (!fits(*number, std::numeric_limits<std::int32_t>::max())) {
        return fmt::format("Invalid partition {}: it is none of a topic's", said(*number));
    }
    if (!of.offset) {
        return std::nullopt;
    }
    auto const offset = json::parse(*of.offset);
    auto const value = offset.find("kafka_offset");
    if (value == offset.end()) {
        return "The offset for a sink connector should either be null or contain the key "
               "'kafka_offset'";
    }
    if (!whole(*value)) {
        return fmt::format("Failed to parse the following Kafka offset value in the provided "
                           "offsets: '{}'. Offset values for sink connectors need to be integers.",
                           said(*value));
    }
    if (!fits(*value, std::numeric_limits<std::int64_t>::max())) {
        return fmt::format("Invalid negative offset or beyond all: {}", said(*value));
    }
    return std::nullopt;
}

connector_offset told_offset(sink_offset const& of) {
    json partition;
    partition["kafka_topic"] = of.topic;
    partition["kafka_partition"] = json::parse(of.partition);
    if (!of.next) {
        return {text_of(partition), std::nullopt};
    }
    json offset;
    offset["kafka_offset"] = json::parse(*of.next);
    return {text_of(partition), text_of(offset)};
}

sink_offset sink_offset_of(connector_offset const& of) {
    auto const digits = [](json const& value) {
        return value.is_string() ? value.get<std::string>() : text_of(value);
    };
    auto const partition = json::parse(of.partition);
    auto const& topic = partition["kafka_topic"];
    sink_offset made;
    made.topic = topic.is_string() ? topic.get<std::string>() : text_of(topic);
    made.partition = digits(partition["kafka_partition"]);
    if (of.offset) {
        made.next = digits(json::parse(*of.offset)["kafka_offset"]);
    }
    return made;
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
