#pragma once
// A record that was put aside: why, and what a dead letter says of it. The headers are those of Kafka Connect's dead
// letter queue, so that what reads the one reads the other. Pure.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::engine {

enum class letter_cause : std::uint8_t {
    bad_headers,  // tandem's headers are missing, or one is none of its form
    other_stream, // they name another stream
    unannounced,  // the start of its writer was not seen: whose history it is, nobody knows
    bad_note,     // what it tells of the stream cannot be read
    bad_value,    // its value, or key, cannot be read as a change
};

struct dead_letter {
    std::string topic; // where it was met
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::string direction; // a:b
    letter_cause cause = letter_cause::bad_headers;
    std::string message; // no values
};

// __connect.errors.topic, .partition, .offset, .connector.name, .task.id, .stage, .class.name,
// .exception.class.name, .exception.message and .exception.stacktrace, in this order; but, as Connect does, none that
// the record (`names`) has already.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> error_headers(
    dead_letter const& letter, std::span<std::string_view const> names);

} // namespace tandem::engine
