#pragma once
// The row of tandem.progress that fences and orders a direction, as this process knows it.

#include "codecs/base/lsn.hpp"
#include "engine/core/start_check.hpp"

#include <cstdint>
#include <vector>

namespace tandem::engine {

struct progress_row {
    std::int64_t epoch = 0; // ours since the takeover (R4)
    progress_facts facts;
    std::vector<lsn> skips; // pass over the transactions that end here
};

} // namespace tandem::engine
