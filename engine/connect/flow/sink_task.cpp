#include "engine/connect/flow/sink_task.hpp"

#include "codecs/event/padding.hpp"
#include "codecs/sql/quote.hpp"
#include "engine/connect/flow/sink_parts.hpp"
#include "engine/connect/source_records.hpp"
#include "engine/flow/kafka_clients.hpp"
#include "engine/flow/sessions.hpp"
#include "io/runtime/group.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

namespace tandem::connect {
namespace {

using namespace std::chrono_literals;
using engine::failure;
using engine::kafka_patience;
using engine::next_step;
using engine::outcome_of;
using engine::retry_after;
using clock = std::chrono::steady_clock;

constexpr std::size_t rows_most = 8'000;
constexpr std::size_t bytes_most = std::size_t{4} << 20;
// Until there are some, and for what comes later.
constexpr auto first_topics_interval = 200ms;
constexpr auto topics_interval = 1s;

std::optional<std::string_view> padded(std::optional<std::string_view> bytes, std::string& room) {
    if (!bytes) {
        return std::nullopt;
    }
    room.assign(*bytes);
    room.append(event::record_padding, '\0');
    return std::string_view{room}.substr(0, bytes->size());
}

// A field of that name whose value begins so, however the writer spaces it.
bool has_field(std::string_view json, std::string_view name, char begin) noexcept {
    for (auto at = json.find(name); at != json.npos; at = json.find(name, at + 1)) {
        auto const colon = json.find_first_not_of(" \t\r\n", at + name.size());
        if (colon != json.npos && json[colon] == ':') {
            auto const value = json.find_first_not_of(" \t\r\n", colon + 1);
            if (value != json.npos && json[value] == begin) {
                return true;
            }
        }
    }
    return false;
}

// Debezium's envelope, by the fields that it has and rows mostly have not.
bool is_envelope(std::string_view value) noexcept {
    return has_field(value, R"("op")", '"') && has_field(value, R"("source")", '{');
}

// Of a record that a source of ours wrote.
std::optional<record_position> position_in(std::span<io::kafka::header const> headers) {
    auto const found = std::ranges::find(headers, position_header, &io::kafka::header::name);
    return found != headers.end() && found->value ? decode_position(*found->value) : std::nullopt;
}

} // namespace

bool sink_task::parts::is_time_to_look() const {
    return clock::now() - looked_at >= (assigned.empty() ? first_topics_interval : topics_interval);
}

sink_task::sink_task(task_setup setup, sink_settings settings, engine::direction_stats& stats)
    : supervised{fmt::format("connector {} task {}", setup.connector, setup.number), stats},
      setup_{std::move(setup)},
      settings_{std::move(settings)} {}

sink_task::~sink_task() = default;

io::awaitable<failure> sink_task::stream() {
    parts with{settings_.mode};
    auto ready = co_await open(with);
    if (!ready) {
        co_return ready.error();
    }
    auto const why = co_await run_parts(with);
    co_return why;
}

io::awaitable<sink_task::voided> sink_task::open(parts& into) {
    auto const executor = co_await io::asio::this_coro::executor;
    if (!settings_.topics_regex.empty()) {
        auto pattern = java_regex::of(settings_.topics_regex);
        if (!pattern) {
            co_return failure{next_step::paused, "topics.regex: " + pattern.error().what};
        }
        into.pattern.emplace(std::move(*pattern));
    }
    engine::session_request request;
    request.node = settings_.node;
    request.application_name = fmt::format("tandem sink {} {}", setup_.connector, setup_.number);
    for (auto* link : {&into.target, &into.catalog}) {
        auto opened = co_await engine::open_session(executor, request);
        if (!opened) {
            co_return opened.error();
        }
        *link = std::move(*opened);
    }
    auto taken = co_await take_database(into);
    if (!taken) {
        co_return taken;
    }
    auto cluster =
        io::kafka::admin::open(executor, setup_.brokers, setup_.properties, engine::log_of(name()));
    auto log =
        io::kafka::consumer::open(executor, setup_.brokers, setup_.properties,
                                  engine::figures_of(name(), stats(), io::kafka::role::consumer));
    if (!cluster || !log) {
        co_return retry_after("opening a client", !cluster ? cluster.error() : log.error());
    }
    into.cluster = std::move(*cluster);
    into.log = std::move(*log);
    auto records = sink_records::of(setup_, settings_);
    if (!records) {
        co_return failure{next_step::paused, records.error().what};
    }
    into.records = std::move(*records);
    into.letters = std::make_unique<dead_letters>(setup_, settings_);
    auto letters = co_await into.letters->open(*into.cluster);
    if (!letters) {
        co_return letters;
    }
    into.shapes = std::make_unique<engine::foreign_tables>(settings_.node.name, *into.catalog);
    co_return boost::system::in_place_value;
}

// True: there are others than before.
io::awaitable<outcome_of<bool>> sink_task::assign(parts& with) {
    auto const seen = co_await with.cluster->metadata(std::nullopt, kafka_patience);
    if (!seen) {
        co_return retry_after("asking for topics", seen.error());
    }
    std::set<parts::partition> mine;
    for (auto const& topic : seen->topics) {
        bool const wanted = with.pattern ? with.pattern->matches(topic.name)
                                         : std::ranges::find(settings_.topics, topic.name) !=
                                               settings_.topics.end();
        for (auto const& each : topic.partitions) {
            // As many tasks share them: by the partition's number, so that it is the same at every start.
            if (wanted && each.id % setup_.tasks == setup_.number) {
                mine.emplace(topic.name, each.id);
            }
        }
    }
    if (mine == with.assigned) {
        co_return false;
    }
    if (settings_.from_end && !std::exchange(with.has_looked, true)) {
        auto begun = co_await begin_at_ends(with, mine);
        if (!begun) {
            co_return begun.error();
        }
    }
    std::vector<io::kafka::assignment> wanted;
    for (auto const& each : mine) {
        auto const known = with.places.find(each);
        wanted.push_back(
            {each.first, each.second,
             known == with.places.end() ? io::kafka::from_beginning : known->second.next});
    }
    if (auto const assigned = with.log->assign(wanted); !assigned) {
        co_return retry_after("reading its topics", assigned.error());
    }
    with.assigned = std::move(mine);
    spdlog::info("{}: reading {} partitions", name(), with.assigned.size());
    co_return true;
}

// Where that is becomes their place at once: of what is written from here on nothing is passed over, whenever the task
// is started again. Topics that are made later have nothing that came before.
io::awaitable<sink_task::voided> sink_task::begin_at_ends(
    parts& with, std::set<std::pair<std::string, std::int32_t>> const& among) {
    for (auto const& each : among) {
        if (with.places.contains(each)) {
            continue;
        }
        auto const marks =
            co_await with.cluster->query_watermarks(each.first, each.second, kafka_patience);
        if (!marks) {
            co_return retry_after(fmt::format("asking for the end of topic {}", each.first),
                                  marks.error());
        }
        with.places[each].next = marks->high;
        with.moved.insert(each);
    }
    co_return boost::system::in_place_value;
}

io::awaitable<failure> sink_task::run_parts(parts& with) {
    auto const executor = co_await io::asio::this_coro::executor;
    auto assigned = co_await assign(with);
    if (!assigned) {
        co_return assigned.error();
    }
    with.looked_at = clock::now();
    set_state(engine::direction_state::streaming);
    io::group<failure> members{executor};
    members.add("read", read(with));
    members.add("stop", watch_stop(with));
    members.add("pulse", pulse(with));
    auto endings = co_await members.run();
    co_return said_by(endings.front());
}

// The batch in hand is finished, or given up after a while.
io::awaitable<failure> sink_task::watch_stop(parts& with) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    while (!stop_requested()) {
        timer.expires_after(20ms);
        co_await timer.async_wait(io::asio::use_awaitable);
    }
    with.stopping = true;
    timer.expires_after(5s);
    co_await timer.async_wait(io::asio::use_awaitable);
    co_return failure{next_step::stopped, {}};
}

