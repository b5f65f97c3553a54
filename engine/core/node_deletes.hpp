#pragma once
// What whoever decodes a node tells whoever applies to it: which deletes of its own it has seen (R9). One per node and
// process; its two sides run on threads of their own.

#include "codecs/base/lsn.hpp"
#include "engine/core/horizon_probe.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace tandem::engine {

// What a transaction's writer had seen of the other node's (R13).
struct seen_of_target {
    lsn position; // end of the last transaction
    pg_time at;   // the greatest commit time up to there
};

// A transaction of the node's own whose commit time is no greater than one before it.
struct inversion {
    lsn end;
    pg_time at;
    std::uint32_t id = 0; // where another one has the same time; 0: it is told by its time
};

class node_deletes {
public:
    // Before anything runs: this process decodes the node.
    void watch() noexcept { watched_ = true; }
    [[nodiscard]] bool watched() const noexcept { return watched_; }

    // By the decoder. A tombstone of that table (see table_name()) is stored, or about to be.
    void noted(std::string const& table, pg_time at);
    // Every delete before that position is in tandem.tombstone.
    void stored(lsn position) noexcept;
    // Before stored() comes to where it ends. One that is known already is passed over.
    void inverted(inversion one, bool is_stored = false);
    // Those that were stored by an earlier process are known.
    void loaded() noexcept { loaded_ = true; }
    // Whatever ends before that position, and was not stored already, has been looked at for that.
    void ordered(lsn position) noexcept;
    [[nodiscard]] std::vector<inversion> inversions_to_store() const;
    void inversions_stored(std::size_t count); // the first of these
    // Where somebody waits for it to come to.
    [[nodiscard]] lsn wanted() const noexcept { return lsn{wanted_.load()}; }
    // The same of somebody who stands still meanwhile (R10).
    [[nodiscard]] lsn urged() const noexcept { return lsn{urged_.load()}; }

    // By appliers.
    [[nodiscard]] lsn stored() const noexcept { return lsn{stored_.load()}; }
    void want(lsn position) noexcept;
    void urge(lsn position) noexcept;
    // Whether a tombstone of that table can beat a row of `v`.
    [[nodiscard]] bool may_beat(std::string const& table, pg_time v) const;
    // That end behind a position.
    [[nodiscard]] std::vector<inversion> inversions(lsn seen) const;
    // Whether none ends behind the one position and up to the other, and none will turn up there.
    [[nodiscard]] bool none_inverted(lsn behind, lsn up_to) const;

    // By whoever hears of the peer that applies this node's stream.
    void peer_said(horizon of);
    // Whatever the peer wrote at that position of its WAL, it had seen what this node committed before that time; zero:
    // not known. Positions asked for only grow.
    [[nodiscard]] pg_time seen_before(lsn peer_position);
    // Before which position tombstones are needed no more, when everything up to `confirmed` of the peer's own WAL is
    // here, and verified; zero: none.
    [[nodiscard]] lsn droppable(lsn confirmed);
    // Up to where of the peer's WAL that waits; zero: for nothing.
    [[nodiscard]] lsn awaited() const;

    // By whoever applies this node's stream at a peer: everything before that position of this node's WAL is there, and
    // verified.
    void confirmed(lsn position) noexcept;
    [[nodiscard]] lsn confirmed() const noexcept { return lsn{confirmed_.load()}; }

private:
    bool watched_ = false;
    std::atomic<std::uint64_t> stored_{0};
    std::atomic<std::uint64_t> ordered_{0};
    std::atomic<bool> loaded_{false};
    std::atomic<std::uint64_t> wanted_{0};
    std::atomic<std::uint64_t> urged_{0};
    std::atomic<std::uint64_t> confirmed_{0};
    mutable std::mutex guard_;
    std::map<std::string, pg_time> newest_; // by table
    std::optional<horizon> awaited_;        // until the peer's stream has come so far
    lsn droppable_;
    std::deque<horizon> seen_;         // with a time; by `from`
    std::deque<inversion> inversions_; // by `end`
    std::vector<inversion> not_stored_;
};

} // namespace tandem::engine
