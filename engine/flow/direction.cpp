#include "engine/flow/direction.hpp"

#include "codecs/values/ascii_text.hpp"
#include "engine/core/failpoint.hpp"
#include "engine/core/names.hpp"
#include "engine/core/origin_gate.hpp"
#include "engine/core/retry_policy.hpp"
#include "engine/flow/applier.hpp"
#include "engine/flow/capture.hpp"
#include "engine/flow/direction_link.hpp"
#include "engine/flow/keepalive.hpp"
#include "engine/flow/sessions.hpp"
#include "engine/flow/start.hpp"
#include "io/pg/pipeline_session.hpp"
#include "io/pg/replication_stream.hpp"
#include "io/runtime/all.hpp"
#include "io/runtime/group.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;

// After a stop, which ends within 10 s: how long what is on its way may take, and all of it.
constexpr auto stop_patience = 5s;
constexpr auto stop_limit = 7s;

// In group<T>, T must be default constructible: what a member that threw leaves behind.
using ending = failure;

} // namespace

struct direction::sessions {
    std::unique_ptr<io::pg::connection> source;  // control
    std::unique_ptr<io::pg::connection> target;  // control
    std::unique_ptr<io::pg::connection> catalog; // the applier's look-ups
    std::unique_ptr<io::pg::pipeline_session> apply;
    std::unique_ptr<io::pg::replication_stream> stream;
};

direction::direction(direction_setup setup, direction_stats& stats, node_stats& source_stats,
                     node_bookkeeping& source_wal, node_bookkeeping& target_wal)
    : setup_{std::move(setup)},
      stats_{stats},
      source_stats_{source_stats},
      source_wal_{source_wal},
      target_wal_{target_wal},
      memory_{std::make_unique<direction_memory>()} {}

direction::~direction() = default;

// True when no further try makes sense.
bool direction::ended_by(failure const& why) {
    switch (why.step) {
    case next_step::stopped:
        return true;
    case next_step::gap:
        stats_.set_state(direction_state::gap, why.reason);
        break;
    case next_step::lost:
        stats_.set_state(direction_state::lost, why.reason);
        break;
    case next_step::fenced:
        stats_.set_state(direction_state::fenced, why.reason);
        break;
    case next_step::paused:
        stats_.set_state(direction_state::paused, why.reason);
        break;
    case next_step::retry_text:
        text_ = true;
        spdlog::info("{} -> {}: {}", setup_.source.name, setup_.target.name, why.reason);
        return false;
    case next_step::retry_whole:
        whole_ = true;
        stats_.add_warning(why.reason);
        spdlog::warn("{} -> {}: {}", setup_.source.name, setup_.target.name, why.reason);
        return false;
    case next_step::retry:
        stats_.set_state(direction_state::retrying, why.reason);
        stats_.count.retries.fetch_add(1, std::memory_order_relaxed);
        spdlog::warn("{} -> {}: starting again: {}", setup_.source.name, setup_.target.name,
                     why.reason);
        return false;
    }
    spdlog::error("{} -> {}: stopped in state {}: {}", setup_.source.name, setup_.target.name,
                  to_string(stats_.state().state), why.reason);
    stuck_.store(true);
    return true;
}

io::awaitable<void> direction::run() {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    backoff pause{100ms, 5s};
    while (!stop_requested_) {
        auto const started = std::chrono::steady_clock::now();
        auto const why = co_await guarded_stream();
        if (ended_by(why)) {
            break;
        }
        if (std::chrono::steady_clock::now() - started > 10s) {
            pause.reset();
        }
        if (why.step == next_step::retry) {
            auto const until = std::chrono::steady_clock::now() + pause.next();
            while (!stop_requested_ && std::chrono::steady_clock::now() < until) {
                timer.expires_after(50ms);
                co_await timer.async_wait(io::use_tuple);
            }
        }
    }
    while (!stop_requested_) { // gap, lost or fenced: visible until the process ends
        timer.expires_after(100ms);
        co_await timer.async_wait(io::use_tuple);
    }
}

// Whatever is thrown (memory, a defect) ends this start, not the direction.
io::awaitable<failure> direction::guarded_stream() {
    try {
        auto why = co_await stream();
        co_return why;
    } catch (std::exception const& thrown) {
        co_return failure{next_step::retry, thrown.what()};
    }
}