// Who waits for records looks up now and then.
io::awaitable<failure> sink_task::pulse(parts& with) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    for (;;) {
        timer.expires_after(20ms);
        co_await timer.async_wait(io::asio::use_awaitable);
        if (with.stopping || with.is_time_to_look()) {
            with.log->client().notify();
        }
    }
}

io::awaitable<failure> sink_task::read(parts& with) {
    io::kafka::fetched_batch fetched;
    for (;;) {
        while (with.log->try_fetch(fetched)) {
            for (std::size_t at = 0; at < fetched.size(); ++at) {
                auto taken = co_await take(with, fetched[at]);
                if (!taken) {
                    auto const first = co_await flush(with); // what came before it
                    co_return first ? taken.error() : first.error();
                }
                if (with.batch.changes() >= rows_most || with.batch.bytes() >= bytes_most) {
                    auto flushed = co_await flush(with);
                    if (!flushed) {
                        co_return flushed.error();
                    }
                }
            }
            for (auto const& each : fetched.failures()) {
                if (each.failed.code == io::kafka::errc::out_of_range) {
                    co_return failure{
                        next_step::gap,
                        fmt::format(
                            "topic {}, partition {} does not have offset {} any more, up to "
                            "which it was written: records were deleted before they were "
                            "read, or the topic was made anew; reset the connector's "
                            "offsets to begin again",
                            each.topic, each.partition, each.offset)};
                }
                if (each.failed.classify() != io::kafka::retry_class::transient &&
                    each.failed.code != io::kafka::errc::no_topic) {
                    co_return retry_after(fmt::format("reading topic {}", each.topic), each.failed);
                }
            }
        }
        auto flushed = co_await flush(with);
        if (!flushed) {
            co_return flushed.error();
        }
        if (with.stopping) {
            co_return failure{next_step::stopped, {}};
        }
        if (with.is_time_to_look()) {
            with.looked_at = clock::now();
            auto assigned = co_await assign(with);
            if (!assigned) {
                co_return assigned.error();
            }
        }
        auto waited = co_await with.log->wait();
        if (!waited) {
            co_return retry_after("reading its topics", waited.error());
        }
    }
}

