#include "engine/connect/flow/source_task.hpp"

#include "engine/connect/flow/signal_topic.hpp"
#include "engine/connect/flow/source_catalog.hpp"
#include "engine/connect/flow/source_snapshot.hpp"
#include "engine/connect/flow/source_topics.hpp"
#include "engine/connect/flow/source_writer.hpp"
#include "engine/connect/offset_state.hpp"
#include "engine/connect/status_state.hpp"
#include "engine/flow/capture.hpp"
#include "engine/flow/capture_session.hpp"
#include "engine/flow/direction_link.hpp"
#include "engine/flow/kafka_clients.hpp"
#include "engine/flow/keepalive.hpp"
#include "engine/flow/sessions.hpp"
#include "io/kafka/partition_of.hpp"
#include "io/runtime/group.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <set>
#include <utility>

namespace tandem::connect {
namespace {

using namespace std::chrono_literals;
using engine::failure;
using engine::next_step;
using engine::outcome_of;
using engine::retry_after;
using clock = std::chrono::steady_clock;

} // namespace

struct source_task::parts {
    // Records of the worker's topics, with their bytes.
    struct sent {
        std::string key;
        std::string value;
        std::uint64_t chunks = 0; // number of their state in it
        io::kafka::unsettled settled;
    };

    std::unique_ptr<io::pg::connection> watch;
    std::unique_ptr<io::pg::connection> catalog_link;
    std::unique_ptr<io::kafka::admin> cluster;
    std::deque<std::unique_ptr<sent>> sent_;
    std::unique_ptr<chunk_reader> chunks;          // null: nobody can ask for any
    std::unique_ptr<signal_topic> signals;         // null: there is no topic of signals
    std::unique_ptr<source_writer> writer;         // its batches outlive the producer
    std::unique_ptr<io::kafka::producer> producer; // destroyed before what it sends
    std::unique_ptr<source_catalog> catalog;
    std::unique_ptr<source_snapshot> before;
    std::unique_ptr<source_topics> topics;
    std::unique_ptr<io::pg::replication_stream> stream;
    source_point point;
    lsn told;                      // the offset that was told last
    std::uint64_t told_chunks = 0; // number of the state that was told with it
    std::set<std::string> told_topics;
};

source_task::source_task(task_setup setup, source_settings settings,
                         std::unique_ptr<source_transforms> transforms,
                         engine::direction_stats& stats)
    : supervised{fmt::format("connector {}", setup.connector), stats,
                 engine::direction_stats::part::applying},
      setup_{std::move(setup)},
      settings_{std::move(settings)},
      transforms_{std::move(transforms)},
      node_stats_{setup_.connector, 0},
      memory_{std::make_unique<engine::direction_memory>()} {
    direction_.source = settings_.node;
    direction_.target.name = settings_.prefix;
    direction_.source_database_name = settings_.database;
    direction_.slot = settings_.slot;
    direction_.publication = settings_.publication;
    direction_.queue_bytes = settings_.queue_bytes;
}

source_task::~source_task() = default;

void source_task::change_way(next_step) {}

io::awaitable<failure> source_task::stream() {
    parts with;
    auto ready = co_await open(with);
    if (!ready) {
        co_return ready.error();
    }
    auto const why = co_await run_parts(with);
    co_return why;
}

io::awaitable<outcome_of<void>> source_task::open(parts& into) {
    if (!std::exchange(noted_, true)) {
        for (auto const& note : settings_.notes) {
            spdlog::info("{}: {}", name(), note);
        }
    }
    auto const executor = co_await io::asio::this_coro::executor;
    engine::session_request request;
    request.node = settings_.node;
    request.application_name = "tandem connector " + setup_.connector;
    for (auto* link : {&into.watch, &into.catalog_link}) {
        auto opened = co_await engine::open_session(executor, request);
        if (!opened) {
            co_return opened.error();
        }
        *link = std::move(*opened);
    }
    auto cluster =
        io::kafka::admin::open(executor, setup_.brokers, setup_.properties, engine::log_of(name()));
    // The writer says when nothing more comes: until then requests fill.
    io::kafka::properties properties{{"linger.ms", "25"}};
    properties.insert(properties.end(), setup_.properties.begin(), setup_.properties.end());
    auto producer =
        io::kafka::producer::open(executor, setup_.brokers, std::move(properties),
                                  engine::figures_of(name(), stats(), io::kafka::role::producer));
    if (!cluster || !producer) {
        co_return retry_after("opening a client", !cluster ? cluster.error() : producer.error());
    }
    into.cluster = std::move(*cluster);
    into.producer = std::move(*producer);
    into.catalog = std::make_unique<source_catalog>(settings_, *into.catalog_link);
    bool const begun = begun_ || std::ranges::any_of(setup_.offsets, [](auto const& each) {
                           return each.offset.has_value();
                       });
    auto point = co_await into.catalog->prepare(begun ? source_past::begun : source_past::none);
    if (!point) {
        co_return point.error();
    }
    into.point = *point;
    auto placed = co_await begin_at_offset(into);
    if (!placed) {
        co_return placed.error();
    }
    into.topics =
        std::make_unique<source_topics>(setup_, point->source, *into.cluster, *into.producer);
    direction_.source_version = point->version;
    direction_.source_database = point->database;
    if (point->with_rows) {
        auto taken = co_await source_snapshot::take(settings_, point->snapshot, point->confirmed);
        into.catalog->release_snapshot();
        if (!taken) {
            co_return taken.error();
        }
        into.before = std::move(*taken);
    }
    // Origins are told apart here: what others brought is captured, as Debezium does.
    engine::capture_way const whole;
    auto stream = co_await engine::open_capture_session(direction_, whole);
    if (!stream) {
        co_return stream.error();
    }
    into.stream = std::move(*stream);
    co_return boost::system::in_place_value;
}

io::awaitable<outcome_of<void>> source_task::begin_at_offset(parts& with) {
    // The slot may be behind what is known to be sent, or what PATCH has said.
    auto const sent = source_offset(setup_.offsets, settings_.prefix).value_or(lsn{});
    if (sent > with.point.flushed) {
        co_return failure{
            next_step::gap,
            fmt::format("its offset is WAL position {}, and the server has written up to {} only: "
                        "it is of another server, or this one was restored; stop the connector, "
                        "give it an offset of this server (PATCH /connectors/{}/offsets) or reset "
                        "them (DELETE), and resume it",
                        to_string(sent), to_string(with.point.flushed), setup_.connector)};
    }
    if (sent > with.point.confirmed) {
        auto advanced = co_await with.catalog->advance_slot(sent);
        if (!advanced) {
            co_return advanced.error();
        }
        with.point.confirmed = sent;
    }
    co_return boost::system::in_place_value;
}

io::awaitable<failure> source_task::run_parts(parts& with) {
    auto const executor = co_await io::asio::this_coro::executor;
    engine::progress_row row;
    row.facts.applied = with.point.confirmed;
    engine::direction_link link{executor, direction_,           stats(), *memory_,
                                row,      with.point.confirmed, false};
    link.renewal.due = clock::time_point::max();
    memory_->source_clock.restart({});
    if (settings_.row_signals || !settings_.signal_topic.empty()) {
        if (!chunks_) {
            chunks_ = source_chunks(setup_.offsets, settings_.prefix);
        }
        with.chunks = std::make_unique<chunk_reader>(executor, settings_, *chunks_, link.arrived);
    }
    with.writer = std::make_unique<source_writer>(
        executor,
        source_writer::parts{link, settings_, *with.catalog, *with.producer, *with.topics,
                             with.point.source, with.before.get(), with.chunks.get(),
                             transforms_.get()},
        TANDEM_VERSION, with.point.confirmed);
    engine::capture reader{link, *with.stream, engine::resume_guard{{}, false}, nullptr};
    set_state(engine::direction_state::streaming);
    spdlog::info("{}: reading slot {} from {} on into topics {}{}*", name(), settings_.slot,
                 to_string(with.point.confirmed), settings_.prefix, settings_.delimiter);

    io::group<failure> members{executor};
    members.add("capture", reader.run());
    members.add("log", with.writer->run());
    members.add("reports", with.writer->reports());
    members.add("feedback", engine::feedback_loop(link, *with.stream, with.point.sender_timeout));
    members.add("source", engine::source_watch(link, *with.watch, node_stats_));
    members.add("confirm", confirm_loop(link, with, *with.writer));
    if (with.chunks) {
        members.add("chunks", with.chunks->run());
    }
    if (!settings_.signal_topic.empty()) {
        with.signals = std::make_unique<signal_topic>(setup_, settings_, *with.chunks);
        members.add("signals", with.signals->run());
    }
    auto endings = co_await members.run();
    auto first = said_by(endings.front());
    if (first.step == next_step::stopped) {
        co_await settle(with);
        lsn commit = std::min(with.writer->acknowledged(), link.watermark.received());
        if (with.chunks) {
            drop_settled(with);
            commit = std::min(commit, with.chunks->held(with.chunks->saved()).value_or(commit));
        }
        link.watermark.durable(commit);
        auto sent = co_await engine::send_status(link, *with.stream);
        if (sent) {
            co_await with.stream->finish(1s);
        }
        if (settings_.drop_slot) {
            with.stream.reset();
            auto const dropped = co_await with.catalog->drop_slot();
            if (!dropped) {
                spdlog::warn("{}: {}", name(), dropped.error().reason);
            }
        }
    }
    if (with.chunks) {
        chunks_ = with.writer->kept_state().text;
    }
    with.topics.reset();
    with.producer.reset(); // before the bytes it was given
    with.writer.reset();
    co_return first;
}

// Into one of the worker's topics: what comes too late for the producer's queue comes again with the next.
void source_task::send(parts& with, std::string const& topic, int partitions, std::string key,
                       std::string value, std::uint64_t chunks) {
    drop_settled(with);
    auto& one = *with.sent_.emplace_back(std::make_unique<parts::sent>());
    one.chunks = chunks;
    one.key = std::move(key);
    one.value = std::move(value);
    io::kafka::record what;
    what.key = one.key;
    what.value = one.value;
    auto& to = with.producer->open_topic(topic);
    (void)with.producer->produce(to, io::kafka::partition_of(one.key, partitions), what,
                                 one.settled);
}

void source_task::drop_settled(parts& with) {
    while (!with.sent_.empty() && with.sent_.front()->settled.settled()) {
        if (with.chunks && with.sent_.front()->chunks > 0) {
            with.chunks->saved(with.sent_.front()->chunks);
        }
        with.sent_.pop_front();
    }
}

// How far it has come is stored before it has ended: whoever says otherwise afterwards has the last word.
io::awaitable<void> source_task::settle(parts& with) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    auto const until = clock::now() + 3s;
    auto const on_the_way = [&with] {
        return std::ranges::any_of(with.sent_,
                                   [](auto const& each) { return !each->settled.settled(); });
    };
    with.producer->hasten();
    while (on_the_way() && clock::now() < until) {
        if (auto const served = with.producer->try_serve(); !served) {
            co_return; // it never arrives: the slot knows how far
        }
        timer.expires_after(2ms);
        co_await timer.async_wait(io::asio::use_awaitable);
    }
}

