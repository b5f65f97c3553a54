#pragma once
// The row of tandem.progress that fences and orders a direction, as this process knows it.

#include "codecs/base/lsn.hpp"
#include "engine/core/node_deletes.hpp"
#include "engine/core/start_check.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tandem::engine {

// Whose history a stream through Kafka is, as its writers' starts tell it.
struct source_identity {
    std::vector<std::string> tokens; // of the writers' source, the newest last; never empty
    std::string system_id;
    int timeline = 0;
    lsn start; // where the stream began
};

struct progress_row {
    std::int64_t epoch = 0; // ours since the takeover (R4)
    progress_facts facts;
    std::vector<lsn> skips;                 // pass over the transactions that end here
    std::optional<std::int64_t> log_offset; // of Kafka's log, see transaction_header
    std::vector<std::string> source_tokens; // of the writers whose log was followed
    // Where the streams tell what their writers had seen (R13).
    seen_of_target seen; // by the writers of what ends behind what was confirmed at most
    pg_time newest;      // the greatest commit time of all that was applied
};

} // namespace tandem::engine
