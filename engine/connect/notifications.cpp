#include "engine/connect/notifications.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace tandem::connect {
namespace {

using json = nlohmann::ordered_json;
using kind = snapshot_news::kind;

char const* type_of(kind what) {
    switch (what) {
    case kind::started:
        return "STARTED";
    case kind::in_progress:
        return "IN_PROGRESS";
    case kind::table_completed:
        return "TABLE_SCAN_COMPLETED";
    case kind::completed:
        return "COMPLETED";
    case kind::aborted:
        return "ABORTED";
    case kind::paused:
        return "PAUSED";
    case kind::resumed:
        break;
    }
    return "RESUMED";
}

json field(char const* name, json schema, bool optional) {
    schema["optional"] = optional;
    schema["field"] = name;
    return schema;
}

json schema_of(char const* name, json fields) {
    return {{"type", "struct"}, {"fields", std::move(fields)}, {"optional", false}, {"name", name}};
}

std::string written(json const& payload, json const& schema, bool schemas) {
    auto const& whole = schemas ? json{{"schema", schema}, {"payload", payload}} : payload;
    return whole.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace

notification notification_of(snapshot_news const& news, std::string_view connector, std::string id,
                             std::int64_t at_ms) {
    notification made;
    made.id = std::move(id);
    made.aggregate_type = "Incremental Snapshot";
    made.type = type_of(news.what);
    made.at_ms = at_ms;
    auto& data = made.additional_data;
    data.emplace_back("connector_name", connector);
    if (!news.tables.empty()) {
        data.emplace_back("data_collections", fmt::format("{}", fmt::join(news.tables, ", ")));
    }
    if (news.what == kind::in_progress) {
        data.emplace_back("current_collection_in_progress", news.table);
        data.emplace_back("maximum_key", news.most_key);
        data.emplace_back("last_processed_key", news.last_key);
    } else if (news.what == kind::table_completed) {
        data.emplace_back("scanned_collection", news.table);
        data.emplace_back("total_rows_scanned", std::to_string(news.rows));
        data.emplace_back("status", news.reason);
    }
    return made;
}

std::string notification_key(notification const& of, bool schemas) {
    return written({{"id", of.id}},
                   schema_of("io.debezium.connector.common.NotificationKey",
                             json::array({field("id", {{"type", "string"}}, false)})),
                   schemas);
}

std::string notification_value(notification const& of, bool schemas) {
    json data = json::object();
    for (auto const& [name, value] : of.additional_data) {
        data[name] = value;
    }
    json const text{{"type", "string"}};
    json const map{{"type", "map"},
                   {"keys", {{"type", "string"}, {"optional", false}}},
                   {"values", {{"type", "string"}, {"optional", false}}}};
    json const fields = json::array(
        {field("id", text, false), field("aggregate_type", text, false), field("type", text, false),
         field("additional_data", map, true), field("timestamp", {{"type", "int64"}}, false)});
    return written({{"id", of.id},
                    {"aggregate_type", of.aggregate_type},
                    {"type", of.type},
                    {"additional_data", std::move(data)},
                    {"timestamp", of.at_ms}},
                   schema_of("io.debezium.connector.common.Notification", fields), schemas);
}

std::string shown(notification const& of) {
    std::string data;
    for (auto const& [name, value] : of.additional_data) {
        data += fmt::format("{}{}: {}", data.empty() ? "" : ", ", name, value);
    }
    return fmt::format("{} {}: {}", of.aggregate_type, of.type, data);
}

} // namespace tandem::connect
