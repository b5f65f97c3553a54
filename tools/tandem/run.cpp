// run: the sync itself.

#include "engine/flow/run.hpp"

#include "engine/config/load.hpp"
#include "tools/tandem/command.hpp"

#include <malloc.h>

namespace tandem::tool {

namespace {

// Blocks of up to a request's size go from thread to thread: taken in librdkafka's, given back in ours. An arena
// for each thread keeps what the others need, and the preset thresholds give back to the system what the next
// request takes again (docs/decisions/0007).
void keep_memory_together() {
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

} // namespace

int run(call const& now) {
    keep_memory_together();
    engine::validate_sites(now.set);
    engine::validate_run(now.set);
    return engine::run_instance(now.set);
}

} // namespace tandem::tool
