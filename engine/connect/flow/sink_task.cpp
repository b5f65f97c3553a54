#include "engine/connect/flow/sink_task.hpp"

#include "engine/connect/flow/sink_parts.hpp"
#include "engine/flow/kafka_clients.hpp"
#include "engine/flow/sessions.hpp"
#include "io/runtime/group.hpp"

#include <boost/asio/post.hpp>
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
// The database's socket has to be fed meanwhile.
constexpr std::size_t records_at_once = 250;
constexpr std::size_t bytes_most = std::size_t{4} << 20;
// Until there are some, and for what comes later.
constexpr auto first_topics_interval = 200ms;
constexpr auto topics_interval = 1s;

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
    parts with{co_await io::asio::this_coro::executor, settings_.mode};
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
    std::set<sink_partition> mine;
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
        auto& begun = with.places[each];
        begun.next = marks->high;
        begun.moved = true;
        with.moved.push_back(&*with.places.find(each));
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
    members.add("write", write_all(with));
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
    auto const executor = co_await io::asio::this_coro::executor;
    io::kafka::fetched_batch fetched{records_at_once};
    for (;;) {
        while (with.log->try_fetch(fetched)) {
            auto taken = co_await take_all(with, fetched);
            if (!taken) {
                auto const first = co_await drain(with); // what came before it
                co_return first ? taken.error() : first.error();
            }
            co_await io::asio::post(executor, io::asio::use_awaitable); // the writer gets its turn
        }
        if (!with.is_writing || with.stopping) {
            auto handed = co_await hand_over(with);
            if (!handed) {
                co_return handed.error();
            }
        }
        if (with.stopping) {
            auto const last = co_await drain(with);
            co_return last ? failure{next_step::stopped, {}} : last.error();
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

io::awaitable<sink_task::voided> sink_task::take_all(parts& with,
                                                     io::kafka::fetched_batch& fetched) {
    for (std::size_t at = 0; at < fetched.size(); ++at) {
        auto const record = fetched[at];
        auto left = look(with, record);
        voided taken = boost::system::in_place_value;
        if (left && *left == heed::row) {
            if (!is_ready(with)) {
                taken = co_await prepare(with, record);
            }
            if (taken) {
                left = put(with, record);
            }
        }
        if (!left) {
            taken = left.error();
        } else if (*left == heed::truncate) {
            taken = co_await truncate(with);
        }
        if (!taken && settings_.tolerates && with.hand.fault) {
            taken = co_await with.letters->put(record, *with.hand.fault);
        }
        if (!taken) {
            co_return taken;
        }
        note_taken(with, record);
        auto const& batch = with.filling.batch;
        if (batch.changes() >= rows_most || batch.bytes() >= bytes_most) {
            taken = co_await hand_over(with);
            if (!taken) {
                co_return taken;
            }
        }
    }
    for (auto const& each : fetched.failures()) {
        if (auto const mended = after_failure(each); !mended) {
            co_return mended;
        }
    }
    co_return boost::system::in_place_value;
}

sink_task::voided sink_task::after_failure(io::kafka::partition_event const& failed) const {
    if (failed.failed.code == io::kafka::errc::out_of_range) {
        return failure{
            next_step::gap,
            fmt::format("topic {}, partition {} does not have offset {} any more, up to which it "
                        "was written: records were deleted before they were read, or the topic "
                        "was made anew; reset the connector's offsets to begin again",
                        failed.topic, failed.partition, failed.offset)};
    }
    if (failed.failed.classify() != io::kafka::retry_class::transient &&
        failed.failed.code != io::kafka::errc::no_topic) {
        return retry_after(fmt::format("reading topic {}", failed.topic), failed.failed);
    }
    return boost::system::in_place_value;
}

io::awaitable<sink_task::voided> sink_task::hand_over(parts& with) {
    if (with.moved.empty() && with.filling.empty()) {
        co_return boost::system::in_place_value;
    }
    auto settled = co_await with.letters->settle();
    if (!settled) {
        co_return settled;
    }
    while (with.is_writing) {
        co_await with.idle.wait();
    }
    for (auto* const each : with.moved) {
        each->second.moved = false;
        with.filling.places.push_back(*each);
    }
    with.moved.clear();
    std::swap(with.filling, with.writing);
    with.is_writing = true;
    with.handed.notify();
    co_return boost::system::in_place_value;
}

io::awaitable<sink_task::voided> sink_task::drain(parts& with) {
    auto handed = co_await hand_over(with);
    while (handed && with.is_writing) {
        co_await with.idle.wait();
    }
    co_return handed;
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