void source_task::tell_offset(parts& with, source_writer const& writer) {
    auto const& chunks = writer.kept_state();
    auto reached = writer.acknowledged();
    if (with.chunks) {
        reached = std::min(reached, with.chunks->held(chunks.number).value_or(reached));
    }
    bool const old = reached <= with.told && chunks.number == with.told_chunks;
    if (setup_.offset_topic.empty() || old) {
        return;
    }
    with.told = std::max(with.told, reached);
    with.told_chunks = chunks.number;
    auto const record =
        source_offset_record(setup_.connector, settings_.prefix, with.told, chunks.text);
    send(with, setup_.offset_topic, setup_.offset_partitions, record.key, record.value.value_or(""),
         chunks.number);
}

void source_task::tell_topics(parts& with, source_writer& writer) {
    for (auto const& topic : writer.used_topics()) {
        if (setup_.status_topic.empty() || !with.told_topics.insert(topic).second) {
            continue;
        }
        auto const now = std::chrono::duration_cast<std::chrono::milliseconds>(
                             std::chrono::system_clock::now().time_since_epoch())
                             .count();
        auto const record = used_topic_record(setup_.connector, topic, {setup_.number, now});
        send(with, setup_.status_topic, setup_.status_partitions, record.key,
             record.value.value_or(""));
    }
}

