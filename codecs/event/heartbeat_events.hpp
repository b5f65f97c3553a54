#pragma once
// Heartbeats, as Debezium writes them every heartbeat.interval.ms.
// https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-property-heartbeat-interval-ms

#include "codecs/base/arena.hpp"
#include "codecs/event/envelope.hpp"
#include "codecs/event/records.hpp"

#include <cstdint>
#include <string>

namespace tandem::event {

// Immutable. Their topic is `__debezium-heartbeat.<prefix>`, partition 0; the key is {"serverName":"<prefix>"}.
class heartbeat_events {
public:
    explicit heartbeat_events(event_source const& source, bool schemas = false);

    // At `unix_ms` by the writer's clock. The value lives in `into`, the key in this object.
    [[nodiscard]] record at(std::int64_t unix_ms, arena& into) const;

private:
    bool schemas_;
    std::string key_;
};

} // namespace tandem::event
