#pragma once
// Signals that come as records of a topic: key the connector's prefix, value {"id", "type", "data"}.

#include "engine/connect/flow/chunk_reader.hpp"
#include "engine/connect/source_settings.hpp"
#include "engine/connect/task_setup.hpp"
#include "engine/flow/failure.hpp"
#include "io/runtime/awaitable.hpp"

#include <cstdint>

namespace tandem::connect {

class signal_topic {
public:
    // All outlive it.
    signal_topic(task_setup const& setup, source_settings const& settings, chunk_reader& to)
        : setup_{setup}, settings_{settings}, to_{to} {}

    // A member of the task's group; ends by a failure, or by being cancelled. Reads from where the last start ended, and first
    // from the topic's end on.
    [[nodiscard]] io::awaitable<engine::failure> run();

private:
    // Where to read from; waits until there is a topic.
    [[nodiscard]] io::awaitable<engine::outcome_of<std::int64_t>> begin();

    task_setup const& setup_;
    source_settings const& settings_;
    chunk_reader& to_;
};

} // namespace tandem::connect