failure sink_task::refused(io::kafka::fetched_record const& record, std::string const& why) const {
    return {next_step::paused,
            fmt::format("topic {}, partition {}, offset {}: {}; nothing behind it is written",
                        record.topic(), record.partition(), record.offset(), why)};
}

io::awaitable<sink_task::voided> sink_task::take(parts& with, io::kafka::fetched_record record) {
    parts::partition const partition{std::string{record.topic()}, record.partition()};
    auto& place = with.places[partition];
    record.headers(with.headers);
    auto const position = position_in(with.headers);
    if (!position || !place.has(*position)) {
        bool const plain = !settings_.tolerates && !with.records->changes() &&
                           !(record.value() && event::has_schema(*record.value())) &&
                           !(record.key() && event::has_schema(*record.key()));
        with.fault.reset();
        voided taken;
        if (plain) {
            taken = co_await take_plain(with, record);
        } else {
            taken = co_await take_changed(with, record);
        }
        if (!taken && settings_.tolerates && with.fault) {
            taken = co_await with.letters->put(record, *with.fault);
        }
        if (!taken) {
            co_return taken;
        }
    }
    place.next = record.offset() + 1;
    with.moved.insert(partition);
    if (position && !place.has(*position)) {
        place.source = position->source;
        place.at = position->at;
    }
    co_return boost::system::in_place_value;
}

// Tombstones delete, but behind envelopes, which have done so.
bool sink_task::passes_tombstones(topic_rows const& of) const {
    bool const of_source = settings_.table_format.find("${source.") != std::string::npos;
    return !settings_.deletes || of.has_envelopes || of_source;
}

sink_task::topic_rows& sink_task::topic_of(parts& with, std::string_view name) const {
    auto found = with.topics.find(name);
    if (found == with.topics.end()) {
        engine::foreign_format envelope;
        envelope.values = settings_.values;
        engine::foreign_format row = envelope;
        row.envelope = false;
        auto made = std::make_unique<topic_rows>(envelope, row);
        found = with.topics.emplace(std::string{name}, std::move(made)).first;
    }
    return *found->second;
}

io::awaitable<sink_task::voided> sink_task::take_plain(parts& with,
                                                       io::kafka::fetched_record record) {
    auto& topic = topic_of(with, record.topic());
    auto const key = padded(record.key(), with.key_room);
    auto const value = padded(record.value(), with.value_room);
    if (!value && passes_tombstones(topic)) {
        co_return boost::system::in_place_value;
    }
    bool const moved = std::ranges::find(with.headers, "__debezium.oldkey",
                                         &io::kafka::header::name) != with.headers.end();
    bool const envelope = value && is_envelope(*value);
    topic.has_envelopes = topic.has_envelopes || envelope;
    auto& rows = envelope ? topic.envelopes : topic.rows;
    auto const read = rows.read(key, value, moved);
    if (!read) {
        co_return refused(record, read.error().what);
    }
    if (!*read) {
        co_return boost::system::in_place_value;
    }
    auto const to = table_of(settings_, record.topic(), (*read)->schema, (*read)->table);
    if (!to) {
        co_return refused(record, to.error().what);
    }
    auto const known = co_await table(with, *to);
    if (!known) {
        co_return known.error().step == next_step::paused ? refused(record, known.error().reason)
                                                          : known.error();
    }
    auto const& entry = with.tables[{to->schema, to->table}];
    auto const made = rows.change_for(*entry.foreign, with.bytes);
    if (!made) {
        co_return refused(record, made.error().what);
    }
    auto const kind = made->what.kind;
    if (kind == engine::change_kind::truncate) {
        auto truncated = co_await truncate(with, *to);
        co_return truncated;
    }
    if (kind != engine::change_kind::remove || settings_.deletes) {
        with.batch.add(**known, made->what);
    }
    co_return boost::system::in_place_value;
}

