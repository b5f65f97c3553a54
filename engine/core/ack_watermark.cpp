#include "engine/core/ack_watermark.hpp"

#include "codecs/base/assert.hpp"

#include <algorithm>

namespace tandem::engine {

namespace {
// What an idle server writes by itself after our bookkeeping: snapshots of running transactions and
// the records of a checkpoint.
constexpr std::uint64_t background_bytes = 512;
} // namespace

ack_watermark::ack_watermark(lsn applied, lsn safe, lsn confirmed) noexcept
    : received_{applied}, durable_{applied}, safe_{safe}, confirmable_{confirmed} {}

void ack_watermark::received(lsn end) noexcept {
    TANDEM_ASSERT(end > received_);
    inside_ = false;
    received_ = end;
}

void ack_watermark::skipped(lsn end) noexcept {
    inside_ = false;
    passed_ = std::max(passed_, end);
    confirm_passed();
}

void ack_watermark::keepalive(lsn wal_end) noexcept {
    if (!inside_) {
        passed_ = std::max(passed_, wal_end);
        confirm_passed();
    }
}

// The stream has come to a position that the sink had reached before.
void ack_watermark::confirm_passed() noexcept {
    confirmable_ = std::max(confirmable_, std::min(passed_, std::max(durable_, safe_)));
}

void ack_watermark::durable(lsn end) noexcept {
    TANDEM_ASSERT(end >= durable_ && end <= received_);
    durable_ = end;
    confirmable_ = std::max(confirmable_, end);
}

void ack_watermark::stored_safe(lsn safe) noexcept {
    safe_ = std::max(safe_, safe);
    confirmable_ = std::max(confirmable_, safe);
}

void ack_watermark::hold(lsn verified) noexcept {
    held_ = hold_at{confirmable(), verified};
}

std::optional<lsn> ack_watermark::idle_position() const noexcept {
    if (held_ || !settled() || passed_ <= std::max({confirmable_, safe_, durable_})) {
        return std::nullopt;
    }
    return passed_;
}

std::optional<lsn> flush_tracker::probed(lsn asked_at, lsn inserted, lsn flushed) noexcept {
    std::optional<lsn> reached;
    if (tag_ && tag_ <= flushed) {
        durable_ = tagged_;
        reached = durable_;
        tag_ = {};
    }
    if (!tag_ && asked_at > durable_) {
        tagged_ = asked_at;
        tag_ = inserted;
        if (tag_ <= flushed) {
            durable_ = tagged_;
            reached = durable_;
            tag_ = {};
        }
    }
    return reached;
}

bool flush_tracker::stalled(std::int64_t now_ms) noexcept {
    bool const same = tag_ && tag_ == waited_for_;
    bool const due = same && now_ms - since_ms_ >= patience_ms;
    if (!same || due) {
        since_ms_ = now_ms;
    }
    waited_for_ = tag_;
    return due;
}

bool worth_storing(idle_store_input const& now) noexcept {
    if (now.candidate <= now.stored || now.since_last_ms < idle_store_interval_ms) {
        return false;
    }
    auto const moved = now.candidate.value - now.stored.value;
    return moved > now.own_bytes + background_bytes;
}

} // namespace tandem::engine