io::awaitable<outcome_of<void>> source_task::beat(parts& with, source_writer& writer) {
    writer.beat();
    if (!settings_.heartbeat_query.empty()) {
        io::pg::parameters none;
        auto const done =
            co_await with.catalog_link->query(settings_.heartbeat_query, std::move(none));
        if (!done) {
            co_return retry_after(settings_.node.name, "heartbeat.action.query", done.error());
        }
    }
    co_return boost::system::in_place_value;
}

io::awaitable<failure> source_task::confirm_loop(engine::direction_link& link, parts& with,
                                                 source_writer& writer) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    engine::outage_watch watch;
    auto const begun = clock::now();
    auto beaten_at = begun;
    auto told_at = begun - 1s; // that it has begun is told at once
    for (;;) {
        auto const now = clock::now();
        begun_ = begun_ || !writer.reading();
        if (settings_.moves_slot && !writer.reading()) {
            lsn commit = std::min(writer.acknowledged(), link.watermark.received());
            auto const held = with.chunks ? with.chunks->held(with.chunks->saved()) : std::nullopt;
            commit = std::min(commit, held.value_or(commit));
            link.watermark.durable(commit);
            if (auto const idle = link.watermark.idle_position(); idle && !held) {
                link.watermark.stored_safe(*idle); // nothing that is to be sent lies before it
            }
        }
        bool const chunk = writer.kept_state().number != with.told_chunks;
        if ((chunk || now - told_at >= 1s) && !writer.reading()) {
            told_at = now;
            tell_offset(with, writer);
        }
        drop_settled(with);
        tell_topics(with, writer);
        if (settings_.heartbeat.count() > 0 && now - beaten_at >= settings_.heartbeat) {
            beaten_at = now;
            auto const beaten = co_await beat(with, writer);
            if (!beaten) {
                co_return beaten.error();
            }
        }
        now_caught_up(caught_up() || (link.watermark.settled() &&
                                      link.watermark.position() >= with.point.flushed));
        tell_outage(watch, {-1, with.producer->outstanding() > 0, with.producer->settled()},
                    setup_.brokers);
        if (stop_requested() && !link.stopping) {
            if (!writer.reading()) {
                tell_offset(with, writer);
            }
            writer.stop();
        }
        timer.expires_after(20ms);
        co_await timer.async_wait(io::asio::use_awaitable);
    }
}

outcome<task> make_source_task(task_setup const& setup) {
    auto settings = source_settings_of(setup);
    if (!settings) {
        return settings.error();
    }
    std::unique_ptr<source_transforms> transforms;
    if (settings->transforms) {
        auto with = source_transforms::of(setup);
        if (!with) {
            return with.error();
        }
        transforms = std::move(*with);
    }
    task made;
    made.stats = std::make_unique<engine::direction_stats>(setup.connector, settings->prefix);
    made.body = std::make_unique<source_task>(setup, std::move(*settings), std::move(transforms),
                                              *made.stats);
    return made;
}

} // namespace tandem::connect
