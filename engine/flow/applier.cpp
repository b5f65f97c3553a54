#include "engine/flow/applier.hpp"

#include "codecs/base/assert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t flights_max = 3;
constexpr std::uint32_t copied_least = 500;   // changes
constexpr std::uint32_t worth_rushing = 1500; // changes
constexpr std::chrono::milliseconds rush_delay{6};
constexpr std::uint32_t long_transaction_changes = 20'000; // sent in parts from here on

void add_to(counter& to, std::uint64_t by) {
    to.fetch_add(by, std::memory_order_relaxed);
}

} // namespace

applier::applier(direction_link& link, io::pg::pipeline_session& pipeline, plans& tables,
                 parked_keys& parked, sql::apply_rules rules, std::optional<lsn> careful_at)
    : link_{link},
      pipeline_{pipeline},
      tables_{tables},
      parked_{parked},
      sender_{pipeline, std::move(rules), link.setup.target.name},
      batch_{link.setup.batch_rows > 1},
      sent_{pipeline.link().executor()},
      timer_{pipeline.link().executor()},
      backoff_{10ms, 200ms},
      chained_{link.progress.facts.applied},
      careful_at_{careful_at} {}

io::awaitable<failure> applier::run() {
    for (;;) {
        if (broken_ || link_.stopping) {
            if (!flights_.empty()) {
                co_await link_.arrived.wait();
                continue;
            }
            if (link_.stopping) {
                co_return failure{next_step::stopped, {}};
            }
            auto recovered = co_await recover();
            if (!recovered) {
                co_return recovered.error();
            }
            continue;
        }
        if (careful_now()) {
            if (!flights_.empty()) {
                co_await link_.arrived.wait();
                continue;
            }
            auto done = co_await careful_transaction();
            if (!done) {
                co_return done.error();
            }
            continue;
        }
        auto fed = co_await feed();
        if (!fed) {
            co_return fed.error();
        }
        if (careful_now()) { // feed() went back
            continue;
        }
        if (!worth_sending()) {
            co_await link_.arrived.wait();
            continue;
        }
        if (co_await gather_more()) {
            continue;
        }
        bool const by_copy = goes_by_copy();
        if (by_copy && !flights_.empty()) {
            co_await link_.arrived.wait();
            continue;
        }
        voided gone = boost::system::in_place_value;
        if (by_copy) {
            gone = co_await send_copy();
        } else {
            gone = co_await send();
        }
        if (!gone) {
            co_return gone.error();
        }
    }
}

bool applier::full() const noexcept {
    if (batch_.inside_transaction()) {
        return batch_.bytes() >= link_.setup.batch_bytes ||
               batch_.changes() >= std::max(link_.setup.batch_rows, long_transaction_changes);
    }
    return batch_.bytes() >= link_.setup.batch_bytes || batch_.changes() >= link_.setup.batch_rows;
}

