#include "engine/flow/receiving.hpp"

#include "engine/flow/applier.hpp"
#include "engine/flow/apply_session.hpp"
#include "engine/flow/dead_letters.hpp"
#include "engine/flow/direction_link.hpp"
#include "engine/flow/kafka_clients.hpp"
#include "engine/flow/keepalive.hpp"
#include "engine/flow/log_reader.hpp"
#include "engine/flow/sessions.hpp"
#include "engine/flow/start.hpp"
#include "engine/flow/stream_progress.hpp"
#include "engine/flow/stream_topics.hpp"
#include "engine/flow/tombstones.hpp"
#include "io/kafka/producer.hpp"
#include "io/runtime/group.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <functional>
#include <utility>
#include <vector>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;

constexpr auto tell_at_least = 5s;
constexpr auto asked_every = 2s;
constexpr auto receiving_watch_interval = 3s;

// This set-up of this database, and no other.
constexpr char const* ask_who =
    "SELECT c.system_identifier || '/' || d.oid || '/' || extract(epoch FROM m.installed_at) FROM "
    "pg_control_system() AS c, tandem.meta AS m, pg_database AS d WHERE d.datname = current_database()";

} // namespace

struct receiving::parts {
    std::unique_ptr<io::pg::connection> target;
    std::unique_ptr<io::pg::connection> catalog;
    std::unique_ptr<io::pg::connection> notes;
    std::unique_ptr<io::kafka::consumer> log;
    struct {
        std::string text;
        io::kafka::unsettled settled;
    } last;                                        // of what was told
    std::unique_ptr<io::kafka::producer> progress; // ends before the text that it was given
    apply_session apply;
    progress_row row;
    parked_keys parked;
    std::string asks; // by what name this reader asks where the stream begins
};

receiving::receiving(direction_setup setup, kafka_setup kafka, direction_stats& stats,
                     node_bookkeeping& source_wal, node_bookkeeping& target_wal)
    : supervised{"Kafka -> " + setup.target.name, stats},
      setup_{std::move(setup)},
      kafka_{std::move(kafka)},
      source_wal_{source_wal},
      target_wal_{target_wal},
      memory_{std::make_unique<direction_memory>()},
      letters_{std::make_unique<dead_letters>(kafka_, stats)} {}

receiving::~receiving() = default;

io::awaitable<failure> receiving::stream() {
    parts with;
    auto ready = co_await open(with);
    if (!ready) {
        co_return ready.error();
    }
    auto const why = co_await run_parts(with);
    co_return why;
}

