#include "engine/flow/topic_sink.hpp"

#include "engine/core/names.hpp"
#include "engine/flow/applier.hpp"
#include "engine/flow/apply_session.hpp"
#include "engine/flow/direction_link.hpp"
#include "engine/flow/foreign_tables.hpp"
#include "engine/flow/kafka_clients.hpp"
#include "engine/flow/keepalive.hpp"
#include "engine/flow/sessions.hpp"
#include "engine/flow/start.hpp"
#include "engine/flow/topic_reader.hpp"
#include "io/runtime/group.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;

constexpr char const* make_stream =
    "WITH o AS (SELECT pg_replication_origin_create($2) WHERE NOT EXISTS (SELECT FROM pg_replication_origin WHERE "
    "roname = $2)), p AS (INSERT INTO tandem.progress (stream, lane) VALUES ($1, 0) ON CONFLICT DO NOTHING) SELECT "
    "FROM o";

} // namespace

struct topic_sink::parts {
    std::unique_ptr<io::pg::connection> target;
    std::unique_ptr<io::pg::connection> catalog;
    std::unique_ptr<io::pg::connection> types;
    std::unique_ptr<io::kafka::consumer> log;
    apply_session apply;
    progress_row row;
    parked_keys parked;
};

topic_sink::topic_sink(direction_setup setup, kafka_setup kafka, topic_source from,
                       direction_stats& stats, node_bookkeeping& source_wal,
                       node_bookkeeping& target_wal)
    : supervised{fmt::format("{}/{} -> {}", from.topic, from.partition, setup.target.name), stats},
      setup_{std::move(setup)},
      kafka_{std::move(kafka)},
      from_{std::move(from)},
      source_wal_{source_wal},
      target_wal_{target_wal},
      memory_{std::make_unique<direction_memory>()} {}

topic_sink::~topic_sink() = default;

io::awaitable<failure> topic_sink::stream() {
    parts with;
    auto ready = co_await open(with);
    if (!ready) {
        co_return ready.error();
    }
    auto const why = co_await run_parts(with);
    co_return why;
}

io::awaitable<outcome_of<void>> topic_sink::open(parts& into) {
    auto const executor = co_await io::asio::this_coro::executor;
    session_request request;
    request.node = setup_.target;
    request.application_name = "tandem sink " + setup_.source.name;
    for (auto* connection : {&into.target, &into.catalog, &into.types}) {
        auto opened = co_await open_session(executor, request);
        if (!opened) {
            co_return opened.error();
        }
        *connection = std::move(*opened);
    }
    auto log =
        io::kafka::consumer::open(executor, kafka_.brokers, kafka_.properties,
                                  figures_of(name(), stats(), io::kafka::role::consumer), true);
    if (!log) {
        co_return retry_after("opening a client", log.error());
    }
    into.log = std::move(*log);
    io::pg::parameters stream;
    stream.emplace_back(setup_.source.name);
    stream.emplace_back(origin_name(setup_.target_database, setup_.source.name));
    auto made = co_await into.target->query(make_stream, std::move(stream));
    if (!made) {
        co_return retry_after(setup_.target.name, "setting the sink up", made.error());
    }
    auto row = co_await take_sink(setup_, *into.target, epoch_);
    if (!row) {
        co_return row.error();
    }
    into.row = std::move(*row);
    epoch_ = into.row.epoch;
    auto parked = co_await read_parked(setup_, *into.target);
    if (!parked) {
        co_return parked.error();
    }
    into.parked = std::move(*parked);
    auto apply = co_await open_apply_session(setup_);
    if (!apply) {
        co_return apply.error();
    }
    into.apply = std::move(*apply);
    co_return boost::system::in_place_value;
}

io::awaitable<failure> topic_sink::run_parts(parts& with) {
    auto const executor = co_await io::asio::this_coro::executor;
    direction_link link{executor, setup_, stats(), *memory_, with.row, with.row.facts.reached(),
                        false};
    link.hears_the_source = false;
    link.renewal.due = std::chrono::steady_clock::time_point::max();
    plans tables{setup_, *with.catalog};
    foreign_tables shapes{setup_.target.name, *with.types};
    applier writer{
        link,       *with.apply.pipeline, tables, with.parked, rules_for(setup_, with.apply, false),
        careful_at_};
    topic_reader reader{link, *with.log, shapes, from_};
    careful_at_.reset();
    set_state(direction_state::streaming);

    io::group<failure> members{executor};
    members.add("log", reader.run());
    members.add("apply", writer.run());
    members.add("results", writer.results());
    members.add("durability", durability_loop(link, *with.target, source_wal_, target_wal_));
    members.add("end", watch_end(link, with, reader));
    auto endings = co_await members.run();
    careful_at_ = writer.careful_next();
    set_left_undone(writer.unfinished());
    co_return said_by(endings.front());
}

// What was read is applied before the end, or given up after a while.
io::awaitable<failure> topic_sink::watch_end(direction_link& link, parts& with,
                                             topic_reader& reader) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    auto stop_at = std::chrono::steady_clock::time_point::max();
    for (;;) {
        auto const now = std::chrono::steady_clock::now();
        with.log->listen(); // its reader may wait for room
        now_caught_up(reader.at_end() && link.watermark.settled() && link.window.exhausted());
        if (stop_requested() && !link.stopping) {
            link.stopping = true;
            stop_at = now + 5s;
            link.arrived.notify();
        }
        if (now >= stop_at) {
            with.apply.pipeline->link().request_cancel();
            stop_at += 1s;
        }
        timer.expires_after(20ms);
        co_await timer.async_wait(io::asio::use_awaitable);
    }
}

} // namespace tandem::engine
