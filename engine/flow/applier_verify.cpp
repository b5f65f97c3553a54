// R9: what a transaction wrote is verified when the target's decoder has passed the place where it was written, and what a
// newer delete of the target's own beats is taken out again.
//
// What is open when a process ends is sent again by the source, which was not told of it, and verified then: the versions
// that this stream wrote before the start, by what was sent of them last (docs/decisions/0002).

#include "codecs/sql/schema.hpp"
#include "engine/flow/applier.hpp"
#include "engine/flow/buried.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t sets_at_once = 64;
constexpr auto say_after = 5s;
constexpr std::int64_t half_of_all = std::int64_t{1} << 31; // transactions that can be told apart

} // namespace

// True: the applier looks again before it does anything else.
io::awaitable<outcome_of<bool>> applier::tend_verification() {
    if (link_.window.next_is_again()) {
        auto const passed = co_await pass_again();
        if (!passed) {
            co_return passed.error();
        }
        co_return true;
    }
    if (again_ && all_again()) {
        close_again();
    }
    bool const verifies_now = must_verify();
    if (verifies_now && flights_.empty()) {
        auto const verified = co_await verify();
        if (!verified) {
            co_return verified.error();
        }
        co_return true;
    }
    bool const too_much = too_much_unverified();
    auto const now = std::chrono::steady_clock::now();
    if (!too_much) {
        too_much_since_ = now;
    } else if (now - too_much_since_ >= say_after) {
        say_retrying(fmt::format("waiting until the deletes of node {0} are read: what is applied "
                                 "there is verified against them; see the direction {0} -> {1}",
                                 link_.setup.target.name, link_.setup.source.name));
    }
    if (verifies_now || too_much) {
        co_await link_.arrived.wait();
        co_return true;
    }
    co_return false;
}

outcome_of<std::vector<key_set>> applier::keys_written() {
    if (verifies() && !keys_.add_written(batch_)) {
        return failure{next_step::retry, "too many keys in one batch; lower --batch-bytes"};
    }
    return keys_.take();
}

// Of a long transaction every part comes here, the last one with its end.
void applier::note_written(flight& done) {
    if (!verifies()) {
        return;
    }
    std::ranges::move(done.written, std::back_inserter(uncommitted_keys_));
    uncommitted_transaction_ = done.transaction != 0 ? done.transaction : uncommitted_transaction_;
    if (!done.end_lsn || uncommitted_keys_.empty()) {
        return;
    }
    written_rows rows;
    rows.end = done.end_lsn;
    rows.first = uncommitted_transaction_;
    rows.next = done.savepoints ? 0 : rows.first + 1;
    rows.tables = std::exchange(uncommitted_keys_, {});
    rows.seen = done.seen;
    link_.unverified.add(std::move(rows));
    link_.watermark.hold(link_.unverified.verified());
}

// Closes those that nothing can beat; true: the oldest may be beaten.
bool applier::must_verify() {
    if (!verifies() || open_ || std::chrono::steady_clock::now() < verify_wait_) {
        return false;
    }
    auto const decoded = link_.target_deletes->stored();
    while (auto* const rows = link_.unverified.due(decoded)) {
        bool const by_time = !link_.setup.conflicts.any(sql::row_versions::seen) ||
                             link_.target_deletes->inversions(rows->seen).empty();
        std::erase_if(rows->tables, [&](key_set const& keys) {
            return by_time && !link_.target_deletes->may_beat(keys.shape().name, keys.earliest());
        });
        if (!rows->tables.empty()) {
            return true;
        }
        closed_one();
    }
    return false;
}

// What is not verified is kept in memory: beyond a bound nothing more is applied, and the decoder is told that it is waited
// for. It may stand still itself, with a queue that only moves when we do (R10).
bool applier::too_much_unverified() {
    if (!verifies() || open_ || link_.unverified.bytes() < link_.setup.queue_bytes / 4) {
        return false;
    }
    link_.target_deletes->urge(link_.unverified.waits_for());
    return true;
}

void applier::closed_one() {
    link_.unverified.close();
    if (again_) { // nothing is confirmed meanwhile
        return;
    }
    if (link_.unverified.empty()) {
        link_.watermark.let_go();
    } else {
        link_.watermark.hold(link_.unverified.verified());
    }
}

void applier::say_unverified(key_shape const& of, io::pg::error const& why) const {
    spdlog::warn(
        "{} -> {}: table {}.{} was altered on node {} meanwhile ({}): rows that came there just before were not "
        "compared with deletes of that node; `tandem verify` tells whether the nodes differ",
        link_.setup.source.name, link_.setup.target.name, of.table.schema, of.table.name,
        link_.setup.target.name, why.message);
}

