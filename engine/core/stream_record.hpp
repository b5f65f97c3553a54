#pragma once
// A record of a stream, and what it takes of its topic's max.message.bytes. Pure.

#include "codecs/event/records.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tandem::engine {

struct stream_record {
    std::optional<std::string_view> key;
    std::optional<std::string_view> value;
    std::vector<event::record_header> headers;
    std::size_t bytes = 0;                  // see batch_bytes()
    std::optional<std::uint32_t> partition; // of rows, by number; none: the stream's own
};

// What the brokers count: the bytes of the batch that the record is in when it is alone there, uncompressed, in record
// format v2.
[[nodiscard]] std::size_t batch_bytes(stream_record const& one) noexcept;

// Below it not even a stream's notes find room.
inline constexpr std::size_t record_limit_least = std::size_t{16} << 10;
// Brokers take no request above 100 MiB (socket.request.max.bytes), and a reader holds a record several times.
inline constexpr std::size_t record_limit_most = std::size_t{64} << 20;

// The greatest batch_bytes() that is written to a topic with this max.message.bytes, with librdkafka's
// message.max.bytes set to this, if it is. None: one of them is no number, or below record_limit_least.
[[nodiscard]] std::optional<std::size_t> record_limit(
    std::string_view topic_setting, std::optional<std::string_view> client_setting) noexcept;

// Of a topic that is made: three where there are so many brokers. Those that are known are those that are up, so that
// those that were named count too.
[[nodiscard]] constexpr int replicas_wanted(std::size_t up, std::size_t named) noexcept {
    constexpr std::size_t most = 3;
    return static_cast<int>(std::min(most, std::max(up, named)));
}

} // namespace tandem::engine
