#include "engine/flow/sending.hpp"

#include "engine/core/names.hpp"
#include "engine/flow/capture.hpp"
#include "engine/flow/capture_session.hpp"
#include "engine/flow/direction_link.hpp"
#include "engine/flow/incarnation.hpp"
#include "engine/flow/kafka_clients.hpp"
#include "engine/flow/keepalive.hpp"
#include "engine/flow/log_writer.hpp"
#include "engine/flow/record_keys.hpp"
#include "engine/flow/sending_parts.hpp"
#include "engine/flow/sessions.hpp"
#include "engine/flow/start.hpp"
#include "engine/flow/stream_topics.hpp"
#include "engine/flow/synced_catalog.hpp"
#include "engine/flow/tombstones.hpp"
#include "io/kafka/consumer.hpp"
#include "io/runtime/group.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <sstream>
#include <utility>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;

// Readers compare the token that they remember with these: so many restarts a reader may miss.
constexpr char const* take_sending =
    "INSERT INTO tandem.sending AS s (peer, epoch, owner, tokens) SELECT $1, 1, $2, ARRAY[m.incarnation, "
    "$3] FROM tandem.meta AS m ON CONFLICT (peer) DO UPDATE SET epoch = s.epoch + 1, owner = $2, "
    "tokens = (CASE WHEN excluded.tokens[1] = ANY (s.tokens) THEN s.tokens || excluded.tokens[2:] "
    "ELSE s.tokens || excluded.tokens END)[greatest(1, cardinality(s.tokens) - 98):] WHERE "
    "s.epoch = $4 OR ($4 IS NULL AND s.owner = $2) RETURNING epoch, array_to_string(tokens, ' '), start_lsn, reader";

constexpr char const* ask_sending_epoch =
    "SELECT coalesce((SELECT epoch FROM tandem.sending WHERE peer = $1), 0)";

constexpr char const* ask_slot =
    "SELECT confirmed_flush_lsn, pg_current_wal_lsn() FROM pg_replication_slots WHERE slot_name = $1";

} // namespace

sending::sending(direction_setup setup, kafka_setup kafka, direction_stats& stats,
                 node_stats& source_stats, node_bookkeeping& source_wal,
                 node_bookkeeping& target_wal)
    : supervised{setup.source.name + " -> Kafka", stats, direction_stats::part::sending},
      setup_{std::move(setup)},
      kafka_{std::move(kafka)},
      source_stats_{source_stats},
      source_wal_{source_wal},
      target_wal_{target_wal},
      memory_{std::make_unique<direction_memory>()} {}

sending::~sending() = default;

void sending::change_way(next_step how) {
    whole_ = whole_ || how == next_step::retry_whole;
}

io::awaitable<failure> sending::stream() {
    auto why = co_await stream_once();
    if (why.step == next_step::paused) {
        auto const where = co_await what_waits();
        why.reason += where;
    }
    co_return why;
}

io::awaitable<failure> sending::stream_once() {
    parts with;
    auto ready = co_await open(with);
    if (ready) {
        ready = co_await take(with);
    }
    if (!ready) {
        co_return ready.error();
    }
    auto const why = co_await run_parts(with);
    co_return why;
}

// Between which positions nothing is known to have arrived.
io::awaitable<std::string> sending::what_waits() {
    auto const slot = slot_of(setup_);
    session_request request;
    request.node = setup_.source;
    request.application_name = "tandem sending " + setup_.target.name;
    auto const executor = co_await io::asio::this_coro::executor;
    auto source = co_await open_session(executor, request);
    if (!source) {
        co_return fmt::format("; what waits is not known: {}", source.error().reason);
    }
    io::pg::parameters values;
    values.emplace_back(slot);
    auto const asked = co_await (*source)->query(ask_slot, std::move(values));
    if (!asked) {
        auto const why = retry_after(setup_.source.name, "asking what waits", asked.error());
        co_return fmt::format("; what waits is not known: {}", why.reason);
    }
    if (asked->empty()) {
        co_return fmt::format("; what waits is not known: there is no replication slot {}", slot);
    }
    co_return fmt::format(
        "; {} everything up to {}, what comes after it (node {} is at {}) waits in "
        "replication slot {}",
        kafka_.confirm == confirm_at::kafka ? "Kafka has acknowledged"
                                            : fmt::format("node {} has", setup_.target.name),
        asked->text(0, 0), setup_.source.name, asked->text(0, 1), slot);
}

