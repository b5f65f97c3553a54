#pragma once
// Rows that a peer's transactions wrote, until the target's decoder has passed the place where they were written: a newer
// delete of the target's own, which had gone before, is known then (R9). Pure; one per direction and stream start.
//
// What is open holds back the confirmation of the source (docs/decisions/0002): a process that ends here is sent it again.

#include "engine/core/key_set.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace tandem::engine {

struct written_rows {
    lsn end; // of the source's transaction: everything up to there is in this or an earlier one
    // The target's transactions that wrote them, as txid_current() says them: from one to before another. `next` zero: to
    // before those that write what comes behind.
    std::int64_t first = 0;
    std::int64_t next = 0;
    std::vector<key_set> tables;
    lsn passed{}; // of the target: a decoder that is there has seen what can beat them; zero: not known yet
    lsn seen{};            // of the target, by their writers (R13)
    std::size_t bytes = 0; // that they hold, when they were added
};

class open_verifications {
public:
    // In the order of `end`.
    void add(written_rows rows);
    // The target had written up to `inserted` after everything up to `applied` was committed there.
    void placed(lsn applied, lsn inserted) noexcept;
    [[nodiscard]] bool unplaced() const noexcept { return !rows_.empty() && !rows_.back().passed; }

    // The oldest, if a decoder at `decoded` has passed it.
    [[nodiscard]] written_rows* due(lsn decoded) noexcept;
    // The oldest is verified.
    void close();
    // What comes behind was not committed after all.
    void forget_beyond(lsn applied);

    [[nodiscard]] bool empty() const noexcept { return rows_.empty(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
    // Where the decoder has to come to; zero: nowhere yet.
    [[nodiscard]] lsn waits_for() const noexcept;
    // Everything up to there is verified; zero: nothing was yet.
    [[nodiscard]] lsn verified() const noexcept { return verified_; }

private:
    std::deque<written_rows> rows_;
    std::size_t bytes_ = 0;
    lsn verified_;
};

} // namespace tandem::engine
