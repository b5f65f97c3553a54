#include "engine/core/start_check.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::engine {
namespace {

constexpr char const* cure =
    "cure: compare both nodes with `tandem verify`, then set the direction up anew "
    "(`tandem destroy --yes` and `tandem init`)";

start_decision gap(std::string const& what) {
    return {start_verdict::gap, fmt::format("{}; {}", what, cure), false};
}

} // namespace

lsn progress_facts::reached() const noexcept {
    return std::max({applied, safe, start});
}

start_decision check_start(source_facts const& source, progress_facts const& progress) {
    auto const reached = progress.reached();
    if (!source.slot_exists) {
        return gap(fmt::format("replication slot {} does not exist any more: changes after {} up "
                               "to {} are missing",
                               source.slot, to_string(reached), to_string(source.wal_end)));
    }
    if (source.slot_lost) {
        return {start_verdict::lost,
                fmt::format("replication slot {} was invalidated by the server "
                            "(max_slot_wal_keep_size): changes after {} are missing; {}",
                            source.slot, to_string(reached), cure),
                false};
    }
    if (!progress.system_id.empty() && progress.system_id != source.system_id) {
        return gap(fmt::format("the source is another server (system identifier {}, was {}): "
                               "changes after {} are missing",
                               source.system_id, progress.system_id, to_string(reached)));
    }
    if (progress.timeline != 0 && progress.timeline != source.timeline) {
        return gap(fmt::format("the source is on timeline {}, was {}: changes after {} may be "
                               "missing or others than applied",
                               source.timeline, progress.timeline, to_string(reached)));
    }
    if (source.confirmed_flush > reached) {
        return gap(fmt::format("replication slot {} was moved or made anew: changes after {} up to "
                               "{} are missing",
                               source.slot, to_string(reached), to_string(source.confirmed_flush)));
    }
    if (source.wal_end < reached) {
        return gap(fmt::format("the source ends at {}, before {} that was applied: it was restored "
                               "behind us, and what it writes between {} and {} would be missing",
                               to_string(source.wal_end), to_string(reached),
                               to_string(source.wal_end), to_string(reached)));
    }
    bool const known =
        source.incarnation == progress.incarnation ||
        source.incarnation == progress.next_incarnation ||
        std::ranges::find(source.sent_as, progress.incarnation) != source.sent_as.end();
    if (!progress.incarnation.empty() && !known) {
        return gap(fmt::format("the source was restored from a copy: changes after {} up to {} "
                               "are missing or others than applied",
                               to_string(source.confirmed_flush), to_string(source.wal_end)));
    }
    return {start_verdict::go, {}, source.confirmed_flush < progress.applied};
}

resume_guard::resume_guard(progress_facts const& progress, bool expect_last_applied) noexcept
    : applied_{progress.applied},
      safe_{progress.safe},
      xid_{progress.applied_xid},
      at_{progress.applied_at},
      pending_{expect_last_applied} {}

resume_guard::verdict resume_guard::begin(lsn final_lsn) noexcept {
    if (final_lsn < applied_) {
        return verdict::applied_before;
    }
    if (pending_) {
        seen_ = final_lsn;
        return verdict::gap;
    }
    return verdict::fresh;
}

resume_guard::verdict resume_guard::end(lsn end, xid id, pg_time commit_time) noexcept {
    if (end == applied_) {
        seen_ = end;
        bool const same = id == xid_ && commit_time == at_;
        pending_ = pending_ && !same;
        return same ? verdict::applied_before : verdict::gap;
    }
    if (end > applied_) { // its commit record lies across the end of the one applied last
        seen_ = end;
        return verdict::gap;
    }
    return verdict::applied_before;
}

resume_guard::verdict resume_guard::applies(lsn end) noexcept {
    if (end <= safe_) {
        seen_ = end;
        return verdict::gap;
    }
    return verdict::fresh;
}

// A server speaks of a position only after it has sent what committed before.
resume_guard::verdict resume_guard::keepalive(lsn wal_end) noexcept {
    if (pending_ && wal_end >= applied_) {
        seen_ = wal_end;
        return verdict::gap;
    }
    return verdict::fresh;
}

std::string resume_guard::why() const {
    return fmt::format("the source's history is not the one that was followed up to {}: the "
                       "transaction applied last ended at {}, and the stream now has another at "
                       "{}; the source was restored behind us; {}",
                       to_string(std::max(applied_, safe_)), to_string(applied_), to_string(seen_),
                       cure);
}

} // namespace tandem::engine
