#include "engine/connect/flow/state_topics.hpp"

#include "engine/flow/incarnation.hpp"
#include "engine/flow/kafka_setup.hpp"
#include "io/kafka/partition_of.hpp"
#include "io/runtime/group.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace tandem::connect {
namespace {

using namespace std::chrono_literals;
using engine::failure;
using engine::kafka_patience;
using engine::next_step;
using engine::retry_after;

constexpr auto write_patience = 30s;
constexpr std::string_view mark_name = "tandem.write"; // a header of every record

std::string_view property_of(state_kind kind) noexcept {
    constexpr std::array<std::string_view, 3> names{"config.storage.topic", "offset.storage.topic",
                                                    "status.storage.topic"};
    return names[static_cast<std::size_t>(kind)];
}

std::string_view contents_of(state_kind kind) noexcept {
    constexpr std::array<std::string_view, 3> names{
        "connector configurations", "source connector offsets", "connector and task statuses"};
    return names[static_cast<std::size_t>(kind)];
}

// By this machine's clock.
std::int64_t age_ms(io::kafka::fetched_record const& record) {
    auto const now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count() -
           record.timestamp_ms();
}

// For as long as somebody waits.
class watching {
public:
    watching(std::vector<io::event*>& all, io::event& own) : all_{all}, own_{own} {
        all_.push_back(&own_);
    }
    ~watching() { std::erase(all_, &own_); }
    watching(watching const&) = delete;
    watching& operator=(watching const&) = delete;

private:
    std::vector<io::event*>& all_;
    io::event& own_;
};

} // namespace

state_topics::state_topics(io::asio::any_io_executor executor, worker_setup const& setup,
                           changed tell)
    : executor_{std::move(executor)},
      setup_{setup.topics},
      tell_{std::move(tell)},
      topics_{{{setup_.config, state_kind::config, 0, nullptr, {}},
               {setup_.offset, state_kind::offset, 0, nullptr, {}},
               {setup_.status, state_kind::status, 0, nullptr, {}}}},
      own_mark_{engine::new_token()},
      members_{setup.id, setup.group_id, own_mark_} {}

io::awaitable<state_topics::voided> state_topics::open() {
    auto cluster = io::kafka::admin::open(executor_, setup_.brokers, setup_.properties,
                                          engine::log_of("connect"));
    auto producer = io::kafka::producer::open(executor_, setup_.brokers, setup_.properties,
                                              engine::log_of("connect"));
    if (!cluster || !producer) {
        co_return retry_after("opening a client", !cluster ? cluster.error() : producer.error());
    }
    cluster_ = std::move(*cluster);
    producer_ = std::move(*producer);
    for (auto& each : topics_) {
        auto made = co_await ensure(each);
        if (!made) {
            co_return made;
        }
        each.to = &producer_->open_topic(each.what.name);
    }
    cluster_id_ = cluster_->cluster_id();
    auto read = co_await read_all();
    co_return read;
}

// There with what it needs: compacted, the config topic with one partition.
io::awaitable<state_topics::voided> state_topics::ensure(topic& one) {
    auto seen = co_await cluster_->metadata(one.what.name, kafka_patience);
    if (!seen && seen.error().code == io::kafka::errc::no_topic) {
        io::kafka::new_topic wanted;
        wanted.name = one.what.name;
        wanted.partitions = one.what.partitions;
        wanted.replication_factor = one.what.replication_factor;
        wanted.configs = {{"cleanup.policy", "compact"}};
        auto const made = co_await cluster_->create_topic(wanted, kafka_patience);
        if (!made && made.error().code != io::kafka::errc::topic_exists) {
            co_return retry_after(fmt::format("creating topic {}", one.what.name), made.error());
        }
        spdlog::info("connect: topic {} is made for {}", one.what.name, contents_of(one.kind));
        seen = co_await cluster_->metadata(one.what.name, kafka_patience);
    }
    if (!seen) {
        co_return retry_after(fmt::format("asking for topic {}", one.what.name), seen.error());
    }
    one.partitions = static_cast<std::int32_t>(seen->topics.front().partitions.size());
    one.next.assign(static_cast<std::size_t>(one.partitions), 0);
    if (one.kind == state_kind::config && one.partitions != 1) {
        co_return failure{
            next_step::paused,
            fmt::format("Topic '{}' supplied via the '{}' property is required to have a single "
                        "partition in order to guarantee consistency of connector configurations, "
                        "but found {} partitions.",
                        one.what.name, property_of(one.kind), one.partitions)};
    }
    auto const set = co_await cluster_->describe_topic(one.what.name, kafka_patience);
    if (!set) {
        co_return retry_after(fmt::format("asking for topic {}", one.what.name), set.error());
    }
    auto const policy = set->find("cleanup.policy");
    if (policy != set->end() && policy->second.value != "compact") {
        co_return failure{
            next_step::paused,
            fmt::format("Topic '{}' supplied via the '{}' property is required to have "
                        "'cleanup.policy=compact' to guarantee consistency and durability of {}, "
                        "but found the topic currently has 'cleanup.policy={}'. Continuing would "
                        "likely result in eventually losing {} and problems restarting this "
                        "Connect cluster in the future. Change the '{}' property in the Connect "
                        "worker configurations to use a topic with 'cleanup.policy=compact'.",
                        one.what.name, property_of(one.kind), contents_of(one.kind),
                        policy->second.value, contents_of(one.kind), property_of(one.kind))};
    }
    co_return boost::system::in_place_value;
}

