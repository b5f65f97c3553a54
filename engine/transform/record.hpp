#pragma once
// A record on its way between a connector and a topic, as transformations see it.
// https://kafka.apache.org/39/javadoc/org/apache/kafka/connect/connector/ConnectRecord.html

#include "codecs/connect/json_reader.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tandem::connect {

struct record_header {
    std::string_view name;
    data what;
};

// What it points to lives in the arena of its batch, in the bytes it was read from, and in its schemas.
struct record {
    std::string_view topic;
    std::optional<std::int32_t> partition;
    std::optional<std::int64_t> timestamp_ms;
    std::optional<std::int64_t> offset; // of a sink's record; a source's has none yet
    data key;
    data value;
    std::vector<record_header> headers;
};

enum class record_side : std::uint8_t { key, value };

[[nodiscard]] inline data& side_of(record& of, record_side side) noexcept {
    return side == record_side::key ? of.key : of.value;
}

} // namespace tandem::connect
