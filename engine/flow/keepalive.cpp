#include "engine/flow/keepalive.hpp"

#include "codecs/sql/parked_statements.hpp"
#include "engine/core/failpoint.hpp"
#include "engine/core/names.hpp"
#include "engine/core/origin_gate.hpp"
#include "engine/flow/buried.hpp"
#include "engine/flow/conflict_upkeep.hpp"
#include "engine/flow/version_horizon.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;
using io::pg::parameters;

constexpr auto tick = 100ms;
constexpr auto status_interval_most = 10s;
constexpr auto clock_interval = 10s;
constexpr auto requests_interval = 200ms;
constexpr auto pauses_interval = 1s; // while nothing is parked
constexpr auto watch_interval = 1s;
constexpr auto renewal_interval = 1min;
constexpr auto horizon_interval = 1s;

std::int64_t wall_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

lsn lsn_of(io::pg::rows const& from, int column) {
    return lsn::parse(from.text(0, column)).value_or(lsn{});
}

void store(counter& to, lsn position) {
    to.store(position.value, std::memory_order_relaxed);
}

// What one direction's durability loop remembers between its ticks.
struct durability_state {
    steady::time_point last_safe = steady::now() - 1h;
    steady::time_point last_clock = steady::now() - 1h;
    conflict_upkeep conflicts;
    steady::time_point last_requests = steady::now() - 1h;
    steady::time_point last_horizon = steady::now() - 1h;
    std::uint64_t own_bytes_then = 0; // the source's bookkeeping bytes when the sink came to
    lsn reached;                      // ... here
    lsn applied_at_renewal;
};

// A delete of the source's own must be in its tandem.tombstone first (R9).
lsn durable_at_both(direction_link const& link) noexcept {
    auto const at = link.watermark.confirmable();
    return link.source_deletes == nullptr
               ? at
               : std::max(link.confirmed_before, std::min(at, link.source_deletes->stored()));
}

// ... and so must what the writers of all behind it had seen be in tandem.progress, where the streams tell that.
lsn confirmable(direction_link const& link) noexcept {
    auto const at = durable_at_both(link);
    return link.setup.tells_seen ? std::min(at, link.seen_stored) : at;
}

constexpr char const* store_safe =
    "WITH was AS (SELECT pg_current_wal_insert_lsn() AS at), u AS (UPDATE tandem.progress SET "
    "safe_lsn = $1 WHERE stream = $2 AND lane = 0 AND epoch = $3 AND safe_lsn < $1 RETURNING 1) "
    "SELECT was.at, (SELECT count(*) FROM u) FROM was";

io::awaitable<outcome_of<void>> store_idle_position(direction_link& link,
                                                    io::pg::connection& target, lsn position,
                                                    node_bookkeeping& target_wal) {
    parameters values;
    values.emplace_back(to_string(position));
    values.emplace_back(link.setup.source.name);
    values.emplace_back(std::to_string(link.progress.epoch));
    auto stored = co_await target.query(store_safe, std::move(values));
    if (!stored) {
        co_return retry_after(link.setup.target.name, "storing an idle position", stored.error());
    }
    if (stored->integer(0, 1) == 0) {
        co_return failure{next_step::retry, "the stream was taken over or its progress changed"};
    }
    auto after = co_await target.execute("SELECT pg_current_wal_insert_lsn()");
    if (!after) {
        co_return retry_after(link.setup.target.name, "storing an idle position", after.error());
    }
    target_wal.wal_bytes.fetch_add(lsn_of(*after, 0).value - lsn_of(*stored, 0).value);
    link.progress.facts.safe = position;
    link.watermark.stored_safe(position); // committed synchronously: durable
    co_return boost::system::in_place_value;
}

io::awaitable<outcome_of<void>> measure_clock(direction_link& link, io::pg::connection& target) {
    auto const before = wall_us();
    auto got =
        co_await target.execute("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint");
    if (!got) {
        co_return retry_after(link.setup.target.name, "reading the clock", got.error());
    }
    link.clock_offset_us = got->integer(0, 0) - (before + wall_us()) / 2;
    co_return boost::system::in_place_value;
}

// Has `tandem parked` asked for something? The applier is reminded of what it could not carry out yet.
io::awaitable<outcome_of<void>> look_for_requests(direction_link& link,
                                                  io::pg::connection& target) {
    parameters values;
    values.emplace_back(link.setup.source.name);
    auto got = co_await target.query(sql::parked_asked(), std::move(values));
    if (!got) {
        co_return retry_after(link.setup.target.name, "reading tandem.parked", got.error());
    }
    link.parked_asked = link.parked_asked || got->boolean(0, 0);
    link.stats.count.parked_now.store(static_cast<std::uint64_t>(got->integer(0, 1)),
                                      std::memory_order_relaxed);
    if (link.parked_asked || link.anything_parked) { // an idle applier sleeps on
        link.arrived.notify();
    }
    co_return boost::system::in_place_value;
}

