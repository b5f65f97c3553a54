#include "engine/core/node_deletes.hpp"

#include <algorithm>

namespace tandem::engine {
namespace {

void raise(std::atomic<std::uint64_t>& to, lsn position) noexcept {
    auto before = to.load();
    while (before < position.value && !to.compare_exchange_weak(before, position.value)) {
    }
}

} // namespace

void node_deletes::noted(std::string const& table, pg_time at) {
    std::lock_guard const held{guard_};
    auto& newest = newest_[table];
    newest = std::max(newest, at);
}

void node_deletes::stored(lsn position) noexcept {
    raise(stored_, position);
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
}

lsn node_deletes::droppable(lsn confirmed) {
    std::lock_guard const held{guard_};
    if (awaited_ && confirmed >= awaited_->from) {
        droppable_ = awaited_->applied;
        awaited_.reset();
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
