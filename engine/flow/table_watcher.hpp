#pragma once
// Compares the synced tables while they are synced, one after the other, all the time (--verify-every).
//
// Each is compared as `tandem verify` does it. All of that takes at most a hundredth of the time: behind a comparison comes a
// pause of ninety-nine times its length (docs/decisions/0022).

#include "engine/config/options.hpp"
#include "engine/core/table_checks.hpp"
#include "io/runtime/awaitable.hpp"

#include <chrono>
#include <map>
#include <string>

namespace tandem::engine {

class table_watcher {
public:
    // Both must outlive it.
    table_watcher(options const& set, table_checks& checks) noexcept : set_{set}, checks_{checks} {}

    // Compares the table that has waited longest, if one is due. Throws what comparing throws.
    [[nodiscard]] io::awaitable<void> look();

private:
    using clock = std::chrono::steady_clock;

    void say(table_check const& made, std::string const& other_counts);

    options const& set_;
    table_checks& checks_;
    std::map<std::string, clock::time_point> compared_; // their ends
    std::map<std::string, std::string> said_;           // what differed, at the last look
    clock::time_point rests_until_{};
};

} // namespace tandem::engine
