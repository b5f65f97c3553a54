#pragma once
// The process's log: stderr, for people on a terminal, one JSON object a line elsewhere.

#include "engine/config/options.hpp"

namespace tandem::tool {

void set_up_logging(engine::options const& set, bool quiet, bool verbose);

} // namespace tandem::tool