io::awaitable<outcome_of<void>> receiving::open(parts& into) {
    auto const executor = co_await io::asio::this_coro::executor;
    session_request request;
    request.node = setup_.target;
    request.application_name = "tandem receiving " + setup_.source.name;
    for (auto* connection : {&into.target, &into.catalog, &into.notes}) {
        auto opened = co_await open_session(executor, request);
        if (!opened) {
            co_return opened.error();
        }
        *connection = std::move(*opened);
    }
    auto cluster =
        io::kafka::admin::open(executor, kafka_.brokers, kafka_.properties, log_of(name()));
    io::kafka::properties reading;
    if (auto const kib = memory_->rows_ahead_kib; kib > 0) { // of each of their partitions
        reading.emplace_back("queued.max.messages.kbytes", std::to_string(kib));
        reading.emplace_back("fetch.message.max.bytes", std::to_string(kib << 10));
    }
    reading.insert(reading.end(), kafka_.properties.begin(), kafka_.properties.end());
    auto log =
        io::kafka::consumer::open(executor, kafka_.brokers, std::move(reading),
                                  figures_of(name(), stats(), io::kafka::role::consumer), true);
    auto progress =
        io::kafka::producer::open(executor, kafka_.brokers, kafka_.properties, log_of(name()));
    if (!cluster || !log || !progress) {
        auto const& why = !cluster ? cluster.error() : !log ? log.error() : progress.error();
        co_return retry_after("opening a client", why);
    }
    into.log = std::move(*log);
    into.progress = std::move(*progress);
    std::function<bool()> stop = [this] { return stop_requested(); };
    auto topics = co_await await_topics(**cluster, kafka_, setup_.source.name, std::move(stop));
    if (!topics) {
        co_return topics;
    }
    auto row = co_await take_sink(setup_, *into.target, epoch_);
    if (!row) {
        co_return row.error();
    }
    into.row = std::move(*row);
    epoch_ = into.row.epoch;
    io::pg::parameters none;
    auto who = co_await into.target->query(ask_who, std::move(none));
    if (!who) {
        co_return retry_after(setup_.target.name, "reading what this node is", who.error());
    }
    into.asks = who->text(0, 0);
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

io::awaitable<failure> receiving::run_parts(parts& with) {
    auto const executor = co_await io::asio::this_coro::executor;
    direction_link link{executor, setup_, stats(), *memory_, with.row, with.row.facts.reached(),
                        false};
    link.hears_the_source = false;
    link.renewal.due = std::chrono::steady_clock::time_point::max();
    memory_->source_clock.restart(with.row.facts.applied_at);
    auto const watched =
        co_await watch_deletes(link, *with.target, source_wal_.deletes, target_wal_.deletes);
    if (!watched) {
        co_return watched.error();
    }
    plans tables{setup_, *with.catalog};
    applier writer{
        link,       *with.apply.pipeline, tables, with.parked, rules_for(setup_, with.apply, false),
        careful_at_};
    log_reader reader{
        link,     *with.log, *with.notes, *letters_, stream_topic(kafka_, setup_.source.name),
        with.asks};
    careful_at_.reset();
    set_state(direction_state::streaming);
    spdlog::info("{}: applying from {} on", name(), to_string(with.row.facts.reached()));

    io::group<failure> members{executor};
    members.add("log", reader.run(with.row.log_offset));
    members.add("apply", writer.run());
    members.add("results", writer.results());
    members.add("durability", durability_loop(link, *with.target, source_wal_, target_wal_));
    members.add("progress", tell_progress(link, with, reader));
    members.add("watch", watch_log(reader));
    members.add("letters", letters_->run());
    auto endings = co_await members.run();
    auto first = said_by(endings.front());
    letters_->interrupt();
    if (first.step == next_step::paused || first.step == next_step::stopped) {
        if (first.step == next_step::paused) { // seen at once, whatever becomes of the letters
            set_state(direction_state::paused, first.reason);
        }
        std::function<bool()> const stop = [this] { return stop_requested(); };
        co_await letters_->finish(stop);
    }
    careful_at_ = writer.careful_next();
    set_left_undone(writer.unfinished());
    co_return first;
}

// A topic that was deleted and made anew does not show in what a consumer of librdkafka 2.0.2 fetches: it goes on from
// the old offset, or not at all. So a reader to which nothing comes asks for its place again.
io::awaitable<failure> receiving::watch_log(log_reader& reader) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    std::pair<std::int64_t, std::uint64_t> before{-1, 0};
    for (;;) {
        timer.expires_after(receiving_watch_interval);
        co_await timer.async_wait(io::asio::use_awaitable);
        std::pair const next{reader.next_offset(), reader.rows_fetched()};
        if (next.first >= 0 && next == before && !reader.held_up()) {
            auto const again = reader.ask_again();
            if (!again) {
                co_return again.error();
            }
        }
        if (auto why = reader.overdue()) {
            co_return *why;
        }
        before = next;
    }
}

// Told again from time to time: the writer may have begun to listen only now.
io::awaitable<failure> receiving::tell_progress(direction_link& link, parts& with,
                                                log_reader& reader) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    auto& topic = with.progress->open_topic(progress_topic(kafka_, setup_.source.name));
    auto& last = with.last;
    stream_progress told;
    outage_watch watch;
    auto told_at = std::chrono::steady_clock::now() - 1h;
    auto stop_at = std::chrono::steady_clock::time_point::max();
    for (;;) {
        auto const now = std::chrono::steady_clock::now();
        with.log->listen(); // its reader may wait for room
        auto const served = with.progress->try_serve();
        if (!served) {
            co_return retry_after(
                fmt::format("writing to topic {}", progress_topic(kafka_, setup_.source.name)),
                served.error());
        }
        stream_progress next{reader.writer(), setup_.target.name,
                             reader.follows() ? link.watermark.confirmable() : lsn{},
                             !reader.missing().empty(), reader.asks() ? with.asks : ""};
        next.seen = link.memory.horizon.last().value_or(horizon{});
        bool const due =
            next != told || now - told_at >= (reader.asks() ? asked_every : tell_at_least);
        if ((!next.run.empty() || reader.asks()) && due && last.settled.settled()) {
            last.text = encode(next);
            io::kafka::record record;
            record.key = setup_.target.name;
            record.value = last.text;
            if (with.progress->produce(topic, 0, record, last.settled) ==
                io::kafka::producer::queued::yes) {
                told = next;
                told_at = now;
            }
        }
        tell_outage(watch,
                    {stats().kafka.readers_brokers.load(std::memory_order_relaxed), false, 0},
                    kafka_.brokers);
        bool const applied_all =
            reader.at_end() && link.watermark.settled() && link.window.exhausted();
        now_caught_up(applied_all);
        // Where the sending half is in this process, it knows better.
        if (setup_.source.uri.empty() && applied_all && reader.lately_at_end()) {
            note_caught_up(stats());
        }
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