// The sink's part of a renewal; source_watch() has the other. An idle source keeps its token: a copy
// of it is no other history.
io::awaitable<outcome_of<void>> renew_token(direction_link& link, io::pg::connection& target,
                                            durability_state& state) {
    auto& renewal = link.renewal;
    using step = token_renewal::step;
    outcome_of<bool> done = true;
    if (link.progress_locked) {
        co_return boost::system::in_place_value;
    }
    if (renewal.at == step::handed_on) {
        done = co_await settle_token(link.setup, target, link.progress.epoch);
        if (done && *done) {
            renewal.at = step::settled;
            renewal.due = steady::now() + renewal_interval;
        }
    } else if (renewal.at == step::settled && steady::now() >= renewal.due &&
               link.progress.facts.applied != state.applied_at_renewal) {
        renewal.token = new_token();
        done = co_await announce_token(link.setup, target, link.progress.epoch, renewal.token);
        if (done && *done) {
            state.applied_at_renewal = link.progress.facts.applied;
            renewal.at = step::announced;
        }
    }
    if (!done) {
        co_return done.error();
    }
    co_return boost::system::in_place_value;
}

// Newer news may have come meanwhile.
io::awaitable<outcome_of<void>> store_news(direction_link& link, io::pg::connection& target) {
    auto const news = *link.source_news;
    auto const stored = co_await store_identity(link.setup, target, link.progress.epoch, news);
    if (!stored) {
        co_return stored.error();
    }
    if (*stored && link.source_news && link.source_news->tokens == news.tokens) {
        link.source_news.reset();
    }
    co_return boost::system::in_place_value;
}

// With nothing under way that is all that has come, unless it was passed over.
lsn verified_up_to(direction_link const& link) noexcept {
    auto const& watermark = link.watermark;
    return watermark.settled() && !watermark.held() && !link.scanning
               ? std::max(link.decoded, watermark.confirmable())
               : watermark.confirmable();
}

io::awaitable<outcome_of<void>> ask_horizon(direction_link& link, io::pg::connection& target) {
    auto const applied = link.progress.facts.applied;
    auto const applied_at = link.progress.facts.applied_at;
    auto const got = co_await target.execute(
        "SELECT txid_snapshot_xmin(s), txid_snapshot_xmax(s), pg_current_wal_insert_lsn() FROM "
        "txid_current_snapshot() AS s");
    if (!got) {
        co_return retry_after(link.setup.target.name, "reading its WAL position", got.error());
    }
    auto& probe = link.memory.horizon;
    probe.said(applied, lsn_of(*got, 2), got->integer(0, 0), got->integer(0, 1), applied_at);
    if (link.source_deletes != nullptr && probe.last()) {
        link.source_deletes->peer_said(*probe.last());
    }
    co_return boost::system::in_place_value;
}

} // namespace

io::awaitable<outcome_of<void>> store_seen(direction_link& link, io::pg::connection& target) {
    auto const at = durable_at_both(link);
    if (!link.setup.tells_seen || link.progress_locked || at <= link.seen_stored) {
        co_return boost::system::in_place_value;
    }
    auto const seen = link.seen.behind(at);
    if (seen.position != link.progress.seen.position) {
        parameters values;
        values.emplace_back(to_string(seen.position));
        values.emplace_back(std::to_string(seen.at.unix_us()));
        values.emplace_back(link.setup.source.name);
        values.emplace_back(std::to_string(link.progress.epoch));
        auto stored =
            co_await target.query("UPDATE tandem.progress SET seen_lsn = $1, seen_us = $2 WHERE "
                                  "stream = $3 AND lane = 0 AND epoch = $4",
                                  std::move(values));
        if (!stored) {
            co_return retry_after(link.setup.target.name, "storing what was seen", stored.error());
        }
        if (stored->affected() == 0) {
            co_return failure{next_step::retry, "the stream was taken over"};
        }
        link.progress.seen = seen; // committed synchronously: durable
    }
    link.seen_stored = at;
    co_return boost::system::in_place_value;
}

