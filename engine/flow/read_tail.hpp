#pragma once
// The end of a stream's log, read by who writes it.

#include "engine/core/log_tail.hpp"
#include "engine/flow/failure.hpp"
#include "engine/flow/kafka_setup.hpp"
#include "io/kafka/admin.hpp"
#include "io/runtime/awaitable.hpp"

#include <optional>
#include <string>

namespace tandem::engine {

struct log_end {
    // Of the last records: a transaction that is longer hides what was before it, and is sent again.
    std::optional<log_tail> tail;
    std::optional<event::start_note> writer; // the last one; none: its start is further back
    std::int64_t epoch = -1;                 // of the last record; -1: there is none of the stream
};

// `epoch`: of the last writer as the source knows it. Where it is the log's too and the log says nothing new, its start is
// not looked for.
[[nodiscard]] io::awaitable<outcome_of<log_end>> read_tail(io::kafka::admin& cluster,
                                                           kafka_setup const& kafka,
                                                           std::string node, lsn confirmed,
                                                           std::int64_t epoch);

} // namespace tandem::engine
