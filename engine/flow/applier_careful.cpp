// Transactions in source order, one change a statement, after a batch of theirs failed (R8).
//
// A data error names exactly one change. It is parked with its key, or with its whole table when the
// table is at fault, and the transaction goes on from a savepoint; what is good is committed.

#include "codecs/base/assert.hpp"
#include "codecs/sql/schema.hpp"
#include "engine/core/failpoint.hpp"
#include "engine/core/oversize.hpp"
#include "engine/flow/applier.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace tandem::engine {
namespace {

constexpr std::size_t list_changes_max = 5'000;
constexpr std::size_t list_bytes_max = std::size_t{4} << 20;

} // namespace

io::awaitable<applier::voided> applier::careful_transaction() {
    auto const start = link_.window.position();
    auto const first = link_.window.next();
    TANDEM_ASSERT(first.kind == change_window::step_kind::begin);
    auto const header = first.piece->header;
    if (careful_at_ && header.final_lsn >= *careful_at_) {
        careful_at_.reset();
    }
    auto const parked_before = parked_;
    careful_progress at{link_.binary};
    auto done = co_await careful_body(header, at);
    if (tables_
            .reads_inside()) { // what was read of tables is that of the transaction, or is no more
        tables_.read_by(nullptr);
    }
    if (done && *done == listed::done) {
        flight whole;
        whole.start = start;
        whole.end = link_.window.position();
        whole.last = header;
        whole.end_lsn = at.end;
        whole.changes = at.changes;
        whole.parked = at.parked;
        whole.transactions = 1;
        whole.affected = -1;
        whole.written = at.written.take();
        whole.seen = header.seen;
        whole.transaction = at.transaction;
        whole.savepoints = true;
        settle(whole);
        co_return boost::system::in_place_value;
    }
    parked_ = parked_before;
    if (at.released) { // its start is gone from the window: once more from the source
        careful_next_ = header.final_lsn;
    }
    if (!done) {
        co_return done.error();
    }
    if (at.released) {
        co_return failure{next_step::retry, "a long transaction had to be rolled back"};
    }
    link_.window.rewind(start);
    co_await pause(backoff_.next());
    co_return boost::system::in_place_value;
}

io::awaitable<outcome_of<applier::listed>> applier::careful_body(transaction_header const& header,
                                                                 careful_progress& at) {
    auto begun = co_await careful_begin(header, at);
    if (!begun || *begun == listed::again) {
        co_return begun;
    }
    std::vector<pending_change> list;
    std::size_t bytes = 0;
    while (!at.end) {
        auto const step = link_.window.next();
        bool const move_on = step.kind == change_window::step_kind::nothing && held_up() &&
                             !list.empty(); // capture waits for what the list holds
        if (step.kind == change_window::step_kind::nothing && !move_on) {
            co_await link_.arrived.wait();
            if (link_.stopping) {
                co_return failure{next_step::stopped, {}};
            }
            continue;
        }
        bool const alters =
            step.kind == change_window::step_kind::change && step.what->kind == change_kind::ddl;
        if (alters) {
            auto carried = co_await careful_ddl(header, list, *step.what, at);
            if (!carried || *carried == listed::again) {
                co_return carried;
            }
            bytes = 0;
            continue;
        }
        if (step.kind == change_window::step_kind::change) {
            auto made = co_await resolve(step);
            if (made && lacks_columns(*made)) {
                auto const evolved = co_await evolve(header, list, *made, at);
                if (!evolved || *evolved == listed::again) {
                    co_return evolved;
                }
                bytes = 0;
                made = co_await resolve(step);
            }
            if (!made) {
                co_return made.error();
            }
            if (at.touched) {
                keep_to_touched(*made, at);
            } else if (made->plan != nullptr && !made->plan->kept.empty()) {
                leave_computed(*made, at);
            }
            list.push_back(std::move(*made));
            bytes += step.what->new_row.raw().size() + step.what->old_row.raw().size();
        } else if (!move_on) {
            at.end = step.piece->end_lsn;
        }
        if (!at.end && !move_on && list.size() < list_changes_max && bytes < list_bytes_max) {
            continue;
        }
        auto done = co_await careful_flush(header, list, at);
        if (!done || *done == listed::again) {
            co_return done;
        }
        bytes = 0;
        if (!at.end) { // a long one: what is carried out makes room for the rest
            at.released = true;
            link_.window.release(link_.window.position());
            link_.room.notify();
        }
    }
    auto told = co_await tell_seen(at.carried);
    if (!told) {
        co_return told.error();
    }
    co_return co_await careful_commit(header, at.end);
}

