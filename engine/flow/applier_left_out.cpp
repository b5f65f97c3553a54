// Updates that left columns out, where the target's row is not known to be the one that was changed (R8): what is missing is
// looked up in the source, for all of a batch together, and the batch is sent again. One by one they would take so long that
// rows which were there before the sync began could not be followed.

#include "engine/flow/applier.hpp"

#include <algorithm>

namespace tandem::engine {
namespace {

constexpr std::size_t completed_bytes = std::size_t{16} << 20; // that are kept
constexpr std::size_t looked_up_first = 16; // as long as nobody knows how large they are
constexpr std::size_t looked_up_most = 200;

} // namespace

// Of what lies between, transactions as a whole; false: not even the first one.
io::awaitable<outcome_of<bool>> applier::complete_between(change_window::cursor from,
                                                          change_window::cursor until) {
    forget_completed();
    link_.window.rewind(from);
    auto whole = from;
    std::vector<left_out_change> wanted;
    while (link_.window.position() < until && left_out_.bytes() < completed_bytes) {
        auto const step = link_.window.next();
        if (step.kind == change_window::step_kind::nothing) {
            break;
        }
        bool const looks = step.kind == change_window::step_kind::change && leaves_out(*step.what);
        if (looks) {
            auto const found = co_await resolve(step);
            if (!found) {
                co_return found.error();
            }
            if (found->plan->usable && !parked_.behind(*step.what, *found->plan)) {
                wanted.push_back({step.what, found->plan, &step.piece->header});
            }
        }
        if (wanted.size() >= looked_up_at_once()) {
            auto const done = co_await look_up(wanted);
            if (!done) {
                co_return done.error();
            }
        }
        if (step.kind == change_window::step_kind::commit) {
            whole = link_.window.position();
        }
    }
    auto const done = co_await look_up(wanted);
    if (!done) {
        co_return done.error();
    }
    link_.window.rewind(from);
    completed_until_ = whole;
    co_return whole != from;
}

// A quarter of what may be kept.
std::size_t applier::looked_up_at_once() const noexcept {
    if (completed_.empty()) {
        return looked_up_first;
    }
    auto const of_each = left_out_.bytes() / completed_.size() + 1;
    return std::clamp<std::size_t>(completed_bytes / 4 / of_each, 1, looked_up_most);
}

io::awaitable<applier::voided> applier::look_up(std::vector<left_out_change>& wanted) {
    std::span<left_out_change const> const asked{wanted};
    auto const completed = co_await left_out_.complete(asked);
    if (!completed) {
        co_return completed.error();
    }
    for (std::size_t at = 0; at < wanted.size(); ++at) {
        completed_[wanted[at].what] = (*completed)[at];
    }
    wanted.clear();
    co_return boost::system::in_place_value;
}

// What comes there is to be in another batch than what was completed: it could fail for the same reason.
bool applier::past_completed(change_window::cursor at) const noexcept {
    return !completed_.empty() && at >= completed_until_ && batch_start_ < completed_until_;
}

void applier::forget_completed() {
    completed_.clear();
    left_out_.forget();
}

// In source order, of a list of changes: one that needs it seldom comes alone.
io::awaitable<applier::voided> applier::complete(transaction_header const& header,
                                                 std::vector<pending_change>& list) {
    std::vector<left_out_change> wanted;
    std::vector<pending_change*> of;
    for (auto& one : list) {
        bool const writes =
            one.plan != nullptr && one.plan->usable && !parked_.behind(*one.what, *one.plan);
        if (writes && leaves_out(*one.what)) {
            wanted.push_back({one.what, one.plan, &header});
            of.push_back(&one);
        }
    }
    std::span<left_out_change const> const asked{wanted};
    auto const completed = co_await left_out_.complete(asked);
    if (!completed) {
        co_return completed.error();
    }
    for (std::size_t at = 0; at < of.size(); ++at) {
        of[at]->what = (*completed)[at];
    }
    co_return boost::system::in_place_value;
}

} // namespace tandem::engine
