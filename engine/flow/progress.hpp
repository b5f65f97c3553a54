#pragma once
// The row of tandem.progress that fences and orders a direction, as this process knows it.

#include "codecs/base/lsn.hpp"
#include "engine/core/start_check.hpp"

#include <cstdint>
#include <optional>

namespace tandem::engine {

struct progress_row {
    std::int64_t epoch = 0; // ours since the takeover (R4)
    progress_facts facts;
    std::optional<lsn> skip; // pass over the transaction that ends here
};

} // namespace tandem::engine