io::awaitable<outcome_of<applier::listed>> applier::careful_flush(transaction_header const& header,
                                                                  std::vector<pending_change>& list,
                                                                  careful_progress& at) {
    auto done = co_await careful_list(header, list, at);
    if (done && *done == listed::done) {
        at.changes += static_cast<std::uint32_t>(list.size());
        list.clear();
        left_out_.forget();
        at.partial.clear();
        at.partial_rows.clear();
    }
    co_return done;
}

io::awaitable<outcome_of<applier::listed>> applier::careful_begin(transaction_header const& header,
                                                                  careful_progress& at) {
    auto const passed = co_await pass_barrier(header.earliest(), header.commit_time);
    if (!passed) {
        co_return passed.error();
    }
    auto const& facts = link_.progress.facts;
    auto head = head_for({facts.applied_xid, facts.applied_at, {}}, chained_, header.commit_time);
    auto queued = sender_.begin(head);
    link_.progress_locked = true;
    if (queued) {
        queued = sender_.sync();
    }
    if (!queued) {
        co_return queued.error();
    }
    auto drained = co_await drain(nullptr, &at.transaction);
    if (!drained) {
        co_return drained.error();
    }
    if (*drained) {
        co_return co_await after_error(**drained, "beginning a transaction");
    }
    co_return listed::done;
}

// The keys of the rows that the list wrote.
bool applier::note_keys(key_sets& to, transaction_header const& header,
                        std::vector<pending_change> const& list,
                        std::map<std::size_t, park_reason> const& bad) {
    std::string scratch;
    for (std::size_t at = 0; at < list.size(); ++at) {
        auto const& one = list[at];
        bool const writes = one.plan != nullptr && one.plan->usable &&
                            one.plan->conflicts.guarded && one.what->kind != change_kind::remove &&
                            !bad.contains(at);
        if (writes && one.what->oversized == nullptr &&
            !to.add(key_after(*one.what, *one.plan, scratch), *one.plan,
                    header.v(one.plan->conflicts.versions))) {
            return false;
        }
    }
    return true;
}

// Sends every change of the list by itself. `ends` gets, for each, how many results are due up to
// and with it; returns how many of them go to tandem.parked.
outcome_of<std::uint32_t> applier::send_list(transaction_header const& header,
                                             std::vector<pending_change> const& list,
                                             std::map<std::size_t, park_reason> const& bad,
                                             std::vector<std::size_t>& ends) {
    batch_builder single{false};
    std::uint32_t parked = 0;
    say_seen(header.final_lsn, header.seen);
    auto sent = sender_.text("SAVEPOINT tandem");
    for (std::size_t at = 0; sent && at < list.size(); ++at) {
        auto const& one = list[at];
        auto const found = bad.find(at);
        single.clear();
        single.begin(header);
        if (one.plan == nullptr) {
            parked += add_truncate(single, *one.what, one.truncated,
                                   found != bad.end() ? &found->second : nullptr);
        } else if (found != bad.end() || parked_.behind(*one.what, *one.plan)) {
            single.add_parked(*one.what, *one.plan, parked_.as_described(*one.plan));
            parked_.follow(*one.what, *one.plan);
            if (found != bad.end()) {
                park(parked_, one, found->second);
            }
            ++parked;
        } else if (!one.plan->gone) { // otherwise so is what it was of
            single.add(*one.what, *one.plan);
        }
        sent = sender_.steps(single, link_.setup.source.name,
                             found != bad.end() ? found->second : queued_behind(),
                             one.touch ? statement_form::touch : statement_form::apart);
        ends.push_back(pipeline_.pending());
    }
    if (sent) {
        sent = sender_.text("RELEASE SAVEPOINT tandem");
    }
    if (sent) {
        sent = sender_.sync();
    }
    if (!sent) {
        return sent.error();
    }
    return parked;
}

