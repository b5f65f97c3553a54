#pragma once
// The life of `tandem connect`: a worker and its REST interface in this process.

#include "engine/config/options.hpp"
#include "engine/connect/worker_settings.hpp"

namespace tandem::connect {

// Until stopped. `set`: listen, brokers and properties, which go before what `start` has of them. The exit status.
[[nodiscard]] int run_worker(engine::options const& set, worker_start start);

} // namespace tandem::connect
