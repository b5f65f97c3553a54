#pragma once
// Deliberate faults for the tests that prove that a broken engine is noticed. Compiled in by
// TANDEM_FAILPOINTS only; the environment variable TANDEM_FAILPOINT names the one that is on.
//
// origin_filter   echoes are taken for changes
// progress_check  a restart does not drop what was applied before, and one restart is forced
// lost_batch      the rows of one batch are left out

#include <string_view>

#ifdef TANDEM_FAILPOINTS
#include <csignal>
#include <cstdlib>
#endif

namespace tandem::engine {

[[nodiscard]] inline bool failpoint([[maybe_unused]] std::string_view name) noexcept {
#ifdef TANDEM_FAILPOINTS
    static char const* const on = std::getenv("TANDEM_FAILPOINT");
    return on != nullptr && name == on;
#else
    return false;
#endif
}

// Where kill -9 may come: TANDEM_CRASH_AT names the point at which the process dies.
inline void crash_point([[maybe_unused]] std::string_view name) noexcept {
#ifdef TANDEM_FAILPOINTS
    static char const* const at = std::getenv("TANDEM_CRASH_AT");
    if (at != nullptr && name == at) {
        std::raise(SIGKILL);
    }
#endif
}

} // namespace tandem::engine