io::awaitable<failure> direction::stream() {
    auto const executor = co_await io::asio::this_coro::executor;
    session_request source;
    source.node = setup_.source;
    source.application_name = "tandem control " + setup_.target.name;
    session_request target;
    target.node = setup_.target;
    target.application_name = "tandem control " + setup_.source.name;
    std::vector<io::awaitable<outcome_of<std::unique_ptr<io::pg::connection>>>> opening;
    opening.push_back(open_session(executor, source));
    opening.push_back(open_session(executor, target));
    opening.push_back(open_session(executor, target));
    auto opened = co_await io::all(executor, std::move(opening));
    if (!opened[0]) {
        source_stats_.up.store(false);
    }
    for (auto const& each : opened) {
        if (!each) {
            co_return each.error();
        }
    }
    sessions open;
    open.source = std::move(*opened[0]);
    open.target = std::move(*opened[1]);
    open.catalog = std::move(*opened[2]);
    auto const why = co_await stream_with(open);
    co_return why;
}

io::awaitable<outcome_of<void>> direction::set_up_origin(io::pg::connection& apply) {
    auto const name = origin_name(setup_.target_database, setup_.source.name);
    io::pg::parameters values;
    values.emplace_back(name);
    auto found = co_await apply.query(
        // Short waits: an application that waits for us must never be the one that the deadlock
        // detector ends (R8).
        "SELECT o.roident, pg_replication_origin_session_setup(o.roname), "
        "set_config('lock_timeout', greatest(1, least(100, s.setting::integer / 4))::text, false) "
        "FROM pg_replication_origin AS o, pg_settings AS s WHERE o.roname = $1 AND "
        "s.name = 'deadlock_timeout'",
        std::move(values));
    if (!found) {
        co_return retry_after(setup_.target.name, "setting up the replication origin",
                              found.error());
    }
    if (found->empty()) {
        co_return failure{next_step::retry,
                          fmt::format("node {}: replication origin {} does not exist; run `tandem "
                                      "init`",
                                      setup_.target.name, name)};
    }
    origin_id_ = static_cast<unsigned>(found->integer(0, 0));
    co_return boost::system::in_place_value;
}

io::awaitable<outcome_of<parked_keys>> direction::read_parked(io::pg::connection& target) {
    io::pg::parameters values;
    values.emplace_back(setup_.source.name);
    auto got = co_await target.query(
        // A parked key update holds its old key and its new one, among the row's columns.
        "SELECT schema_name, table_name, whole_table, key, escaped FROM tandem.parked WHERE stream = "
        "$1 "
        // An unchanged part of the key is not in the row.
        "UNION SELECT schema_name, table_name, whole_table, (SELECT jsonb_object_agg(k, "
        "coalesce(row -> k, key -> k)) FROM jsonb_object_keys(key) AS k), escaped FROM tandem.parked "
        "WHERE stream = $1 AND op = 'update' AND NOT whole_table",
        std::move(values));
    if (!got) {
        co_return retry_after(setup_.target.name, "reading tandem.parked", got.error());
    }
    parked_keys parked;
    for (int row = 0; row < got->size(); ++row) {
        auto const table = fmt::format("{}.{}", got->text(row, 0), got->text(row, 1));
        if (got->boolean(row, 2)) {
            parked.park_table(table);
            continue;
        }
        auto const key = nlohmann::json::parse(got->text(row, 3), nullptr, false);
        bool const escaped = got->boolean(row, 4);
        parked_keys::key_values columns;
        for (auto const& [name, value] : key.items()) {
            auto& column = columns[name];
            if (value.is_string()) {
                auto text = value.get<std::string>();
                column = escaped ? values::from_ascii(text) : std::move(text);
            }
        }
        parked.park_key(table, std::move(columns));
    }
    co_return parked;
}