namespace {

// A position beyond everything applied (R5).
io::awaitable<outcome_of<void>> tend_idle(direction_link& link, io::pg::connection& target,
                                          node_bookkeeping& source_wal,
                                          node_bookkeeping& target_wal, durability_state& state) {
    if (auto const reached = link.progress.facts.reached(); state.reached != reached) {
        state.reached = reached;
        state.own_bytes_then = source_wal.wal_bytes.load();
    }
    auto const idle = link.watermark.idle_position();
    if (!idle || link.source_news) {
        co_return boost::system::in_place_value;
    }
    auto const now = steady::now();
    idle_store_input input;
    input.candidate = *idle;
    input.stored = link.progress.facts.reached();
    input.own_bytes = source_wal.wal_bytes.load() - state.own_bytes_then;
    input.since_last_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(now - state.last_safe).count();
    if (!link.fenced && !worth_storing(input)) {
        co_return boost::system::in_place_value;
    }
    link.fenced = false;
    link.status_wanted = true;
    state.own_bytes_then = source_wal.wal_bytes.load();
    auto stored = co_await store_idle_position(link, target, *idle, target_wal);
    if (stored) {
        state.last_safe = now;
        state.reached = link.progress.facts.reached();
    }
    co_return stored;
}

// At most one round trip of each kind a tick.
io::awaitable<outcome_of<void>> durability_tick(direction_link& link, io::pg::connection& target,
                                                node_bookkeeping& source_wal,
                                                node_bookkeeping& target_wal,
                                                durability_state& state) {
    auto const now = steady::now();
    if (link.flushes.waiting() || link.unverified.unplaced()) {
        auto probed = co_await probe_durability(link, target);
        if (!probed) {
            co_return probed;
        }
    }
    if (link.target_deletes != nullptr) {
        source_wal.deletes.confirmed(verified_up_to(link));
    }
    if (link.target_deletes != nullptr && link.watermark.held()) {
        link.target_deletes->want(link.unverified.waits_for());
        link.arrived.notify();
    }
    if (link.setup.conflicts.any_guarded() && now - state.last_horizon >= horizon_interval &&
        link.memory.horizon.due(link.progress.facts.applied)) {
        state.last_horizon = now;
        auto asked = co_await ask_horizon(link, target);
        if (!asked) {
            co_return asked;
        }
    }
    if (link.source_news && !link.progress_locked) {
        auto stored = co_await store_news(link, target);
        if (!stored) {
            co_return stored;
        }
    }
    auto idle = co_await tend_idle(link, target, source_wal, target_wal, state);
    if (!idle) {
        co_return idle;
    }
    auto seen = co_await store_seen(link, target);
    if (!seen) {
        co_return seen;
    }
    if (now - state.last_clock >= clock_interval) {
        state.last_clock = now;
        auto measured = co_await measure_clock(link, target);
        if (measured) {
            measured = co_await read_versions_since(link, target);
        }
        if (!measured) {
            co_return measured;
        }
    }
    auto renewed = co_await renew_token(link, target, state);
    if (!renewed) {
        co_return renewed;
    }
    auto const requests_due = link.anything_parked ? requests_interval : pauses_interval;
    if (now - state.last_requests >= requests_due) {
        state.last_requests = now;
        auto looked = co_await look_for_requests(link, target);
        if (!looked) {
            co_return looked;
        }
    }
    auto tended = co_await tend_conflicts(link, target, state.conflicts);
    co_return tended;
}

} // namespace

void note_caught_up(direction_stats& stats) noexcept {
    stats.count.caught_up_at_us.store(static_cast<std::uint64_t>(wall_us()),
                                      std::memory_order_relaxed);
}

io::awaitable<io::pg::result<void>> send_status(direction_link& link,
                                                io::pg::replication_stream& stream) {
    auto const confirmed = failpoint("progress_check") ? lsn{} : confirmable(link);
    replication::standby_status status;
    status.reply_requested = std::exchange(link.reply_wanted, false);
    status.written = std::max(confirmed, link.watermark.received());
    status.flushed = confirmed;
    status.applied = confirmed;
    status.sent_at = pg_time::from_unix_us(wall_us());
    auto sent = co_await stream.send(status);
    if (sent) {
        store(link.stats.count.confirmed_lsn, confirmed);
    }
    co_return sent;
}

// A commit that flushes nothing itself tells the WAL writer to.
constexpr char const* ask_for_flush = "SELECT txid_current()";

