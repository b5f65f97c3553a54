#pragma once
// From which position of the target's WAL on everything that it writes itself has been written after a position of the
// source was applied there (R9, R13). Pure; one per direction.
//
// A transaction that ran beside may have taken its time before and write its end behind: it is waited for.

#include "codecs/base/lsn.hpp"

#include <cstdint>
#include <optional>

namespace tandem::engine {

struct horizon {
    lsn applied;  // of the source
    lsn from;     // of the target
    pg_time at{}; // commit of what was applied last; zero: not known
    friend bool operator==(horizon const&, horizon const&) = default;
};

class horizon_probe {
public:
    // Worth asking the target, which has applied the source up to there.
    [[nodiscard]] bool due(lsn applied) const noexcept {
        return asked_ || !last_ || applied > last_->applied;
    }
    // What it said when everything up to `applied` was committed there: pg_current_wal_insert_lsn() after its snapshot's
    // txid_snapshot_xmin() and _xmax().
    void said(lsn applied, lsn inserted, std::int64_t oldest, std::int64_t next,
              pg_time at = {}) noexcept {
        if (!asked_) {
            asked_ = question{applied, next, at};
        } else if (oldest >= asked_->until) {
            last_ = horizon{asked_->applied, inserted, asked_->at};
            asked_.reset();
        }
    }
    [[nodiscard]] std::optional<horizon> const& last() const noexcept { return last_; }

private:
    struct question {
        lsn applied;
        std::int64_t until; // transactions before this one may have run beside it
        pg_time at;
    };
    std::optional<question> asked_;
    std::optional<horizon> last_;
};

} // namespace tandem::engine