// A transaction is begun when it is here whole, or when it is too long to wait for its end.
bool applier::may_begin() const noexcept {
    return link_.window.commits_ahead() > 0 ||
           link_.window.unfinished_bytes() >= link_.setup.batch_bytes || held_up();
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
        auto const step = link_.window.next();
        switch (step.kind) {
        case change_window::step_kind::nothing:
            co_return boost::system::in_place_value;
        case change_window::step_kind::begin:
            batch_.begin(step.piece->header);
            break;
        case change_window::step_kind::change: {
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
    if (what.kind == change_kind::truncate || !parked_.empty()) {
        return false;
    }
    auto const* const plan = tables_.find(what.shape);
    if (plan == nullptr || !plan->usable) {
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
    if (what.kind == change_kind::truncate) {
        add_truncate(batch_, what, found->truncated, nullptr);
    } else if (!found->plan->usable && !parked_.behind(what, *found->plan)) {
        // The first change of a table that cannot be written: source order parks it with its reason.
        if (open_) {
            careful_next_ = batch_.current().final_lsn;
            co_return failure{next_step::retry, found->plan->why_not};
        }
        careful_until_ = link_.window.position();
        link_.window.rewind(batch_start_);
        batch_.clear();
    } else if (parked_.behind(what, *found->plan)) {
        batch_.add_parked(what, *found->plan);
        parked_.follow(what, *found->plan);
    } else {
        batch_.add(what, *found->plan);
    }
    co_return boost::system::in_place_value;
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

bool applier::worth_sending() const noexcept {
    if (!flights_.empty() && !flights_.front().copied.empty()) {
        return false; // it has the session to itself
    }
    if (batch_.empty() || flights_.size() >= flights_max) {
        return batch_.empty() && open_ && !batch_.inside_transaction() &&
               flights_.size() < flights_max;
    }
    if (batch_.inside_transaction()) {
        return full() || held_up();
    }
    return open_ || flights_.empty() || full();
}

apply_head applier::head_for(transaction_header const& last, lsn applied, pg_time barrier) {
    apply_head head;
    head.stream = link_.setup.source.name;
    head.epoch = link_.progress.epoch;
    head.previous = chained_;
    head.applied = applied;
    head.transaction = last.id;
    head.commit_time = last.commit_time;
    head.barrier = link_.setup.guarded ? barrier : pg_time{};
    return head;
}

// A batch that could leave alone waits for company: for --batch-delay, and in any case for a moment
// while changes come fast, since a small one costs nearly as much as a larger one. True: wait on.
io::awaitable<bool> applier::gather_more() {
    bool const rush = link_.rushing && batch_.changes() < worth_rushing;
    auto const delay = std::max(link_.setup.batch_delay, rush ? rush_delay : 0ms);
    if (delay.count() == 0 || open_ || full() || link_.stopping) {
        co_return false;
    }
    auto const now = std::chrono::steady_clock::now();
    if (!waiting_since_) {
        waiting_since_ = now;
    }
    auto const until = *waiting_since_ + delay;
    if (now >= until) {
        co_return false;
    }
    co_await link_.arrived.wait_until(until);
    co_return true;
}

applier::flight applier::new_flight(bool commits) const {
    flight made;
    made.start = batch_start_;
    made.end = link_.window.position();
    made.last = commits ? batch_.last() : batch_.current();
    made.end_lsn = commits ? batch_.end_lsn() : lsn{};
    made.changes = batch_.changes();
    made.parked = static_cast<std::uint32_t>(
        std::ranges::count(batch_.steps(), step_kind::park, &batch_step::kind));
    made.transactions = batch_.transactions();
    return made;
}

void applier::sent(flight made) {
    waiting_since_.reset();
    bool const commits = bool{made.end_lsn};
    flights_.push_back(std::move(made));
    link_.stats.count.in_flight.store(flights_.size(), std::memory_order_relaxed);
    if (commits) {
        chained_ = batch_.end_lsn();
        batch_.clear();
    } else {
        batch_.clear_rows();
    }
    batch_start_ = link_.window.position();
    sent_.notify();
}

// Deep catch-up of new rows: COPY costs the target least, but only with nothing else in flight (R8).
bool applier::goes_by_copy() const {
    return !open_ && !batch_.inside_transaction() && batch_.changes() >= copied_least &&
           batch_start_ >= upserts_until_ && sender_.copies_to(batch_) != nullptr;
}

io::awaitable<applier::voided> applier::send_copy() {
    co_await pass_barrier(batch_.newest());
    auto made = new_flight(true);
    made.copied = table_name(*sender_.copies_to(batch_));
    auto const head = head_for(batch_.last(), batch_.end_lsn(), batch_.newest());
    auto started = co_await sender_.copy(batch_, head);
    if (!started) {
        co_return started.error();
    }
    if (*started) {
        made.failed = **started;
        batch_.clear();
        settle(made);
    } else {
        sent(std::move(made));
    }
    co_return boost::system::in_place_value;
}

io::awaitable<applier::voided> applier::send() {
    bool const commits = !batch_.inside_transaction();
    if (!open_) {
        co_await pass_barrier(batch_.newest());
    }
    auto queued = queue_statements(commits);
    if (!queued) {
        co_return queued;
    }
    auto made = new_flight(commits);
    made.of_long = open_;
    made.plain = sender_.went_plain();
    sent(std::move(made));
    open_ = !commits;
    link_.progress_locked = link_.progress_locked || open_;
    auto flushed = co_await pipeline_.flush();
    if (!flushed) {
        co_return retry_after(link_.setup.target.name, "sending a batch", flushed.error());
    }
    co_return boost::system::in_place_value;
}

// A whole peer transaction: BEGIN, head, rows, COMMIT. A long one begins with a head that moves
// nothing, and the head that moves the position stands before its COMMIT.
applier::voided applier::queue_statements(bool commits) {
    auto const header = commits ? batch_.last() : transaction_header{};
    auto const moving = head_for(header, commits ? batch_.end_lsn() : chained_, batch_.newest());
    voided done = boost::system::in_place_value;
    if (!open_ && commits) {
        done = sender_.begin(moving);
    } else if (!open_) {
        auto standing = moving;
        standing.transaction = link_.progress.facts.applied_xid;
        standing.commit_time = link_.progress.facts.applied_at;
        done = sender_.begin(standing);
    }
    park_reason const queued{"TD011", "queued behind an earlier parked change of its key", false};
    if (done) {
        done = sender_.steps(batch_, link_.setup.source.name, queued,
                             !open_ && commits && batch_start_ >= upserts_until_);
    }
    if (done && open_ && commits) {
        done = sender_.head(moving);
    }
    if (done && commits) {
        done = sender_.text("COMMIT");
    }
    if (done) {
        done = sender_.sync();
    }
    return done;
}

io::awaitable<applier::voided> applier::take_results(flight& of) {
    if (!of.copied.empty()) {
        auto done = co_await pipeline_.finish_copy();
        if (!done && done.error().code != io::pg::errc::server_error) {
            co_return retry_after(link_.setup.target.name, "copying a batch", done.error());
        }
        if (!done) {
            of.failed = done.error();
        }
        of.affected = of.changes;
        co_return boost::system::in_place_value;
    }
    for (bool more = true; more;) {
        auto got = co_await pipeline_.next_result();
        if (!got) {
            co_return retry_after(link_.setup.target.name, "applying a batch", got.error());
        }
        switch (got->what) {
        case io::pg::outcome::kind::ok:
            of.affected += got->data.affected();
            break;
        case io::pg::outcome::kind::error:
            if (!of.failed) {
                of.failed = got->why;
            }
            break;
        case io::pg::outcome::kind::sync:
            more = false;
            break;
        case io::pg::outcome::kind::rows:
        case io::pg::outcome::kind::aborted:
            break;
        }
    }
    co_return boost::system::in_place_value;
}

io::awaitable<failure> applier::results() {
    for (;;) {
        while (flights_.empty()) {
            co_await sent_.wait();
        }
        auto& current = flights_.front();
        auto taken = co_await take_results(current);
        if (!taken) {
            co_return taken.error();
        }
        settle(current);
        flights_.pop_front();
        link_.stats.count.in_flight.store(flights_.size(), std::memory_order_relaxed);
        link_.arrived.notify();
    }
}

void applier::settle(flight& done) {
    if (done.failed) {
        if (!broken_) {
            broken_ = done;
        }
        return;
    }
    if (broken_) {
        return; // rolled back together with the one before it
    }
    link_.conflicts_changed = true;
    link_.window.release(done.end);
    link_.room.notify();
    auto& count = link_.stats.count;
    count.queue_bytes.store(link_.window.bytes(), std::memory_order_relaxed);
    add_to(count.applied_rows, done.changes - done.parked);
    add_to(count.parked, done.parked);
    if (!done.end_lsn) {
        return;
    }
    link_.progress_locked = open_;
    auto& facts = link_.progress.facts;
    facts.applied = done.end_lsn;
    facts.applied_xid = done.last.id;
    facts.applied_at = done.last.commit_time;
    backoff_.reset();
    if (std::exchange(retrying_, false)) {
        link_.stats.set_state(direction_state::streaming, {});
    }
    add_to(count.applied_transactions, done.transactions);
    add_to(count.batches, 1);
    count.applied_lsn.store(done.end_lsn.value, std::memory_order_relaxed);
    count.last_commit_us.store(static_cast<std::uint64_t>(done.last.commit_time.unix_us()),
                               std::memory_order_relaxed);
    if (link_.setup.sync_commit) {
        link_.watermark.durable(done.end_lsn);
    } else {
        link_.flushes.committed(done.end_lsn);
    }
}

} // namespace tandem::engine