io::awaitable<outcome_of<void>> probe_durability(direction_link& link, io::pg::connection& target) {
    auto const asked_at = link.flushes.newest();
    auto const applied = link.progress.facts.applied;
    auto got =
        co_await target.execute("SELECT pg_current_wal_insert_lsn(), pg_current_wal_flush_lsn()");
    if (!got) {
        co_return retry_after(link.setup.target.name, "reading its WAL position", got.error());
    }
    if (auto const durable = link.flushes.probed(asked_at, lsn_of(*got, 0), lsn_of(*got, 1))) {
        link.watermark.durable(*durable);
    }
    link.unverified.placed(applied, lsn_of(*got, 0));
    auto const now = steady::now().time_since_epoch();
    if (link.flushes.stalled(std::chrono::duration_cast<std::chrono::milliseconds>(now).count())) {
        auto asked = co_await target.execute(ask_for_flush);
        if (!asked) {
            co_return retry_after(link.setup.target.name, "flushing its WAL", asked.error());
        }
    }
    co_return boost::system::in_place_value;
}

io::awaitable<failure> feedback_loop(direction_link& link, io::pg::replication_stream& stream,
                                     std::chrono::milliseconds sender_timeout) {
    auto interval = std::chrono::milliseconds{status_interval_most};
    if (sender_timeout.count() > 0) {
        interval = std::min(interval, sender_timeout / 3);
    }
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    auto last = steady::now() - interval;
    lsn last_confirmed;
    for (;;) {
        bool const due = steady::now() - last >= interval;
        if (due || link.status_wanted || confirmable(link) > last_confirmed) {
            link.status_wanted = false;
            last = steady::now();
            last_confirmed = confirmable(link);
            auto sent = co_await send_status(link, stream);
            if (!sent) {
                co_return retry_after(link.setup.source.name, "sending status", sent.error());
            }
        }
        timer.expires_after(std::min<std::chrono::milliseconds>(tick, interval));
        co_await timer.async_wait(io::asio::use_awaitable);
    }
}

io::awaitable<failure> durability_loop(direction_link& link, io::pg::connection& target,
                                       node_bookkeeping& source_wal, node_bookkeeping& target_wal) {
    durability_state state;
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    for (;;) {
        auto done = co_await durability_tick(link, target, source_wal, target_wal, state);
        if (!done) {
            co_return done.error();
        }
        if (link.hears_the_source && link.watermark.settled()) {
            note_caught_up(link.stats);
        }
        timer.expires_after(tick);
        co_await timer.async_wait(io::asio::use_awaitable);
    }
}

io::awaitable<failure> source_watch(direction_link& link, io::pg::connection& source,
                                    node_stats& node) {
    auto const slot = slot_of(link.setup);
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    lsn alone_at = link.memory.without_foreign;
    for (;;) {
        parameters values;
        values.emplace_back(slot);
        values.emplace_back(std::string{origin_prefix});
        auto got = co_await source.query(
            "SELECT active, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint, "
            "confirmed_flush_lsn, pg_current_wal_flush_lsn(), EXISTS (SELECT 1 FROM "
            "pg_replication_origin WHERE NOT starts_with(roname, $2)), "
            "coalesce(to_jsonb(s) ->> 'safe_wal_size', '-1')::bigint FROM pg_replication_slots AS s "
            "WHERE slot_name = $1",
            std::move(values));
        if (!got) {
            node.up.store(false);
            co_return retry_after(link.setup.source.name, "watching the slot", got.error());
        }
        node.up.store(true);
        if (!got->empty()) {
            if (!got->boolean(0, 4)) {
                link.memory.without_foreign = std::exchange(alone_at, lsn_of(*got, 3));
            } else if (link.setup.origin_none && !link.memory.foreign_origins) {
                link.memory.foreign_origins = true;
                co_return failure{
                    next_step::retry,
                    "a replication origin of somebody else appeared: what it brings is "
                    "to travel on, so origins are told apart here instead of in the "
                    "server"};
            }
            node.slot_active.store(got->boolean(0, 0));
            node.slot_retained_wal_bytes.store(
                static_cast<std::uint64_t>(std::max(0LL, got->integer(0, 1))));
            node.slot_safe_wal_bytes.store(got->integer(0, 5));
            store(node.slot_confirmed_lsn, lsn_of(*got, 2));
            auto& heard = link.stats.count.server_wal_end;
            if (lsn_of(*got, 3).value > heard.load(std::memory_order_relaxed)) {
                store(heard, lsn_of(*got, 3));
            }
        }
        auto looked = co_await look_for_buried(link, source);
        if (!looked) {
            co_return looked.error();
        }
        if (link.renewal.at == token_renewal::step::announced) {
            auto handed = co_await give_token(link.setup, source, link.renewal.token);
            if (!handed) {
                co_return handed.error();
            }
            link.renewal.at = token_renewal::step::handed_on;
        }
        timer.expires_after(watch_interval);
        co_await timer.async_wait(io::asio::use_awaitable);
    }
}

} // namespace tandem::engine