io::awaitable<state_topics::voided> state_topics::read_all() {
    auto opened = io::kafka::consumer::open(executor_, setup_.brokers, setup_.properties,
                                            engine::log_of("connect"), true);
    if (!opened) {
        co_return retry_after("opening a client", opened.error());
    }
    auto const source = std::move(*opened);
    std::vector<io::kafka::assignment> wanted;
    for (auto const& each : topics_) {
        for (std::int32_t partition = 0; partition < each.partitions; ++partition) {
            wanted.push_back({each.what.name, partition});
        }
    }
    if (auto const assigned = source->assign(wanted); !assigned) {
        co_return retry_after("reading the topics of the worker", assigned.error());
    }
    std::set<std::pair<std::string, std::int32_t>> ended;
    io::kafka::fetched_batch batch;
    while (ended.size() < wanted.size()) {
        while (source->try_fetch(batch)) {
            for (std::size_t at = 0; at < batch.size(); ++at) {
                take(batch[at], false);
            }
            for (auto const& each : batch.ends()) {
                ended.emplace(each.topic, each.partition);
                auto const found = std::ranges::find_if(
                    topics_, [&](topic const& one) { return one.what.name == each.topic; });
                auto& next = found->next[static_cast<std::size_t>(each.partition)];
                next = std::max(next, each.offset);
            }
            for (auto const& each : batch.failures()) {
                if (each.failed.classify() != io::kafka::retry_class::transient) {
                    co_return retry_after(fmt::format("reading topic {}", each.topic), each.failed);
                }
            }
        }
        if (ended.size() < wanted.size()) {
            auto waited = co_await source->wait();
            if (!waited) {
                co_return retry_after("reading the topics of the worker", waited.error());
            }
        }
    }
    co_return boost::system::in_place_value;
}

void state_topics::take(io::kafka::fetched_record const& record, bool tell) {
    auto const found = std::ranges::find_if(
        topics_, [&](topic const& one) { return one.what.name == record.topic(); });
    found->next[static_cast<std::size_t>(record.partition())] = record.offset() + 1;
    std::string_view const key = record.key().value_or("");
    auto const passed_over = [](problem const& why) { spdlog::warn("connect: {}", why.what); };
    switch (found->kind) {
    case state_kind::config: {
        auto const told = configs_.take(key, record.value());
        if (!told) {
            passed_over(told.error());
        } else if (tell && told->what != config_state::change::none) {
            tell_(*told);
        }
        break;
    }
    case state_kind::offset:
        if (auto const taken = offsets_.take(key, record.value()); !taken) {
            passed_over(taken.error());
        }
        break;
    case state_kind::status: {
        auto const taken = !membership::is_beat(key) ? statuses_.take(key, record.value())
                           : tell                    ? members_.take(key, record.value())
                                  : members_.take_old(key, record.value(), age_ms(record));
        if (!taken) {
            passed_over(taken.error());
        }
        break;
    }
    }
    if (!tell || awaited_.empty()) {
        return;
    }
    record.headers(headers_);
    auto const mark = std::ranges::find(headers_, mark_name, &io::kafka::header::name);
    if (mark != headers_.end() && mark->value && awaited_.erase(std::string{*mark->value}) > 0) {
        for (auto* each : watchers_) {
            each->notify();
        }
    }
}

io::awaitable<failure> state_topics::run() {
    io::group<failure> members{executor_};
    members.add("reader", follow());
    members.add("producer", serve());
    auto endings = co_await members.run();
    if (endings.front().exception) {
        std::rethrow_exception(endings.front().exception);
    }
    co_return endings.front().value;
}