io::awaitable<sink_task::voided> sink_task::take_changed(parts& with,
                                                         io::kafka::fetched_record record) {
    auto& topic = topic_of(with, record.topic());
    with.header_views.clear();
    for (auto const& each : with.headers) {
        with.header_views.push_back({each.name, each.value});
    }
    fetched_form from;
    from.topic = record.topic();
    from.partition = record.partition();
    from.offset = record.offset();
    from.timestamp_ms =
        record.timestamp_ms() < 0 ? std::nullopt : std::optional{record.timestamp_ms()};
    from.key = record.key();
    from.value = record.value();
    from.headers = with.header_views;
    auto const read = with.records->read(from);
    if (!read) {
        with.fault =
            record_fault{with.records->stage(), java_class(read.error().kind), read.error().what};
        co_return refused(record, read.error().what);
    }
    if (*read == nullptr) {
        co_return boost::system::in_place_value;
    }
    sink_row const& row = **read;
    topic.has_envelopes = topic.has_envelopes || !row.table.empty();
    bool const removes = row.what == sink_row::kind::remove;
    if (removes && (!settings_.deletes || (row.is_tombstone && passes_tombstones(topic)))) {
        co_return boost::system::in_place_value;
    }
    auto const to = table_of(settings_, row.topic, row.schema, row.table);
    if (!to) {
        with.fault =
            record_fault{with.records->stage(), java_class(to.error().kind), to.error().what};
        co_return refused(record, to.error().what);
    }
    if (row.what == sink_row::kind::truncate) {
        auto truncated = co_await truncate(with, *to);
        co_return truncated;
    }
    if ((settings_.creates || settings_.adds) && !removes) {
        auto const ready = co_await evolve(with, *to);
        if (!ready) {
            co_return ready.error().step == next_step::paused
                ? refused(record, ready.error().reason)
                : ready.error();
        }
    }
    auto const known = co_await table(with, *to);
    if (!known) {
        co_return known.error().step == next_step::paused ? refused(record, known.error().reason)
                                                          : known.error();
    }
    auto const& entry = with.tables[{to->schema, to->table}];
    auto made = with.records->values_for(**known, *entry.foreign);
    if (!made) {
        if (made.error().kind != problem_kind::connect) { // that is the table's
            with.fault = record_fault{with.records->stage(), java_class(made.error().kind),
                                      made.error().what};
        }
        co_return refused(record, made.error().what);
    }
    with.batch.add(**known, std::move(*made));
    co_return boost::system::in_place_value;
}

// Behind what came before it.
io::awaitable<sink_task::voided> sink_task::truncate(parts& with, sink_table_name name) {
    if (!settings_.truncates) {
        co_return boost::system::in_place_value;
    }
    auto statements = with.batch.statements();
    sink_statement last;
    last.sql = fmt::format("TRUNCATE {}", sql::qualified(name.schema, name.table));
    statements.push_back(std::move(last));
    auto done = co_await write(with, std::move(statements));
    co_return done;
}

io::awaitable<sink_task::voided> sink_task::flush(parts& with) {
    if (with.moved.empty()) {
        co_return boost::system::in_place_value;
    }
    auto done = co_await write(with, with.batch.statements());
    co_return done;
}

io::awaitable<sink_task::voided> sink_task::write(parts& with,
                                                  std::vector<sink_statement> statements) {
    auto settled = co_await with.letters->settle();
    if (!settled) {
        co_return settled;
    }
    auto done = co_await execute(with, std::move(statements));
    if (done) {
        stats().count.applied_rows.fetch_add(with.batch.changes(), std::memory_order_relaxed);
        with.batch.clear();
        with.bytes.clear();
    }
    co_return done;
}

outcome<task> make_sink_task(task_setup const& setup) {
    auto settings = sink_settings_of(setup);
    if (!settings) {
        return settings.error();
    }
    task made;
    made.stats = std::make_unique<engine::direction_stats>("kafka", setup.connector);
    made.body = std::make_unique<sink_task>(setup, std::move(*settings), *made.stats);
    return made;
}

} // namespace tandem::connect