// The oldest, with nothing in flight: what was written later has versions of its own.
io::awaitable<applier::voided> applier::verify() {
    auto& rows = *link_.unverified.due(link_.target_deletes->stored());
    auto const first = rows.first;
    auto const next = rows.next != 0 ? rows.next : rows.first + half_of_all;
    auto at_once = sets_at_once;
    while (!rows.tables.empty()) {
        auto const count = std::min(rows.tables.size(), at_once);
        auto queued = begin_request();
        say_unseen(rows.seen);
        for (std::size_t at = 0; at < count && queued; ++at) {
            queued = sender_.remove_buried(rows.tables[at], first, next);
            sender_.look_behind(rows.tables[at]);
        }
        auto failed = co_await commit_request(queued);
        if (!failed) {
            co_return failed.error();
        }
        if (*failed) {
            auto passing = co_await hindered(**failed, "verifying rows against newer deletes");
            if (!passing) {
                co_return passing.error();
            }
            // A table that was dropped, or altered, since: alone it is found, and no other waits for it.
            if (sql::sqlstate::table_at_fault((*failed)->sqlstate)) {
                if (count == 1) {
                    say_unverified(rows.tables.front().shape(), **failed);
                    rows.tables.erase(rows.tables.begin());
                }
                at_once = count == 1 ? sets_at_once : 1;
                continue;
            }
            verify_wait_ = std::chrono::steady_clock::now() + requests_backoff_.next();
            co_return boost::system::in_place_value;
        }
        rows.tables.erase(rows.tables.begin(),
                          rows.tables.begin() + static_cast<std::ptrdiff_t>(count));
    }
    link_.conflicts_changed = true;
    closed_one();
    co_return boost::system::in_place_value;
}

// With nothing in flight, like verify(). True: the applier looks again before it does anything else.
io::awaitable<outcome_of<bool>> applier::tend_buried() {
    auto& buried = link_.memory.buried;
    auto const applied = link_.progress.facts.applied_at;
    auto const been_here = std::ranges::stable_partition(
        buried, [&](buried_version const& each) { return each.deleted <= applied; });
    auto const ripe = static_cast<std::size_t>(been_here.begin() - buried.begin());
    if (ripe == 0 || open_ || std::chrono::steady_clock::now() < verify_wait_) {
        co_return false;
    }
    if (!flights_.empty()) {
        co_await link_.arrived.wait();
        co_return true;
    }
    auto const count = std::exchange(buried_alone_, false) ? 1 : ripe;
    auto queued = begin_request();
    for (std::size_t at = 0; at < count && queued; ++at) {
        queued = sender_.text(bury(buried[at]));
    }
    auto failed = co_await commit_request(queued);
    if (!failed) {
        co_return failed.error();
    }
    if (*failed) {
        auto passing = co_await hindered(**failed, "taking away a row that lost to a delete");
        if (!passing) {
            co_return passing.error();
        }
        if (passes_by_itself(**failed)) {
            verify_wait_ = std::chrono::steady_clock::now() + requests_backoff_.next();
            co_return true;
        }
        buried_alone_ = true;
        if (count > 1) {
            co_return true;
        }
        spdlog::warn("{} -> {}: a row of {}.{} that lost on node {} may stand on node {} still: "
                     "'tandem verify' tells",
                     link_.setup.source.name, link_.setup.target.name, buried.front().schema,
                     buried.front().table, link_.setup.source.name, link_.setup.target.name);
    }
    buried.erase(buried.begin(), buried.begin() + static_cast<std::ptrdiff_t>(count));
    co_return true;
}

// Transactions that were applied before: only their keys count.
io::awaitable<applier::voided> applier::pass_again() {
    std::string scratch;
    while (link_.window.next_is_again()) {
        auto const step = link_.window.next();
        if (step.kind != change_window::step_kind::change) {
            continue;
        }
        auto const found = co_await resolve(step);
        if (!found) {
            co_return found.error();
        }
        auto const& what = *step.what;
        bool const writes = found->plan != nullptr && found->plan->usable &&
                            found->plan->conflicts.guarded && what.kind != change_kind::remove &&
                            what.oversized == nullptr && !parked_.behind(what, *found->plan);
        if (writes) {
            again_keys_.add(key_after(what, *found->plan, scratch), *found->plan,
                            step.piece->header.v(found->plan->conflicts.versions),
                            step.piece->header.seen);
        }
    }
    link_.window.release(link_.window.position());
    link_.room.notify();
    co_return boost::system::in_place_value;
}

bool applier::all_again() const noexcept {
    return !link_.window.exhausted() || (link_.decoded >= link_.applied_before && !link_.scanning);
}

void applier::close_again() {
    again_ = false;
    link_.memory.again_done = true;
    if (again_keys_.empty()) {
        if (link_.unverified.empty()) {
            link_.watermark.let_go();
        }
        return;
    }
    auto const alike = [this](lsn one, lsn other) { return judged_alike(one, other); };
    for (auto& part : again_keys_.take(alike)) {
        written_rows rows;
        rows.end = link_.applied_before;
        rows.first = link_.first_transaction - half_of_all;
        rows.next = link_.first_transaction;
        rows.tables = std::move(part.tables);
        rows.seen = part.seen;
        link_.unverified.add(std::move(rows));
    }
}

} // namespace tandem::engine