io::awaitable<failure> state_topics::follow() {
    auto opened = io::kafka::consumer::open(executor_, setup_.brokers, setup_.properties,
                                            engine::log_of("connect"));
    if (!opened) {
        co_return retry_after("opening a client", opened.error());
    }
    reader_ = std::move(*opened);
    std::vector<io::kafka::assignment> wanted;
    for (auto const& each : topics_) {
        for (std::int32_t partition = 0; partition < each.partitions; ++partition) {
            wanted.push_back(
                {each.what.name, partition, each.next[static_cast<std::size_t>(partition)]});
        }
    }
    if (auto const assigned = reader_->assign(wanted); !assigned) {
        co_return retry_after("reading the topics of the worker", assigned.error());
    }
    io::kafka::fetched_batch batch;
    for (;;) {
        while (reader_->try_fetch(batch)) {
            for (std::size_t at = 0; at < batch.size(); ++at) {
                take(batch[at], true);
            }
            for (auto const& each : batch.failures()) {
                if (each.failed.classify() != io::kafka::retry_class::transient) {
                    co_return retry_after(fmt::format("reading topic {}", each.topic), each.failed);
                }
            }
        }
        auto waited = co_await reader_->wait();
        if (!waited) {
            co_return retry_after("reading the topics of the worker", waited.error());
        }
    }
}

io::awaitable<failure> state_topics::serve() {
    for (;;) {
        auto served = co_await producer_->serve();
        if (!served) {
            co_return retry_after("writing to the topics of the worker", served.error());
        }
        while (!waiting_.empty() && waiting_.front()->settled.settled()) {
            waiting_.pop_front();
        }
        push();
        for (auto* each : watchers_) {
            each->notify();
        }
    }
}

std::string state_topics::put(topic& to, topic_record record) {
    auto one = std::make_unique<sent>();
    one->what = std::move(record);
    one->kind = to.kind;
    one->mark = fmt::format("{}-{}", own_mark_, ++marks_);
    auto mark = one->mark;
    unsent_.push_back(std::move(one));
    push();
    return mark;
}

// In their order, as far as the client's queue has room.
void state_topics::push() {
    while (!unsent_.empty()) {
        auto& one = *unsent_.front();
        auto& to = of(one.kind);
        std::array<io::kafka::header, 1> const headers{{{mark_name, std::string_view{one.mark}}}};
        io::kafka::record made;
        made.key = one.what.key;
        if (one.what.value) {
            made.value = *one.what.value;
        }
        made.headers = headers;
        auto const partition = io::kafka::partition_of(one.what.key, to.partitions);
        switch (producer_->produce(*to.to, partition, made, one.settled)) {
        case io::kafka::producer::queued::yes:
            waiting_.push_back(std::move(unsent_.front()));
            unsent_.pop_front();
            break;
        case io::kafka::producer::queued::full:
            return;
        case io::kafka::producer::queued::refused:
            spdlog::error("connect: a record of topic {} is lost: {}", to.what.name,
                          producer_->why().message);
            unsent_.pop_front();
            break;
        }
    }
    producer_->hasten();
}

void state_topics::send(state_kind to, std::vector<topic_record> records) {
    for (auto& each : records) {
        put(of(to), std::move(each));
    }
}

io::awaitable<state_topics::voided> state_topics::write(state_kind to,
                                                        std::vector<topic_record> records) {
    std::vector<std::string> marks;
    for (auto& each : records) {
        marks.push_back(put(of(to), std::move(each)));
        awaited_.insert(marks.back());
    }
    io::event told{executor_};
    watching const own{watchers_, told};
    auto const until = std::chrono::steady_clock::now() + write_patience;
    auto const all_read = [&] {
        return std::ranges::none_of(
            marks, [&](std::string const& each) { return awaited_.contains(each); });
    };
    while (!all_read()) {
        auto const woken = co_await told.wait_until(until);
        if (!woken && std::chrono::steady_clock::now() >= until) {
            for (auto const& each : marks) {
                awaited_.erase(each);
            }
            co_return failure{next_step::retry,
                              fmt::format("topic {} did not take it within {} s", of(to).what.name,
                                          write_patience.count())};
        }
    }
    co_return boost::system::in_place_value;
}

io::awaitable<void> state_topics::settle() {
    io::event told{executor_};
    watching const own{watchers_, told};
    auto const until = std::chrono::steady_clock::now() + 3s;
    while ((!unsent_.empty() || !waiting_.empty()) && std::chrono::steady_clock::now() < until) {
        co_await told.wait_until(until);
    }
}

} // namespace tandem::connect
