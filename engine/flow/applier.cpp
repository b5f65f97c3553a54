#include "engine/flow/applier.hpp"

#include "codecs/base/assert.hpp"
#include "engine/flow/version_horizon.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t flights_max = 3;
constexpr std::uint32_t copied_least = 500; // changes
// While changes come fast: how many a batch waits for, and how long. COPY has the session to itself.
constexpr std::uint32_t rush_changes = 1'500;
constexpr std::uint32_t rush_copied = 6'000;
constexpr std::chrono::milliseconds rush_delay{6};
constexpr std::chrono::milliseconds rush_copy_delay{25};

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
      rules_{std::move(rules)},
      sender_{pipeline, rules_, link.setup.target.name},
      left_out_{link.setup, link.binary},
      batch_{batch_rows_now(link.setup) > 1},
      sent_{pipeline.link().executor()},
      timer_{pipeline.link().executor()},
      backoff_{10ms, 200ms},
      requests_backoff_{100ms, 5s},
      collisions_backoff_{50ms, 2s},
      chained_{link.progress.facts.applied},
      careful_at_{careful_at},
      keys_{link.binary},
      again_keys_{link.binary},
      again_{link.target_deletes != nullptr && !link.memory.again_done &&
             link.confirmed_before < link.applied_before} {
    link_.anything_parked = !parked_.empty();
    link_.memory.again_done = !again_;
    if (again_ || !link_.unverified.empty()) {
        link_.watermark.hold(again_ ? lsn{} : link_.unverified.verified());
    }
}

