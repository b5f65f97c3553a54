// Catch-up: a backlog is written while the target is away, then it comes back.

#include "perf/harness/clock.hpp"
#include "perf/harness/experiment.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::perf {

namespace {

constexpr std::int64_t warm_up_rows = 20'000;
constexpr double catch_up_seconds = 900;

} // namespace

void experiment::fill(std::int64_t rows, std::int64_t from) {
    for (int const node : {node_a, node_b}) {
        if (!goes(node)) {
            continue;
        }
        session own(servers_.uri(node, database_), "tandem-perf fills");
        own.run("SET synchronous_commit = off");
        // Rows of its own numbers: those of the other master may come in meanwhile.
        auto const before = rows_of_side(own, node);
        own.run(fmt::format("CALL perf_fill({}, {}, {})", first_row(node) + from, rows, node));
        filled_rows_ += rows_of_side(own, node) - before;
        own.run("CHECKPOINT");
    }
}

std::int64_t experiment::rows_of_side(session& own, int side) const {
    std::int64_t sum = 0;
    for (auto const& table : tables()) {
        sum += own.number(fmt::format("SELECT count(*) FROM {} WHERE id >= $1 AND id < $2", table),
                          {std::to_string(first_row(side)), std::to_string(first_probe(side))});
    }
    return sum;
}

void experiment::catch_up() {
    // The target has seen these tables, its plans and the servers' caches are warm.
    target_->start();
    await_markers();
    auto const warm = std::min(warm_up_rows, options_.backlog);
    fill(warm, 0);
    await_markers();
    target_->stop();

    fill(options_.backlog, warm);
    std::array<std::int64_t, 2> marker{};
    auto const statement = statements_of(options_.what, 0).insert;
    for (int const from : {node_a, node_b}) {
        auto const at = static_cast<std::size_t>(from);
        watchers_[at] = std::make_unique<watcher>(servers_.uri(1 - from, database_),
                                                  options_.what.table, options_.look_us);
        sampler_->ours({watchers_[at]->backend()});
        if (goes(from)) {
            marker[at] = first_probe(from) + 2'000'000'000 + 1;
            session(servers_.uri(from, database_))
                .rows(statement, {std::to_string(marker[at]), std::to_string(marker[at])});
            ++filled_rows_;
        }
    }
    begin_window();
    auto const began = monotonic_seconds();
    auto const began_us = now_us();
    target_->start();
    for (std::size_t at = 0; at < 2; ++at) {
        if (marker[at] != 0) {
            watchers_[at]->expect({marker[at], began_us});
        }
    }
    std::array<double, 2> seconds{};
    last_second_ = began;
    while (std::ranges::any_of(std::array{0U, 1U},
                               [&](auto at) { return marker[at] != 0 && seconds[at] == 0; })) {
        auto const passed = monotonic_seconds() - began;
        if (passed > catch_up_seconds) {
            break; // the check tells what is missing
        }
        for (std::size_t at = 0; at < 2; ++at) {
            watchers_[at]->rethrow();
            if (marker[at] != 0 && seconds[at] == 0 && watchers_[at]->waiting() == 0) {
                seconds[at] = static_cast<double>(watchers_[at]->seen().max()) / 1e6;
            }
        }
        run_chaos(passed, false);
        pause_for(std::chrono::milliseconds(1));
    }
    result_.used = sampler_->used();
    for (std::size_t at = 0; at < 2; ++at) {
        if (marker[at] != 0) {
            auto& way = result_.ways[at].emplace();
            way.written.inserted = options_.backlog * options_.what.inserts / 100;
            way.written.updated = options_.backlog * options_.what.updates / 100;
            way.written.deleted = options_.backlog - way.written.inserted - way.written.updated;
            way.seconds = seconds[at] == 0 ? monotonic_seconds() - began : seconds[at];
        }
    }
    collect_bytes();
}

} // namespace tandem::perf
