#pragma once
// Notices a clock that was set back: commit times that fall behind the order of the WAL (R12). Pure.

#include "codecs/base/lsn.hpp"

#include <algorithm>
#include <cstdint>

namespace tandem::engine {

// One per direction and process: a new process takes the clock as it finds it.
// Last update wins is only as good as the commit times: a row written after a step back can lose to an
// older one. Neighbours in the WAL may differ by the moments between reading the clock and writing.
class clock_watch {
public:
    // For every transaction of the source's own, in WAL order: how far its commit time lies behind the
    // greatest one before, in microseconds; zero when it does not.
    [[nodiscard]] std::int64_t note(pg_time committed) noexcept {
        auto const behind = greatest_ > committed ? greatest_.us - committed.us : 0;
        greatest_ = std::max(greatest_, committed);
        return behind;
    }
    // The stream starts again behind a transaction of that commit time: what it then repeats is older
    // than what it told before.
    void restart(pg_time applied) noexcept { greatest_ = std::min(greatest_, applied); }

private:
    pg_time greatest_;
};

} // namespace tandem::engine