io::awaitable<outcome_of<void>> sending::open(parts& into) {
    auto const executor = co_await io::asio::this_coro::executor;
    session_request request;
    request.node = setup_.source;
    request.application_name = "tandem sending " + setup_.target.name;
    auto source = co_await open_session(executor, request);
    source_stats_.up.store(source.has_value());
    if (!source) {
        co_return source.error();
    }
    into.source = std::move(*source);
    if (source_wal_.deletes.watched()) {
        auto deletes = co_await open_session(executor, request);
        if (!deletes) {
            co_return deletes.error();
        }
        into.deletes = std::move(*deletes);
    }
    auto cluster =
        io::kafka::admin::open(executor, kafka_.brokers, kafka_.properties, log_of(name()));
    auto progress = io::kafka::consumer::open(executor, kafka_.brokers, kafka_.properties,
                                              brokers_of(name(), stats()));
    if (!cluster || !progress) {
        co_return retry_after("opening a client", !cluster ? cluster.error() : progress.error());
    }
    into.cluster = std::move(*cluster);
    into.progress = std::move(*progress);
    auto topics =
        co_await ensure_topics(*into.cluster, kafka_, setup_.source.name, *into.source, warning());
    if (!topics) {
        co_return topics.error();
    }
    into.topics = std::move(*topics);
    auto keys = co_await read_record_keys(setup_.source.name, *into.source);
    if (!keys) {
        co_return keys.error();
    }
    into.style = {std::move(*keys), kafka_.schemas};
    auto transforms = co_await open_row_transforms(setup_, *into.source);
    if (!transforms) {
        co_return transforms.error();
    }
    into.transforms = std::move(*transforms);
    // The log's writer says when nothing more comes: until then requests fill.
    io::kafka::properties properties{{"linger.ms", "25"}};
    properties.insert(properties.end(), kafka_.properties.begin(), kafka_.properties.end());
    properties.emplace_back("message.max.bytes", std::to_string(into.topics.limit));
    auto producer =
        io::kafka::producer::open(executor, kafka_.brokers, std::move(properties),
                                  figures_of(name(), stats(), io::kafka::role::producer));
    if (!producer) {
        co_return retry_after("opening a client", producer.error());
    }
    into.producer = std::move(*producer);
    // What readers tell of this start comes behind what is there now.
    auto const topic = progress_topic(kafka_, setup_.source.name);
    auto const marks = co_await into.cluster->query_watermarks(topic, 0, kafka_patience);
    if (!marks) {
        co_return retry_after(fmt::format("asking where topic {} ends", topic), marks.error());
    }
    std::vector<io::kafka::assignment> wanted;
    wanted.push_back({topic, 0, marks->high});
    if (auto const assigned = into.progress->assign(wanted); !assigned) {
        co_return retry_after(fmt::format("reading topic {}", topic), assigned.error());
    }
    co_return boost::system::in_place_value;
}