io::awaitable<failure> applier::run() {
    auto const horizon = co_await read_versions_since(link_, tables_.catalog());
    if (!horizon) {
        co_return horizon.error();
    }
    for (;;) {
        if (broken_ || link_.stopping) {
            if (!flights_.empty()) {
                co_await link_.arrived.wait();
                continue;
            }
            if (link_.stopping) {
                co_return failure{next_step::stopped, {}};
            }
            auto const recovered = co_await recover();
            if (!recovered) {
                co_return recovered.error();
            }
            continue;
        }
        auto const first = co_await tend();
        if (!first) {
            co_return first.error();
        }
        if (*first) {
            continue;
        }
        if (careful_now() && !flights_.empty()) {
            co_await link_.arrived.wait();
            continue;
        }
        if (careful_now()) {
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
        auto const gone = co_await send_batch(by_copy);
        if (!gone) {
            co_return gone.error();
        }
    }
}

// What is not of the stream. True: the applier looks again before it does anything else.
io::awaitable<outcome_of<bool>> applier::tend() {
    auto first = co_await tend_parked();
    if (first && !*first) {
        first = co_await tend_buried();
    }
    if (first && !*first) {
        first = co_await tend_verification();
    }
    co_return first;
}

io::awaitable<applier::voided> applier::send_batch(bool by_copy) {
    if (by_copy) {
        co_return co_await send_copy();
    }
    co_return co_await send();
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
    head.barrier = link_.setup.conflicts.any_guarded() ? barrier : pg_time{};
    head.log_offset = last.log_offset;
    head.source = link_.source_news ? &*link_.source_news : nullptr;
    return head;
}

// A batch that could leave alone waits for company: for --batch-delay, and in any case for a moment
// while changes come fast, since a small one costs nearly as much as a larger one. True: wait on.
io::awaitable<bool> applier::gather_more() {
    bool const copy = link_.rushing && goes_by_copy();
    bool const rush = link_.rushing && batch_.changes() < (copy ? rush_copied : rush_changes);
    auto const rush_time = copy ? rush_copy_delay : rush_delay;
    auto const delay = std::max(batch_delay_now(link_.setup), rush ? rush_time : 0ms);
    if (delay.count() == 0 || open_ || full() || held_up() || link_.stopping) {
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
    made.seen = batch_.seen();
    made.sent_at = std::chrono::steady_clock::now();
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
    closed_ = false;
    if (!completed_.empty() && batch_start_ >= completed_until_) {
        forget_completed();
    }
    sent_.notify();
}

// Deep catch-up of new rows: COPY costs the target least, but only with nothing else in flight (R8).
bool applier::goes_by_copy() const {
    return !open_ && !batch_.inside_transaction() && batch_.changes() >= copied_least &&
           batch_start_ >= upserts_until_ && sender_.copies_to(batch_) != nullptr;
}

io::awaitable<applier::voided> applier::send_copy() {
    auto passed = co_await pass_barrier(batch_.earliest(), batch_.newest());
    if (!passed) {
        co_return passed;
    }
    auto made = new_flight(true);
    made.copied = table_name(*sender_.copies_to(batch_));
    auto const head = head_for(batch_.last(), batch_.end_lsn(), batch_.newest());
    auto written = keys_written();
    if (!written) {
        co_return written.error();
    }
    made.written = std::move(*written);
    auto started = co_await sender_.copy(batch_, head, made.transaction);
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
        auto passed = co_await pass_barrier(batch_.earliest(), batch_.newest());
        if (!passed) {
            co_return passed;
        }
    }
    auto queued = queue_statements(commits);
    if (!queued) {
        co_return queued;
    }
    auto made = new_flight(commits);
    made.of_long = open_;
    made.plain = sender_.went_plain();
    auto written = keys_written();
    if (!written) {
        co_return written.error();
    }
    made.written = std::move(*written);
    sent(std::move(made));
    open_ = !commits;
    link_.progress_locked = link_.progress_locked || open_;
    auto flushed = co_await pipeline_.flush();
    if (!flushed) {
        co_return retry_after(link_.setup.target.name, "sending a batch", flushed.error());
    }
    co_return boost::system::in_place_value;
}

// What the writer of that transaction of the source had seen of the target's (R13).
void applier::say_seen(lsn position, lsn seen) {
    if (link_.target_deletes != nullptr) {
        sender_.seen_before(link_.target_deletes->seen_before(position));
    }
    say_unseen(seen);
}

// What of the target's own is no newer than what the writer had seen, and was not seen all the same.
void applier::say_unseen(lsn seen) {
    if (link_.target_deletes != nullptr && link_.setup.conflicts.any(sql::row_versions::seen)) {
        sender_.unseen(link_.target_deletes->inversions(seen));
    }
}

// Whether what may beat the changes of a writer that had seen so much may beat those of another one's, and nothing else: also
// of what the target's decoder, which may be behind, will tell later.
bool applier::judged_alike(lsn one, lsn other) const {
    return !link_.setup.conflicts.any(sql::row_versions::seen) || link_.target_deletes == nullptr ||
           one == other ||
           link_.target_deletes->none_inverted(std::min(one, other), std::max(one, other));
}

// A batch has one answer to what its writers had not seen.
bool applier::joins(transaction_header const& header) const {
    return batch_.empty() || judged_alike(batch_.seen(), header.seen);
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
    say_seen(batch_.first_lsn(), batch_.seen());
    if (done) {
        done = sender_.steps(batch_, link_.setup.source.name, queued_behind(),
                             !open_ && commits && batch_start_ >= upserts_until_
                                 ? statement_form::trusting
                                 : statement_form::usual);
    }
    if (done && open_ && commits) {
        done = sender_.head(moving);
    }
    if (done && commits) {
        done = sender_.commit();
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
        case io::pg::outcome::kind::rows: // the head's come first
            if (of.transaction == 0 && !of.of_long) {
                of.transaction = got->data.integer(0, 0);
            }
            break;
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
            broken_ = std::move(done);
        }
        return;
    }
    if (broken_) {
        return; // rolled back together with the one before it
    }
    witness(done);
    link_.conflicts_changed = true;
    link_.anything_parked = !parked_.empty();
    collided(done.parked > 0);
    link_.window.release(done.end);
    link_.room.notify();
    auto& count = link_.stats.count;
    link_.tell_queue();
    // One TRUNCATE can be parked for several tables.
    uncommitted_rows_ += done.changes - std::min(done.changes, done.parked);
    uncommitted_parked_ += done.parked;
    note_written(done);
    if (!done.end_lsn) {
        return;
    }
    add_to(count.applied_rows, std::exchange(uncommitted_rows_, 0));
    add_to(count.parked, std::exchange(uncommitted_parked_, 0));
    link_.progress_locked = open_;
    auto& facts = link_.progress.facts;
    facts.applied = done.end_lsn;
    link_.memory.told = done.end_lsn;
    facts.applied_xid = done.last.id;
    facts.applied_at = done.last.commit_time;
    backoff_.reset();
    if (std::exchange(retrying_, false)) {
        spdlog::info("{} -> {}: goes on", link_.setup.source.name, link_.setup.target.name);
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
