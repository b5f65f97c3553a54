#pragma once
// What a source tells of an incremental snapshot. Pure.
// Form: Debezium 3.0, "Receiving notifications from a Debezium connector", channel sink.

#include "engine/connect/incremental_snapshot.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::connect {

struct notification {
    std::string id;
    std::string aggregate_type;
    std::string type;
    std::vector<std::pair<std::string, std::string>> additional_data;
    std::int64_t at_ms = 0;
};

[[nodiscard]] notification notification_of(snapshot_news const& news, std::string_view connector,
                                           std::string id, std::int64_t at_ms);
// As JsonConverter writes them.
[[nodiscard]] std::string notification_key(notification const& of, bool schemas);
[[nodiscard]] std::string notification_value(notification const& of, bool schemas);
// For the log.
[[nodiscard]] std::string shown(notification const& of);

} // namespace tandem::connect
