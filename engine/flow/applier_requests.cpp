// What `tandem parked` and `tandem table` asked for: pauses and drops first, then what is to be tried again.

#include "codecs/sql/ddl_statements.hpp"
#include "engine/flow/applier.hpp"
#include "engine/flow/apply_session.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

namespace tandem::engine {
namespace {

bool asked_for(std::vector<parked_row> const& rows, parked_request what) {
    return std::ranges::find(rows, what, &parked_row::asked) != rows.end();
}

} // namespace

io::awaitable<applier::voided> applier::carry_out_requests() {
    link_.parked_asked = false;
    take_back_batch();
    tables_.forget(); // the cure may have changed a table
    auto rows = co_await read_parked_rows(link_.setup, tables_.catalog());
    bool all = true;
    if (rows && asked_for(*rows, parked_request::pause)) {
        auto paused = co_await take_pauses();
        if (!paused) {
            co_return paused.error();
        }
        all = *paused;
    }
    if (rows && asked_for(*rows, parked_request::drop)) {
        auto dropped = co_await carry_out_drop(*rows);
        if (!dropped) {
            co_return dropped.error();
        }
        all = all && *dropped;
        rows = co_await read_parked_rows(link_.setup, tables_.catalog());
    }
    if (!rows) {
        co_return rows.error();
    }
    auto indexed = co_await index_parked();
    if (!indexed) {
        co_return indexed;
    }
    auto done = co_await retry_lanes(*rows);
    if (!done) {
        co_return done.error();
    }
    if (all && *done) {
        requests_backoff_.reset();
    } else {
        requests_wait_ = std::chrono::steady_clock::now() + requests_backoff_.next();
    }
    co_return co_await read_what_is_left();
}

// What joined it may wait no longer.
void applier::take_back_batch() {
    if (batch_.inside_transaction() || !batch_.empty()) {
        link_.window.rewind(batch_start_);
        batch_.clear();
    }
}

io::awaitable<applier::voided> applier::read_what_is_left() {
    auto left = co_await read_parked(link_.setup, tables_.catalog());
    if (!left) {
        co_return left.error();
    }
    parked_ = std::move(*left);
    link_.anything_parked = !parked_.empty();
    co_return boost::system::in_place_value;
}

// False: something passing stood in the way.
io::awaitable<outcome_of<bool>> applier::carry_out_drop(std::vector<parked_row> const& rows) {
    auto const decided = decide_drop(rows);
    auto const dropped = ids_of(rows, decided.dropped);
    auto const of_ddl = sql::parked_ddl_ids(dropped);
    auto const given_up = co_await tables_.catalog().execute(of_ddl);
    if (!given_up) {
        co_return retry_after(link_.setup.target.name, "reading tandem.parked", given_up.error());
    }
    std::vector<std::int64_t> seen; // what there is here stays as it is called
    seen.reserve(static_cast<std::size_t>(given_up->size()));
    for (int row = 0; row < given_up->size(); ++row) {
        seen.push_back(given_up->integer(row, 0));
    }
    auto told = co_await tell_seen(std::move(seen));
    if (!told) {
        co_return told.error();
    }
    auto queued = begin_request();
    for (auto const& statement : {sql::drop_parked(dropped, link_.setup.target.name),
                                  sql::ask_parked(ids_of(rows, decided.retried), "retry"),
                                  sql::make_whole(ids_of(rows, decided.now_whole))}) {
        if (queued) {
            queued = sender_.text(statement);
        }
    }
    auto done = co_await commit_request(queued);
    if (!done) {
        co_return done.error();
    }
    if (*done) {
        co_return co_await hindered(**done, "dropping parked changes");
    }
    spdlog::warn("{} -> {}: {} parked changes were dropped (tandem parked drop); they are in "
                 "tandem.conflict",
                 link_.setup.source.name, link_.setup.target.name, dropped.size());
    co_return true;
}

// What waits is read again behind this, and the table with it.
io::awaitable<outcome_of<bool>> applier::take_pauses() {
    auto queued = begin_request();
    if (queued) {
        queued = sender_.text(sql::paused_tables(link_.setup.source.name));
    }
    auto done = co_await commit_request(queued);
    if (!done) {
        co_return done.error();
    }
    if (*done) {
        co_return co_await hindered(**done, "pausing a table");
    }
    spdlog::info("{} -> {}: paused as 'tandem table pause' asked; see 'tandem table list'",
                 link_.setup.source.name, link_.setup.target.name);
    co_return true;
}

} // namespace tandem::engine
