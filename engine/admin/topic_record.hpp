#pragma once
// A record of any topic, whoever wrote it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tandem::engine {

struct topic_record {
    struct header {
        std::string name;
        std::optional<std::string> value;
    };

    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::int64_t timestamp_ms = -1; // since 1970; -1: none
    std::optional<std::string> key;
    std::optional<std::string> value;
    std::vector<header> headers;

    [[nodiscard]] std::size_t bytes() const noexcept {
        std::size_t all =
            sizeof(topic_record) + (key ? key->size() : 0) + (value ? value->size() : 0);
        for (header const& each : headers) {
            all += sizeof(header) + each.name.size() + (each.value ? each.value->size() : 0);
        }
        return all;
    }
};

} // namespace tandem::engine
