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

// Of the last records, where they go beyond what is confirmed: a transaction that is longer hides what was before it, and is sent again.
[[nodiscard]] io::awaitable<outcome_of<std::optional<log_tail>>> read_tail(
    io::kafka::admin& cluster, kafka_setup const& kafka, std::string node, lsn confirmed);

} // namespace tandem::engine