// The apply session: origin set up, in pipeline mode.
io::awaitable<outcome_of<void>> direction::open_apply(sessions& open) {
    session_request request;
    request.node = setup_.target;
    request.kind = session_kind::apply;
    request.application_name = apply_session_name(setup_.source.name);
    request.sync_commit = setup_.sync_commit;
    request.replica_role = setup_.replica_role;
    auto const executor = co_await io::asio::this_coro::executor;
    auto apply = co_await open_session(executor, request);
    if (!apply) {
        co_return apply.error();
    }
    auto ready = co_await set_up_origin(**apply);
    if (!ready) {
        co_return ready;
    }
    target_is_utf8_ = (*apply)->parameter("server_encoding") == "UTF8";
    open.apply = std::make_unique<io::pg::pipeline_session>(std::move(*apply));
    if (auto entered = open.apply->enter(); !entered) {
        co_return retry_after(setup_.target.name, "entering pipeline mode", entered.error());
    }
    co_return boost::system::in_place_value;
}

io::awaitable<outcome_of<void>> direction::open_stream(sessions& open, bool binary) {
    session_request request;
    request.node = setup_.source;
    request.kind = session_kind::replication;
    request.application_name = "tandem capture " + setup_.target.name;
    auto const executor = co_await io::asio::this_coro::executor;
    auto walsender = co_await open_session(executor, request);
    if (!walsender) {
        co_return walsender.error();
    }
    open.stream = std::make_unique<io::pg::replication_stream>(std::move(*walsender));
    io::pg::stream_options options;
    options.slot = slot_name(setup_.source.name, setup_.target.name, setup_.source_database);
    options.publications.emplace_back(publication_name);
    options.binary = binary;
    options.messages = setup_.source_version >= 140000;
    options.origin_none =
        setup_.origin_none && !memory_->foreign_origins && !failpoint("origin_filter");
    options.streaming = !whole_ && !setup_.spool_folder.empty();
    auto started = co_await open.stream->start(options);
    if (!started) {
        co_return retry_after(setup_.source.name, "starting replication", started.error());
    }
    co_return boost::system::in_place_value;
}

sql::apply_rules direction::rules(bool binary) const {
    sql::apply_rules made;
    made.guarded = setup_.guarded;
    made.binary = binary;
    made.peer_origin = origin_id_;
    made.peer_wins_ties = setup_.source.rank > setup_.target.rank;
    made.peer_node = setup_.source.name;
    made.own_node = setup_.target.name;
    made.target_is_utf8 = target_is_utf8_;
    made.policy = setup_.guarded ? "last-update-wins" : "apply-remote";
    return made;
}

// Until somebody else's origin was noticed the server left out what it brought. That is only repeated
// where nothing after it has been applied or confirmed.
io::awaitable<std::optional<failure>> direction::foreign_changes_missed(io::pg::connection& source,
                                                                        start_point const& point) {
    auto const reached = std::max(point.progress.facts.reached(), point.confirmed);
    if (!memory_->without_foreign) { // there was none when the process started
        memory_->without_foreign = reached;
    }
    auto const alone_at = memory_->without_foreign;
    if (!memory_->foreign_origins || reached <= alone_at) {
        co_return std::nullopt;
    }
    io::pg::parameters values;
    values.emplace_back(to_string(alone_at));
    values.emplace_back(std::string{origin_prefix});
    auto const brought = co_await source.query(
        "SELECT 1 FROM pg_replication_origin_status WHERE NOT starts_with(external_id, $2) AND "
        "local_lsn > $1",
        std::move(values));
    if (brought && brought->empty()) { // an error, for want of rights, says nothing
        memory_->without_foreign = reached;
        co_return std::nullopt;
    }
    co_return failure{
        next_step::gap,
        fmt::format(
            "a replication origin of somebody else appeared on node {}: what it brought between "
            "{} and {} may be missing; compare the nodes (tandem verify), cure what differs, "
            "then start tandem again",
            setup_.source.name, to_string(alone_at), to_string(reached))};
}

