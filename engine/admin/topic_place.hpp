#pragma once
// Where in a topic reading begins, as a user says it. Pure.

#include <cstdint>
#include <string_view>

namespace tandem::engine {

struct topic_place {
    enum class kind {
        newest, // the last record first
        oldest, // the first record of each log first
        last,   // `number` offsets before each log's end
        time,   // the first record at `number` ms since 1970 or later
        offset  // `number` in each partition
    };
    kind from = kind::newest;
    std::int64_t number = 0;

    friend bool operator==(topic_place const&, topic_place const&) = default;
};

// newest, oldest, -N, OFFSET, @MS, @2026-11-26, @2026-11-26T14:00[:00[.123]][Z|+01:00]; a time without
// zone is UTC. Throws config_error.
[[nodiscard]] topic_place parse_topic_place(std::string_view text);

} // namespace tandem::engine