// Those that need not be tried, by their places in the list.
outcome_of<std::map<std::size_t, park_reason>> applier::park_hopeless(
    std::vector<pending_change> const& list) {
    std::map<std::size_t, park_reason> bad; // by place in the list
    for (std::size_t at = 0; at < list.size(); ++at) {
        auto const& one = list[at];
        if (one.plan != nullptr && one.plan->gone) {
            continue;
        }
        if (one.what->oversized != nullptr) {
            bad[at] = {sql::sqlstate::oversize,
                       oversize_text(*one.what, *one.plan, link_.setup.source.name),
                       !key_is_known(*one.what, *one.plan),
                       {}};
            park(parked_, one, bad[at]);
            say_parked(one, bad[at]);
            continue;
        }
        if (one.plan == nullptr || one.plan->usable || parked_.behind(*one.what, *one.plan)) {
            continue;
        }
        if (link_.binary) {
            return failure{next_step::retry_text, one.plan->why_not};
        }
        bad[at] = {one.plan->sqlstate, one.plan->why_not, true, {}};
        park(parked_, one, bad[at]);
        say_parked(one, bad[at]);
    }
    return bad;
}

io::awaitable<outcome_of<applier::listed>> applier::careful_list(transaction_header const& header,
                                                                 std::vector<pending_change>& list,
                                                                 careful_progress& progress) {
    auto const before = parked_;
    auto known = park_hopeless(list);
    if (!known) {
        co_return known.error();
    }
    auto& bad = *known;
    for (;;) {
        parked_ = before; // what comes before a bad change in the list is not behind it
        std::vector<std::size_t> ends;
        auto const parked = send_list(header, list, bad, ends);
        if (!parked) {
            co_return parked.error();
        }
        std::size_t failed_at = 0;
        auto drained = co_await drain(&failed_at);
        if (!drained) {
            co_return drained.error();
        }
        if (!*drained) {
            progress.parked += *parked;
            if (verifies() && !note_keys(progress.written, header, list, bad)) {
                co_return failure{next_step::retry, "too many keys in one transaction"};
            }
            co_return listed::done;
        }
        auto const error = **drained;
        auto const place =
            static_cast<std::size_t>(std::ranges::upper_bound(ends, failed_at) - ends.begin());
        bool const data = error.classify() != io::pg::retry_class::transient;
        if (!data || place == list.size() || bad.contains(place)) {
            co_return co_await after_error(error, "carrying out a transaction");
        }
        if (error.sqlstate == sql::sqlstate::incomplete && leaves_out(*list[place].what)) {
            auto back = co_await back_to_savepoint();
            if (!back || *back == listed::again) {
                co_return back;
            }
            auto completed = co_await complete(header, list);
            if (!completed) {
                co_return completed.error();
            }
            continue;
        }
        bool const altered =
            sql::sqlstate::of_altered_table(error.sqlstate) && may_look_again(header.final_lsn);
        if (altered || sql::sqlstate::of_older_form(error.sqlstate, error.message)) {
            auto rolled = co_await roll_back();
            if (!rolled) {
                co_return rolled.error();
            }
            tables_.forget();
            co_return listed::again;
        }
        if (link_.binary) { // what is parked is kept as text
            co_return failure{next_step::retry_text,
                              fmt::format("a change of {} could not be carried out ({})",
                                          tables_of(list[place]), error.sqlstate)};
        }
        bad[place] = {error.sqlstate, error.message,
                      list[place].plan == nullptr || sql::sqlstate::table_at_fault(error.sqlstate),
                      error.detail};
        collisions_ = collisions_ || error.sqlstate == sql::sqlstate::unique_violation;
        say_parked(list[place], bad[place]);
        auto back = co_await back_to_savepoint();
        if (!back || *back == listed::again) {
            co_return back;
        }
    }
}

// A table may have been altered once more between the look at it and the statement: its own DDL comes as it likes. What is
// said of it twice more is so.
bool applier::may_look_again(lsn transaction) {
    constexpr int looks_most = 2;
    if (looked_again_at_ != transaction) {
        looked_again_at_ = transaction;
        looks_ = 0;
    }
    return ++looks_ <= looks_most;
}

