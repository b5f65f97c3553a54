#pragma once
// How far source connectors have come, as the records of Connect's offset topic tell. Pure.
// Form: org.apache.kafka.connect.storage.KafkaOffsetBackingStore of Kafka 3.9: the key is the JSON array of connector and
// partition, the value the offset's JSON object.

#include "codecs/base/lsn.hpp"
#include "engine/connect/config_state.hpp"

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

// Both are JSON objects, as their texts.
struct connector_offset {
    std::string partition;
    std::optional<std::string> offset; // none: forgotten

    friend bool operator==(connector_offset const&, connector_offset const&) = default;
};

class offset_state {
public:
    // Any bytes. Error: why the record is passed over.
    [[nodiscard]] outcome<void> take(std::string_view key, std::optional<std::string_view> value);

    // By partition.
    [[nodiscard]] std::vector<connector_offset> of(std::string_view connector) const;

private:
    std::map<std::string, std::map<std::string, std::string>, std::less<>> connectors_;
};

// Of a PostgresConnector that has sent everything up to there. `chunks`: incremental_snapshot::state().
[[nodiscard]] topic_record source_offset_record(std::string_view connector, std::string_view prefix,
                                                lsn reached, std::string_view chunks);
// What such a record says of chunks; empty: nothing.
[[nodiscard]] std::string source_chunks(std::span<connector_offset const> all,
                                        std::string_view prefix);
// What such a record says, or Debezium's; none: nothing was sent yet, or it says it in no way that is known.
[[nodiscard]] std::optional<lsn> source_offset(std::span<connector_offset const> all,
                                               std::string_view prefix);
[[nodiscard]] topic_record offset_record(std::string_view connector, connector_offset const& of);
// Why it is none of a sink's, whose partitions are Kafka's; none: it is one.
[[nodiscard]] std::optional<std::string> sink_offset_problem(connector_offset const& of);
// A sink's: the next record to be read of a partition.
struct sink_offset {
    std::string topic;
    std::string partition;           // both whole numbers
    std::optional<std::string> next; // none: forgotten
};
[[nodiscard]] connector_offset told_offset(sink_offset const& of);
// Of one that has no sink_offset_problem().
[[nodiscard]] sink_offset sink_offset_of(connector_offset const& of);
// {"offsets":[{"partition":{},"offset":{}}]}
[[nodiscard]] std::string offsets_body(std::vector<connector_offset> const& all);

} // namespace tandem::connect