io::awaitable<failure> direction::stream_with(sessions& open) {
    auto const executor = co_await io::asio::this_coro::executor;
    auto point = co_await take_over(setup_, *open.source, *open.target, epoch_);
    if (!point) {
        co_return point.error();
    }
    epoch_ = point->progress.epoch;
    if (auto missed = co_await foreign_changes_missed(*open.source, *point)) {
        co_return *missed;
    }
    auto parked = co_await read_parked(*open.target);
    if (!parked) {
        co_return parked.error();
    }
    bool const binary = !text_ && parked->empty() && setup_.source_version >= 140000 &&
                        setup_.target_version >= 140000;
    auto ready = co_await open_apply(open);
    if (ready) {
        ready = co_await open_stream(open, binary);
    }
    if (!ready) {
        co_return ready.error();
    }

    auto const& facts = point->progress.facts;
    resume_guard const resume{failpoint("progress_check") ? progress_facts{} : facts,
                              point->expect_last_applied && !failpoint("progress_check")};
    direction_link link{executor,        setup_,           stats_, *memory_,
                        point->progress, point->confirmed, binary};
    memory_->source_clock.restart(point->progress.facts.applied_at);
    if (failpoint("progress_check")) {
        link.watermark = ack_watermark{{}, {}, {}};
    }
    plans tables{setup_, *open.catalog};
    applier writer{link, *open.apply, tables, *parked, rules(binary), careful_at_};
    capture reader{link, *open.stream, resume};
    careful_at_.reset();
    stats_.set_state(direction_state::streaming, {});
    spdlog::info("{} -> {}: streaming from {}", setup_.source.name, setup_.target.name,
                 to_string(point->confirmed));
    source_stats_.up.store(true);

    io::group<failure> members{executor};
    members.add("apply", writer.run());
    members.add("results", writer.results());
    members.add("capture", reader.run());
    members.add("feedback", feedback_loop(link, *open.stream, point->sender_timeout));
    members.add("durability", durability_loop(link, *open.target, source_wal_, target_wal_));
    members.add("source", source_watch(link, *open.source, source_stats_));
    members.add("requests", watch_requests(link, open, point->source_end));
    auto endings = co_await members.run();
    auto& first = endings.front();
    careful_at_ = writer.careful_next();
    left_undone_.store(writer.unfinished());
    if (first.exception) {
        try {
            std::rethrow_exception(first.exception);
        } catch (std::exception const& thrown) {
            co_return failure{next_step::retry, fmt::format("{}: {}", first.name, thrown.what())};
        }
    }
    if (first.value.step == next_step::stopped) {
        co_await finish(link, open);
    }
    co_return std::move(first.value);
}

// What does not end by itself after a stop: its statements are cancelled, then nobody waits for it.
io::awaitable<failure> direction::watch_requests(direction_link& link, sessions& open, lsn goal) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    auto const forced = std::chrono::steady_clock::now() + 3s;
    static bool restarted = false;
    auto cancel_at = std::chrono::steady_clock::time_point::max();
    auto leave_at = cancel_at;
    for (;;) {
        auto const now = std::chrono::steady_clock::now();
        if (stop_requested_ && !link.stopping) {
            link.stopping = true;
            link.arrived.notify();
            cancel_at = now + stop_patience;
            leave_at = now + stop_limit;
        }
        if (now >= leave_at) {
            link.left = true;
            co_return failure{next_step::stopped, {}};
        }
        if (now >= cancel_at) {
            open.apply->link().request_cancel();
            cancel_at += 1s;
        }
        if (link.watermark.settled() && link.watermark.position() >= goal) {
            caught_up_.store(true);
        }
        if (failpoint("progress_check") && !restarted &&
            std::chrono::steady_clock::now() > forced) {
            restarted = true;
            co_return failure{next_step::retry, "failpoint progress_check"};
        }
        timer.expires_after(50ms);
        co_await timer.async_wait(io::asio::use_awaitable);
    }
}

// What was committed becomes durable and is confirmed; then the walsender is let go.
io::awaitable<void> direction::finish(direction_link& link, sessions& open) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    auto const limit = std::chrono::steady_clock::now() + 3s;
    while (!link.left && link.flushes.waiting() && std::chrono::steady_clock::now() < limit) {
        // Not by the session of the durability loop, which may have been cancelled in mid-query.
        auto probed = co_await probe_durability(link, *open.catalog);
        if (!probed) {
            break;
        }
        timer.expires_after(50ms);
        co_await timer.async_wait(io::use_tuple);
    }
    auto sent = co_await send_status(link, *open.stream);
    if (sent) {
        co_await open.stream->finish(1s);
    }
}

} // namespace tandem::engine