// R4: the slot has one reader, and the epoch tells readers which writer is the last.
io::awaitable<outcome_of<void>> sending::take(parts& into) {
    auto const facts = co_await take_slot(setup_, *into.source, into.point);
    if (!facts) {
        co_return facts.error();
    }
    if (!facts->slot_exists || facts->slot_lost) {
        co_return failure{
            facts->slot_exists ? next_step::lost : next_step::gap,
            fmt::format(
                "replication slot {} {}: changes that are not in Kafka are missing; compare both "
                "nodes with `tandem verify`, then set the direction up anew (`tandem destroy "
                "--yes` and `tandem init`)",
                facts->slot,
                facts->slot_exists ? "was invalidated by the server" : "does not exist any more")};
    }
    std::optional<std::string> seen; // at the first start; take_sink says why
    if (!epoch_) {
        io::pg::parameters of;
        of.emplace_back(setup_.target.name);
        auto const asked = co_await into.source->query(ask_sending_epoch, std::move(of));
        if (!asked) {
            co_return retry_after(setup_.source.name, "asking whose the stream is", asked.error());
        }
        seen = asked->text(0, 0);
    }
    io::pg::parameters values;
    values.emplace_back(setup_.target.name);
    values.emplace_back(own_token());
    values.emplace_back(new_token());
    values.emplace_back(std::move(seen));
    auto taken = co_await into.source->query(take_sending, std::move(values));
    if (!taken) {
        co_return retry_after(setup_.source.name, "taking the stream over", taken.error());
    }
    if (taken->empty()) {
        co_return epoch_
            ? failure{next_step::fenced, "another tandem instance sends this stream; stop one of "
                                         "the two and start this one again"}
            : failure{next_step::retry, "another tandem instance took this stream just now"};
    }
    epoch_ = taken->integer(0, 0);
    std::istringstream tokens{std::string{taken->text(0, 1)}};
    for (std::string one; tokens >> one;) {
        into.start.tokens.push_back(one);
    }
    into.start.run = new_token();
    into.start.system_id = facts->system_id;
    into.start.timeline = facts->timeline;
    into.start.confirmed = facts->confirmed_flush;
    into.start.began = lsn::parse(taken->text(0, 2)).value_or(lsn{});
    into.start.policy = setup_.conflicts.text();
    into.start.wal_end = facts->wal_end;
    into.start.database = setup_.source_database_name;
    into.start.database_oid = setup_.source_database.value;
    into.start.answers = taken->text(0, 3);
    into.point.confirmed = facts->confirmed_flush;
    auto joined = co_await join_log(into);
    if (!joined) {
        co_return joined;
    }
    capture_way way;
    way.origin_none = setup_.origin_none && !memory_->foreign_origins && !into.point.resends;
    way.streaming = !whole_ && !setup_.spool_folder.empty();
    auto stream = co_await open_capture_session(setup_, way);
    if (!stream) {
        co_return stream.error();
    }
    into.stream = std::move(*stream);
    co_return boost::system::in_place_value;
}

io::awaitable<failure> sending::run_parts(parts& with) {
    auto const executor = co_await io::asio::this_coro::executor;
    progress_row row;
    row.epoch = *epoch_;
    row.facts.applied = with.start.confirmed;
    direction_link link{executor, setup_, stats(), *memory_, row, with.start.confirmed, false};
    link.renewal.due = std::chrono::steady_clock::time_point::max();
    link.ddl_token = with.point.ddl_token;
    link.tells_ddl = with.point.tells_ddl;
    memory_->source_clock.restart({});
    stream_identity who;
    who.node = setup_.source.name;
    who.prefix = kafka_.prefix;
    who.database = setup_.source_database_name;
    who.version = TANDEM_VERSION;
    who.epoch = *epoch_;
    record_places places{{&with.producer->open_topic(stream_topic(kafka_, setup_.source.name)), 0},
                         {}};
    for (auto const& one : with.topics.rows) {
        places.rows.push_back({&with.producer->open_topic(one.topic), one.partition});
    }
    with.start.rows = with.topics.rows;
    event::stream_position const last{with.tail ? with.tail->end : with.start.confirmed, 0};
    change_records records{who, last, with.topics.limit, with.topics.layout, with.style};
    log_writer writer{executor,           link,       *with.producer, places,
                      std::move(records), with.start, with.tail};
    capture reader{link, *with.stream, resume_guard{{}, false}, with.transforms.get()};
    set_state(direction_state::streaming);
    if (with.tail) {
        spdlog::info("{}: topic {} has everything up to {} already", name(),
                     places.own.topic->name(), to_string(with.tail->end));
    }
    spdlog::info("{}: sending from {} on to topic {}{}, records of up to {} bytes", name(),
                 to_string(with.start.confirmed), places.own.topic->name(),
                 places.rows.empty()
                     ? ""
                     : fmt::format(" and {} of tables", with.topics.layout.tables.size()),
                 with.topics.limit);

    io::group<failure> members{executor};
    members.add("capture", reader.run());
    members.add("log", writer.run());
    members.add("reports", writer.reports());
    members.add("feedback", feedback_loop(link, *with.stream, with.point.sender_timeout));
    members.add("source", source_watch(link, *with.source, source_stats_));
    members.add("confirm", confirm_loop(link, with, writer));
    if (with.deletes != nullptr) {
        link.source_deletes = &source_wal_.deletes;
        members.add("deletes", tombstone_loop(link, std::move(with.deletes), source_wal_,
                                              target_wal_.deletes));
    }
    members.add("topics", watch_topics(
                              *with.cluster, kafka_, with.topics,
                              [&writer](std::size_t number, std::int64_t offset) {
                                  writer.rows_from(number, offset);
                              },
                              warning()));
    auto endings = co_await members.run();
    with.producer.reset(); // before the bytes it was given
    auto first = said_by(endings.front());
    use_tail_ = use_tail_ && !writer.refuses_tail();
    if (first.step == next_step::stopped) {
        auto sent = co_await send_status(link, *with.stream);
        if (sent) {
            co_await with.stream->finish(1s);
        }
    }
    co_return first;
}

