#pragma once
// Which position of a source's stream may be confirmed (R5). Pure; one per direction and stream start.
//
// Everything confirmed is first durable at the sink: as `applied` of a transaction, or as `safe`.

#include "codecs/base/lsn.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace tandem::engine {

class ack_watermark {
public:
    // `applied` and `safe` as the sink has them when the stream starts, `confirmed` as the slot has
    // it. Nothing beyond `confirmed` is confirmed before the stream itself has reached it: until then
    // the sink's positions may speak of a history that the source no longer has (R6).
    ack_watermark(lsn applied, lsn safe, lsn confirmed) noexcept;

    // A transaction began to arrive; keepalives count for nothing until its end.
    void begun() noexcept { inside_ = true; }
    // It arrived whole and goes to the applier.
    void received(lsn end) noexcept;
    // It arrived whole and is not to be applied: ours (R16), empty, or applied before.
    void skipped(lsn end) noexcept;
    // The server has nothing more to send before `wal_end`.
    void keepalive(lsn wal_end) noexcept;
    // Every transaction up to `end` is durable at the sink.
    void durable(lsn end) noexcept;
    // `safe` is durable at the sink.
    void stored_safe(lsn safe) noexcept;

    // What lies beyond `verified`, and is not confirmed yet, may not be (R9) until let_go().
    void hold(lsn verified) noexcept;
    void let_go() noexcept { held_.reset(); }
    [[nodiscard]] bool held() const noexcept { return held_.has_value(); }

    // A position beyond everything applied that is worth storing as `safe`; none while a
    // transaction is open or not yet durable.
    [[nodiscard]] std::optional<lsn> idle_position() const noexcept;
    // Only ever grows.
    [[nodiscard]] lsn confirmable() const noexcept {
        return held_ ? std::max(held_->base, std::min(held_->verified, confirmable_))
                     : confirmable_;
    }
    // Nothing received is on its way.
    [[nodiscard]] bool settled() const noexcept { return !inside_ && durable_ >= received_; }
    [[nodiscard]] lsn received() const noexcept { return received_; }
    // Everything before this has arrived, or there is nothing.
    [[nodiscard]] lsn position() const noexcept {
        return received_ > passed_ ? received_ : passed_;
    }

private:
    void confirm_passed() noexcept;

    lsn received_; // end of the last transaction handed to the applier
    lsn passed_;   // end of the last skipped one, or a keepalive's position
    lsn durable_;
    lsn safe_; // as the sink has it
    lsn confirmable_;
    struct hold_at {
        lsn base; // was confirmable before
        lsn verified;
    };
    std::optional<hold_at> held_;
    bool inside_ = false;
};

// Turns the sink's commit replies into durability when it commits asynchronously: what was committed
// before a probe is durable once the probe's insert position has been flushed.
class flush_tracker {
public:
    void committed(lsn end) noexcept { newest_ = end; }
    [[nodiscard]] bool waiting() const noexcept { return newest_ > durable_; }
    [[nodiscard]] lsn newest() const noexcept { return newest_; }
    // `asked_at` is newest() when the probe was sent: what was committed while it was on its way may
    // lie behind the positions of the sink's WAL that it brings. New durable end, if any.
    [[nodiscard]] std::optional<lsn> probed(lsn asked_at, lsn inserted, lsn flushed) noexcept;
    // Whether a probe's insert position has waited for patience_ms, and again that long after it was said: the last WAL
    // before it is then of no commit (of a transaction that is still open, or of a page that was pruned), and the
    // server flushes it some day only. `now_ms` by any clock that only goes forward.
    [[nodiscard]] bool stalled(std::int64_t now_ms) noexcept;
    static constexpr std::int64_t patience_ms = 1'000; // the WAL writer takes three times 200 ms

private:
    lsn newest_;
    lsn durable_;
    lsn tagged_; // newest_ at the probe that `tag_` belongs to
    lsn tag_;
    lsn waited_for_; // the tag at the last call of stalled()
    std::int64_t since_ms_ = 0;
};

// When an idle position is worth a write at the sink. Our own bookkeeping moves the sink's WAL, which
// the other direction sees as an idle position of its own: without this the two would ping-pong.
struct idle_store_input {
    lsn candidate;               // where the source's WAL is
    lsn stored;                  // max(applied, safe) at the sink
    std::uint64_t own_bytes = 0; // WAL bytes our bookkeeping wrote on the source since `stored`
    std::int64_t since_last_ms = 0;
};
inline constexpr std::int64_t idle_store_interval_ms = 10'000;
[[nodiscard]] bool worth_storing(idle_store_input const& now) noexcept;

} // namespace tandem::engine
