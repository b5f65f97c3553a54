#include "engine/core/stream_record.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>

namespace tandem::engine {
namespace {

constexpr std::size_t batch_head = 61; // offsets, sizes, checksum, times, producer

// Of a number that is not negative, in zigzag form, seven bits a byte.
std::size_t varint_bytes(std::size_t number) noexcept {
    return (static_cast<std::size_t>(std::bit_width(number * 2 | 1)) + 6) / 7;
}

std::size_t counted(std::string_view bytes) noexcept {
    return varint_bytes(bytes.size()) + bytes.size();
}

std::size_t counted(std::optional<std::string_view> const& bytes) noexcept {
    return bytes ? counted(*bytes) : 1; // -1
}

std::optional<std::size_t> number_in(std::string_view text) noexcept {
    std::uint64_t number = 0;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    bool const whole = failed == std::errc{} && end == text.data() + text.size();
    return whole ? std::optional<std::size_t>{number} : std::nullopt;
}

} // namespace

std::size_t batch_bytes(stream_record const& one) noexcept {
    constexpr std::size_t attributes_and_deltas = 3; // times and offsets differ by 0
    std::size_t body = attributes_and_deltas + counted(one.key) + counted(one.value) +
                       varint_bytes(one.headers.size());
    for (auto const& header : one.headers) {
        body += counted(header.name) + counted(header.value);
    }
    return batch_head + varint_bytes(body) + body;
}

std::optional<std::size_t> record_limit(std::string_view topic_setting,
                                        std::optional<std::string_view> client_setting) noexcept {
    auto const topic = number_in(topic_setting);
    auto const client = client_setting ? number_in(*client_setting) : record_limit_most;
    if (!topic || !client) {
        return std::nullopt;
    }
    auto const limit = std::min({*topic, *client, record_limit_most});
    return limit < record_limit_least ? std::nullopt : std::optional{limit};
}

} // namespace tandem::engine