io::awaitable<failure> sending::confirm_loop(direction_link& link, parts& with,
                                             log_writer& writer) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    io::kafka::fetched_batch batch;
    outage_watch watch;
    confirmed_by known;
    known.durable = with.start.confirmed;
    auto marked_at = std::chrono::steady_clock::now() - 1h;
    auto own_bytes = source_wal_.wal_bytes.load();
    lsn marked = with.start.confirmed;
    for (;;) {
        if (auto const heard =
                hear(with, std::max(with.start.wal_end, link.watermark.position()), batch, known);
            !heard) {
            co_return heard.error();
        }
        if (auto const reader = std::exchange(known.asks, {}); !reader.empty()) {
            auto const answered = co_await answer(with, reader);
            if (!answered) {
                co_return answered.error();
            }
            if (*answered) {
                writer.answer(reader);
            }
        }
        if (!writer.tail_pending()) {
            known.pass_on(link, kafka_.confirm == confirm_at::kafka ? writer.acknowledged()
                                                                    : known.reader);
        } else if (link.watermark.position() >= with.tail->end && link.window.exhausted()) {
            co_return writer.other_history(); // it did not come
        }
        auto const now = std::chrono::steady_clock::now();
        if (known.remind(link.watermark.received(), now)) {
            writer.remind();
        }
        if (auto const idle = link.watermark.idle_position(); idle && *idle > marked) {
            idle_store_input input;
            input.candidate = *idle;
            input.stored = std::max(marked, link.watermark.confirmable());
            input.own_bytes = source_wal_.wal_bytes.load() - own_bytes;
            input.since_last_ms =
                std::chrono::duration_cast<std::chrono::milliseconds>(now - marked_at).count();
            if (link.fenced || worth_storing(input)) {
                link.fenced = false;
                writer.mark(*idle);
                marked = *idle;
                marked_at = now;
                own_bytes = source_wal_.wal_bytes.load();
            }
        }
        now_caught_up(caught_up() || (link.watermark.settled() &&
                                      link.watermark.position() >= with.point.source_end));
        if (link.watermark.settled() &&
            (kafka_.confirm == confirm_at::applied || known.reader >= known.durable)) {
            note_caught_up(stats());
        }
        tell_outage(watch,
                    {stats().kafka.writers_brokers.load(std::memory_order_relaxed),
                     with.producer->outstanding() > 0, with.producer->settled()},
                    kafka_.brokers);
        if (stop_requested() && !link.stopping) {
            writer.stop();
        }
        timer.expires_after(50ms);
        co_await timer.async_wait(io::asio::use_awaitable);
    }
}

} // namespace tandem::engine
