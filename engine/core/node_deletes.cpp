#include "engine/core/node_deletes.hpp"

#include <algorithm>

namespace tandem::engine {
namespace {

void raise(std::atomic<std::uint64_t>& to, lsn position) noexcept {
    auto before = to.load();
    while (before < position.value && !to.compare_exchange_weak(before, position.value)) {
    }
}

constexpr std::size_t seen_most = 256;
// Commit times of one node may stand in another order than its commits, by moments.
constexpr std::int64_t disorder_us = 1'000'000;

} // namespace

void node_deletes::noted(std::string const& table, pg_time at) {
    std::lock_guard const held{guard_};
    auto& newest = newest_[table];
    newest = std::max(newest, at);
}

void node_deletes::stored(lsn position) noexcept {
    raise(stored_, position);
}

void node_deletes::inverted(inversion one, bool is_stored) {
    std::lock_guard const held{guard_};
    auto const at = std::ranges::lower_bound(inversions_, one.end, {}, &inversion::end);
    if (at != inversions_.end() && at->end == one.end) {
        return;
    }
    inversions_.insert(at, one);
    if (!is_stored) {
        not_stored_.push_back(one);
    }
}

std::vector<inversion> node_deletes::inversions_to_store() const {
    std::lock_guard const held{guard_};
    return not_stored_;
}

void node_deletes::inversions_stored(std::size_t count) {
    std::lock_guard const held{guard_};
    not_stored_.erase(not_stored_.begin(),
                      not_stored_.begin() + static_cast<std::ptrdiff_t>(count));
}

std::vector<inversion> node_deletes::inversions(lsn seen) const {
    std::lock_guard const held{guard_};
    auto const first = std::ranges::upper_bound(inversions_, seen, {}, &inversion::end);
    return {first, inversions_.end()};
}

void node_deletes::ordered(lsn position) noexcept {
    raise(ordered_, position);
}

bool node_deletes::none_inverted(lsn behind, lsn up_to) const {
    if (!loaded_ || ordered_.load() < up_to.value) {
        return false;
    }
    std::lock_guard const held{guard_};
    auto const first = std::ranges::upper_bound(inversions_, behind, {}, &inversion::end);
    return first == inversions_.end() || first->end > up_to;
}

void node_deletes::want(lsn position) noexcept {
    raise(wanted_, position);
}

void node_deletes::urge(lsn position) noexcept {
    raise(urged_, position);
}

void node_deletes::confirmed(lsn position) noexcept {
    raise(confirmed_, position);
}

// One at a time: a stream that is behind would never reach the newest.
void node_deletes::peer_said(horizon of) {
    std::lock_guard const held{guard_};
    if (!awaited_ && of.applied > droppable_) {
        awaited_ = of;
    }
    if (of.at.us != 0 && (seen_.empty() || of.from > seen_.back().from)) {
        if (seen_.size() == seen_most) {
            seen_.pop_back(); // a peer that is far behind needs the old ones first
        }
        seen_.push_back(of);
    }
}

pg_time node_deletes::seen_before(lsn peer_position) {
    std::lock_guard const held{guard_};
    while (seen_.size() > 1 && seen_[1].from <= peer_position) {
        seen_.pop_front();
    }
    return seen_.empty() || seen_.front().from > peer_position
               ? pg_time{}
               : pg_time{seen_.front().at.us - disorder_us};
}

lsn node_deletes::droppable(lsn confirmed) {
    std::lock_guard const held{guard_};
    if (awaited_ && confirmed >= awaited_->from) {
        droppable_ = awaited_->applied;
        awaited_.reset();
        while (!inversions_.empty() && inversions_.front().end < droppable_) {
            inversions_.pop_front();
        }
    }
    return droppable_;
}

lsn node_deletes::awaited() const {
    std::lock_guard const held{guard_};
    return awaited_ ? awaited_->from : lsn{};
}

bool node_deletes::may_beat(std::string const& table, pg_time v) const {
    std::lock_guard const held{guard_};
    auto const found = newest_.find(table);
    return found != newest_.end() && found->second >= v;
}

} // namespace tandem::engine