io::awaitable<outcome_of<applier::listed>> applier::back_to_savepoint() {
    sender_.forget(); // what was to be prepared behind the error was not
    for (auto const* statement :
         {"ROLLBACK TO SAVEPOINT tandem", "RELEASE SAVEPOINT tandem", "DEALLOCATE ALL"}) {
        auto queued = sender_.text(statement);
        if (!queued) {
            co_return queued.error();
        }
    }
    auto ended = sender_.sync();
    if (!ended) {
        co_return ended.error();
    }
    auto drained = co_await drain(nullptr);
    if (!drained) {
        co_return drained.error();
    }
    if (*drained) {
        co_return co_await after_error(**drained, "rolling back to a savepoint");
    }
    co_return listed::done;
}

io::awaitable<outcome_of<applier::listed>> applier::careful_commit(transaction_header const& header,
                                                                   lsn end) {
    crash_point("careful_head");
    auto queued = sender_.head(head_for(header, end, header.commit_time));
    if (queued) {
        queued = sender_.commit();
    }
    if (queued) {
        queued = sender_.sync();
    }
    if (!queued) {
        co_return queued.error();
    }
    auto drained = co_await drain(nullptr);
    if (!drained) {
        co_return drained.error();
    }
    if (*drained) {
        co_return co_await after_error(**drained, "committing a transaction");
    }
    crash_point("careful_committed");
    chained_ = end;
    co_return listed::done;
}

io::awaitable<outcome_of<std::optional<io::pg::error>>> applier::drain(std::size_t* failed_at,
                                                                       std::int64_t* number) {
    auto const sent = pipeline_.pending();
    auto flushed = co_await pipeline_.flush();
    if (!flushed) {
        co_return retry_after(link_.setup.target.name, "sending statements", flushed.error());
    }
    std::optional<io::pg::error> failed;
    for (;;) {
        auto got = co_await pipeline_.next_result();
        if (!got) {
            co_return retry_after(link_.setup.target.name, "reading results", got.error());
        }
        if (got->what == io::pg::outcome::kind::sync) {
            co_return failed;
        }
        if (got->what == io::pg::outcome::kind::rows && number != nullptr) {
            *number = got->data.integer(0, 0);
        }
        if (got->what == io::pg::outcome::kind::error && !failed) {
            failed = got->why;
            if (failed_at != nullptr) {
                *failed_at = sent - pipeline_.pending() - 1;
            }
        }
    }
}

// After a rollback: again for what passes by itself, otherwise the direction starts anew.
io::awaitable<outcome_of<applier::listed>> applier::after_error(io::pg::error error,
                                                                std::string doing) {
    auto rolled = co_await roll_back();
    if (!rolled) {
        co_return rolled.error();
    }
    bool const passes = error.code == io::pg::errc::server_error &&
                        (error.classify() == io::pg::retry_class::transient ||
                         error.sqlstate == sql::sqlstate::clock_behind);
    auto const cause = retry_after(link_.setup.target.name, doing, error);
    if (passes) {
        say_retrying(cause.reason);
        co_return listed::again;
    }
    co_return cause;
}

std::string applier::tables_of(pending_change const& one) {
    if (one.plan != nullptr) {
        return table_name(*one.plan);
    }
    std::string names;
    for (auto const* plan : one.truncated) {
        names += (names.empty() ? "" : ", ") + table_name(*plan);
    }
    return names;
}

void applier::park(parked_keys& in, pending_change const& bad, park_reason const& reason) {
    auto const table = table_name(*bad.plan);
    if (reason.whole_table) {
        in.park_table(table);
    } else {
        in.park_key(table, key_values_of(identifying_row(*bad.what), *bad.plan));
    }
}

void applier::say_parked(pending_change const& bad, park_reason const& reason) const {
    spdlog::warn("{} -> {}: parked a change of {} ({}): {} wait in tandem.parked for a decision; "
                 "the rest goes on",
                 link_.setup.source.name, link_.setup.target.name, tables_of(bad), reason.sqlstate,
                 reason.whole_table ? "all changes of this table" : "this key's later changes");
}

} // namespace tandem::engine
