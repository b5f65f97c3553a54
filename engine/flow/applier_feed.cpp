// From the window into the batch: what joins it, and what has to be looked up or parked first.

#include "codecs/base/assert.hpp"
#include "engine/flow/applier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tandem::engine {
namespace {

constexpr std::uint32_t long_transaction_changes = 20'000; // sent in parts from here on

} // namespace

bool applier::full() const noexcept {
    if (closed_) {
        return true;
    }
    if (batch_.inside_transaction()) {
        return batch_.bytes() >= batch_bytes_now(link_.setup) ||
               batch_.changes() >= std::max(batch_rows_now(link_.setup), long_transaction_changes);
    }
    return batch_.bytes() >= batch_bytes_now(link_.setup) ||
           batch_.changes() >= batch_rows_now(link_.setup);
}

// A transaction is begun when it is here whole, or when it is too long to wait for its end.
bool applier::may_begin() const noexcept {
    return link_.window.commits_ahead() > 0 ||
           link_.window.unfinished_bytes() >= batch_bytes_now(link_.setup) || held_up();
}

// Capture waits for room: what is here must move on, whether it is worth a batch or not.
bool applier::held_up() const noexcept {
    return link_.window.bytes() >= link_.setup.queue_bytes;
}

bool applier::careful_now() const noexcept {
    return batch_.empty() && !open_ && !batch_.inside_transaction() &&
           (link_.window.position() < careful_until_ || careful_at_.has_value()) && may_begin();
}

io::awaitable<applier::voided> applier::feed() {
    // Behind an open long transaction nothing joins: its clock barrier was passed at its begin (R12).
    while (!full() && !careful_now() && (batch_.inside_transaction() || (!open_ && may_begin()))) {
        if (!batch_.inside_transaction() && batch_.empty()) {
            batch_start_ = link_.window.position();
        }
        auto const before = link_.window.position();
        auto step = link_.window.next();
        switch (step.kind) {
        case change_window::step_kind::nothing:
            co_return boost::system::in_place_value;
        case change_window::step_kind::begin:
            if (step.piece->alters) { // by itself, in source order
                careful_until_ = link_.window.position();
            }
            if (step.piece->alters || !joins(step.piece->header) || past_completed(before)) {
                link_.window.rewind(before);
                closed_ = !batch_.empty();
                co_return boost::system::in_place_value;
            }
            batch_.begin(step.piece->header);
            break;
        case change_window::step_kind::change: {
            if (!completed_.empty() && before < completed_until_) {
                auto const found = completed_.find(step.what);
                step.what = found != completed_.end() ? found->second : step.what;
            }
            if (!try_add(*step.what)) {
                auto added = co_await add(step);
                if (!added) {
                    co_return added;
                }
            }
            break;
        }
        case change_window::step_kind::commit:
            batch_.commit(step.piece->end_lsn);
            break;
        }
    }
    co_return boost::system::in_place_value;
}

bool applier::try_add(change const& what) {
    if (what.kind == change_kind::truncate || what.kind == change_kind::ddl ||
        what.oversized != nullptr || !parked_.empty()) {
        return false;
    }
    auto const* const plan = tables_.find(what.shape);
    if (plan == nullptr || !plan->usable || !plan->kept.empty()) {
        return false;
    }
    batch_.add(what, *plan);
    return true;
}

io::awaitable<applier::voided> applier::add(change_window::step step) {
    auto const found = co_await resolve(step);
    if (!found) {
        co_return found.error();
    }
    auto const& what = *step.what;
    if (changes_what_is_parked(*found)) {
        if (open_) {
            careful_next_ = batch_.current().final_lsn;
            co_return failure{next_step::retry,
                              fmt::format("{}: in source order from here", tables_of(*found))};
        }
        careful_until_ = link_.window.position();
        link_.window.rewind(batch_start_);
        batch_.clear();
        closed_ = false;
    } else if (what.kind == change_kind::truncate) {
        batch_.add_truncate(what, found->truncated);
    } else if (parked_.behind(what, *found->plan)) {
        batch_.add_parked(what, *found->plan, parked_.as_described(*found->plan));
    } else {
        batch_.add(what, *found->plan);
    }
    co_return boost::system::in_place_value;
}

// Only in source order, where a rollback takes it back: the first change of a table that cannot be
// written, one without its values, a key update or a TRUNCATE that joins a queue.
bool applier::changes_what_is_parked(pending_change const& found) const {
    if (found.what->kind == change_kind::ddl) {
        return true;
    }
    if (found.plan == nullptr) {
        return std::ranges::any_of(
            found.truncated, [&](auto const* plan) { return parked_.touches(table_name(*plan)); });
    }
    if (found.what->oversized != nullptr) {
        return true;
    }
    if (found.plan->gone || !found.plan->kept.empty()) {
        return true;
    }
    return parked_.behind(*found.what, *found.plan) ? moves_key(*found.what, *found.plan)
                                                    : !found.plan->usable;
}

// A table with something parked is emptied when its queue is, not before; so is one that the TRUNCATE
// itself failed on (`failed`). Returns how many were parked.
std::uint32_t applier::add_truncate(batch_builder& to, change const& what,
                                    std::vector<table_plan const*> const& tables,
                                    park_reason const* failed) {
    std::vector<table_plan const*> now;
    std::uint32_t parked = 0;
    for (auto const* plan : tables) {
        if (failed != nullptr || parked_.touches(table_name(*plan))) {
            to.add_parked(what, *plan);
            parked_.park_table(table_name(*plan));
            ++parked;
        } else {
            now.push_back(plan);
        }
    }
    if (!now.empty() || parked == 0) {
        to.add_truncate(what, now);
    }
    return parked;
}

io::awaitable<outcome_of<table_plan const*>> applier::plan_of(pgoutput::relation_ptr shape) {
    if (auto const* const known = tables_.find(shape.get())) {
        co_return known;
    }
    auto resolving = tables_.resolve(std::move(shape));
    auto made = co_await std::move(resolving);
    if (!made) {
        co_return made.error();
    }
    co_return *made;
}

io::awaitable<outcome_of<applier::pending_change>> applier::resolve(change_window::step step) {
    pending_change found;
    found.what = step.what;
    if (step.what->kind == change_kind::ddl) {
        co_return found;
    }
    if (step.what->kind == change_kind::truncate) {
        for (auto const& relation : step.what->truncated->relations) {
            auto const plan = co_await plan_of(relation);
            if (!plan) {
                co_return plan.error();
            }
            if ((*plan)->on_target) {
                found.truncated.push_back(*plan);
            }
        }
        co_return found;
    }
    for (auto const& shape : step.batch->shapes) {
        if (shape.get() == step.what->shape) {
            auto const plan = co_await plan_of(shape);
            if (!plan) {
                co_return plan.error();
            }
            found.plan = *plan;
        }
    }
    TANDEM_ASSERT(found.plan != nullptr);
    co_return found;
}

} // namespace tandem::engine
