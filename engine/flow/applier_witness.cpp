// What an applied batch leaves for those who look on: latencies, what became of each table, and some of its changes while
// somebody looks at the tail.

#include "engine/core/shown_change.hpp"
#include "engine/flow/applier.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;

// Of a direction, a second: more than anybody reads.
constexpr std::size_t shown_most = 200;
constexpr std::size_t shown_of_flight = 40;

std::int64_t unix_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

} // namespace

void applier::witness(flight const& done) {
    auto const now_us = unix_us();
    auto& stats = link_.stats;
    if (done.end_lsn) {
        stats.batch_rows.observe(done.changes);
        if (done.sent_at.time_since_epoch().count() != 0) {
            stats.applied.observe(std::chrono::duration_cast<std::chrono::microseconds>(
                                      std::chrono::steady_clock::now() - done.sent_at)
                                      .count());
        }
    }
    witness_tables(done);
    if (stats.tail != nullptr && stats.tail->watched(now_us)) {
        show_changes(done, now_us);
    }
    link_.window.look(done.start, done.end, [&](auto const& piece, auto, bool ends) {
        if (ends) {
            stats.end_to_end.observe(now_us - piece.header.commit_time.unix_us());
        }
    });
}

void applier::witness_tables(flight const& done) {
    pgoutput::relation_shape const* last = nullptr;
    std::vector<std::pair<pgoutput::relation_shape const*, std::size_t>>
        known; // of this batch only
    std::size_t at = 0;
    auto const find = [&](pgoutput::relation_shape const* shape) {
        auto const found = std::ranges::find(
            known, shape, &std::pair<pgoutput::relation_shape const*, std::size_t>::first);
        if (found != known.end()) {
            return found->second;
        }
        auto* const table = &link_.stats.by_table.of(shape->schema, shape->name);
        auto const tally = std::ranges::find(uncommitted_tables_, table, &table_tally::table);
        auto const place = static_cast<std::size_t>(tally - uncommitted_tables_.begin());
        if (tally == uncommitted_tables_.end()) {
            uncommitted_tables_.push_back({table, {}, 0});
        }
        known.emplace_back(shape, place);
        return place;
    };
    link_.window.look(done.start, done.end, [&](auto const& piece, auto changes, bool) {
        for (change const& each : changes) {
            if (each.kind == change_kind::truncate) {
                for (auto const& relation : each.truncated->relations) {
                    ++uncommitted_tables_[find(relation.get())].changes[3];
                }
                continue;
            }
            if (each.shape == nullptr) {
                continue;
            }
            if (each.shape != last) {
                last = each.shape;
                at = find(last);
                uncommitted_tables_[at].newest_us = piece.header.commit_time.unix_us();
            }
            ++uncommitted_tables_[at].changes[static_cast<std::size_t>(each.kind)];
        }
    });
    if (!done.end_lsn) {
        return;
    }
    for (auto const& [table, changes, newest_us] : uncommitted_tables_) {
        for (std::size_t kind = 0; kind < changes.size(); ++kind) {
            if (changes[kind] > 0) {
                table->changes[kind].fetch_add(changes[kind], std::memory_order_relaxed);
            }
        }
        table->last_commit_us.store(static_cast<std::uint64_t>(newest_us),
                                    std::memory_order_relaxed);
    }
    uncommitted_tables_.clear();
}

std::string_view applier::verdict_on(change const& what) const {
    if (what.shape == nullptr || parked_.empty()) {
        return "applied";
    }
    auto const* const plan = tables_.find(what.shape);
    bool const waits = plan == nullptr || !plan->usable || parked_.behind(what, *plan);
    return waits ? "parked" : "applied";
}

// A part of them, from all over the batch.
void applier::show_changes(flight const& done, std::int64_t now_us) {
    auto const now = std::chrono::steady_clock::now();
    if (now - shown_since_ >= 1s) {
        shown_since_ = now;
        shown_ = 0;
    }
    std::size_t const all = done.changes;
    std::size_t const most =
        std::min({all, shown_of_flight, shown_most - std::min(shown_, shown_most)});
    auto& tail = *link_.stats.tail;
    if (most == 0) {
        tail.pass_over(all);
        return;
    }
    std::size_t const stride = (all + most - 1) / most;
    std::size_t number = 0;
    std::size_t shown = 0;
    change_witness by{
        link_.setup.source.name, link_.setup.target.name, {}, nullptr, now_us, &tail.hides};
    link_.window.look(done.start, done.end, [&](auto const& piece, auto changes, bool) {
        by.transaction = &piece.header;
        for (change const& each : changes) {
            if (number++ % stride == 0 && shown < most) {
                by.verdict = verdict_on(each);
                tail.add(shown_change(each, by));
                ++shown;
            }
        }
    });
    shown_ += shown;
    tail.pass_over(all - std::min(all, shown));
}

} // namespace tandem::engine
