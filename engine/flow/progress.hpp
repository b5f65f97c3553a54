#pragma once
// The row of tandem.progress that fences and orders a direction, as this process knows it.

#include "codecs/base/lsn.hpp"
#include "engine/core/start_check.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tandem::engine {

struct progress_row {
    std::int64_t epoch = 0; // ours since the takeover (R4)
    progress_facts facts;
    std::vector<lsn> skips;                 // pass over the transactions that end here
    std::optional<std::int64_t> log_offset; // of Kafka's log, see transaction_header
    std::vector<std::string> source_tokens; // of the writers whose log was followed
};

} // namespace tandem::engine
