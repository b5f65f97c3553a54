#include "engine/flow/dead_letters.hpp"

#include "engine/core/stream_record.hpp"
#include "engine/flow/stream_topics.hpp"
#include "io/kafka/admin.hpp"
#include "io/runtime/group.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t seen_most = 65'536;
constexpr std::size_t waiting_most = std::size_t{32} << 20; // bytes
constexpr std::size_t at_once_most = 1'000;
constexpr std::size_t message_most = 500; // bytes: names in it can be anybody's
constexpr std::uint32_t lines_most = 10;  // of the log, in each
constexpr auto lines_period = 10s;
constexpr auto busy = 20ms;
constexpr auto idle = 500ms;
constexpr auto last_patience = 30s;
constexpr auto letters_patience = 2s;
constexpr std::size_t letter_overhead = 1'000; // memory beside its bytes

std::uint64_t number_of(io::kafka::fetched_record const& record) {
    constexpr std::hash<std::string_view> of;
    std::uint64_t number = 0;
    for (std::uint64_t const part :
         {static_cast<std::uint64_t>(record.offset()),
          static_cast<std::uint64_t>(record.timestamp_ms()),
          std::uint64_t{of(record.key().value_or(std::string_view{}))},
          std::uint64_t{of(record.value().value_or(std::string_view{}))}}) {
        number = (number ^ part) * 0x9E37'79B9'7F4A'7C15U;
    }
    return number;
}

std::optional<std::string> copy_of(std::optional<std::string_view> bytes) {
    return bytes ? std::optional{std::string{*bytes}} : std::nullopt;
}

} // namespace

struct dead_letters::letter {
    std::optional<std::string> key;
    std::optional<std::string> value;
    std::vector<std::pair<std::string, std::optional<std::string>>> headers;
    std::optional<std::int64_t> timestamp_ms;
    std::unique_ptr<io::kafka::unsettled> settled; // null: not on its way
    std::size_t bytes = letter_overhead;
};

dead_letters::dead_letters(kafka_setup kafka, direction_stats& stats)
    : kafka_{std::move(kafka)},
      stats_{stats},
      topic_{letters_topic(kafka_, stats.source)},
      seen_{seen_most},
      lines_{lines_most, lines_period},
      trouble_lines_{lines_most, lines_period},
      pause_{500ms, 30s},
      at_once_{at_once_most} {}

dead_letters::~dead_letters() = default;

void dead_letters::say(io::kafka::fetched_record const& record, std::string_view message) {
    if (lines_.spend(clock::now())) {
        spdlog::warn("topic {}, offset {}: passed over: {}", record.topic(), record.offset(),
                     message);
    }
}

void dead_letters::put(io::kafka::fetched_record const& record, letter_cause cause,
                       std::string message) {
    if (!seen_.add(number_of(record))) {
        return;
    }
    message.resize(std::min(message.size(), message_most));
    say(record, message);
    stats_.count.foreign_records.fetch_add(1, std::memory_order_relaxed);
    auto made = std::make_unique<letter>();
    std::vector<io::kafka::header> headers;
    std::vector<std::string_view> names;
    record.headers(headers);
    for (auto const& each : headers) {
        made->headers.emplace_back(each.name, copy_of(each.value));
        names.push_back(each.name);
    }
    dead_letter const told{std::string{record.topic()},
                           record.partition(),
                           record.offset(),
                           fmt::format("{}:{}", stats_.source, stats_.target),
                           cause,
                           std::move(message)};
    for (auto& [name, value] : error_headers(told, names)) {
        made->headers.emplace_back(std::move(name), std::move(value));
    }
    made->key = copy_of(record.key());
    made->value = copy_of(record.value());
    if (record.timestamp_ms() >= 0) {
        made->timestamp_ms = record.timestamp_ms();
    }
    made->bytes += made->key ? made->key->size() : 0;
    made->bytes += made->value ? made->value->size() : 0;
    for (auto const& [name, value] : made->headers) {
        made->bytes += name.size() + (value ? value->size() : 0);
    }
    bytes_ += made->bytes;
    letters_.push_back(std::move(made));
    if (bytes_ > waiting_most && letters_.size() > 1) {
        bytes_ -= letters_.back()->bytes;
        letters_.pop_back();
        stats_.count.dead_letters_lost.fetch_add(1, std::memory_order_relaxed);
        trouble("more come than can be written: some stay in the stream's topic only");
    }
}

io::awaitable<failure> dead_letters::run() {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    for (;;) {
        co_await write_some();
        say_left_out();
        timer.expires_after(letters_.empty() ? idle : busy);
        co_await timer.async_wait(io::asio::use_awaitable);
    }
}

io::awaitable<failure> dead_letters::write_all() {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    while (!letters_.empty()) {
        co_await write_some();
        timer.expires_after(busy);
        co_await timer.async_wait(io::asio::use_awaitable);
    }
    co_return failure{};
}

io::awaitable<void> dead_letters::finish(std::function<bool()> stop) {
    auto const executor = co_await io::asio::this_coro::executor;
    io::asio::steady_timer timer{executor};
    auto const patience = [&timer, &stop]() -> io::awaitable<failure> {
        auto const until = clock::now() + last_patience;
        while (clock::now() < until && !stop()) {
            timer.expires_after(busy);
            co_await timer.async_wait(io::asio::use_awaitable);
        }
        timer.expires_after(stop() ? letters_patience : 0s);
        co_await timer.async_wait(io::asio::use_awaitable);
        co_return failure{};
    };
    io::group<failure> members{executor};
    members.add("letters", write_all());
    members.add("patience", patience());
    auto ended = co_await members.run();
    interrupt();
    if (!letters_.empty()) {
        spdlog::warn("topic {}: {} dead letters are still to be written", topic_, letters_.size());
    }
}

void dead_letters::interrupt() {
    producer_.reset();
    for (auto const& each : letters_) {
        each->settled.reset();
    }
}

io::awaitable<void> dead_letters::write_some() {
    if (letters_.empty()) {
        if (producer_ != nullptr) { // it has things to say all the same
            if (auto const served = producer_->try_serve(); !served) {
                producer_failed(served.error());
            }
        }
        co_return;
    }
    if (clock::now() < not_before_) {
        co_return;
    }
    if (producer_ == nullptr) {
        auto const ready = co_await open();
        if (!ready) {
            not_before_ = clock::now() + pause_.next();
            trouble(ready.error().reason);
            co_return;
        }
    }
    queue();
    if (producer_ != nullptr) {
        auto const served = producer_->try_serve();
        settle();
        if (!served) {
            producer_failed(served.error());
        }
    }
}

io::awaitable<outcome_of<void>> dead_letters::open() {
    auto const executor = co_await io::asio::this_coro::executor;
    auto cluster =
        io::kafka::admin::open(executor, kafka_.brokers, kafka_.properties, log_of("dead letters"));
    if (!cluster) {
        co_return retry_after("opening a client", cluster.error());
    }
    auto topic = co_await ensure_letters_topic(**cluster, kafka_, stats_.source);
    if (!topic) {
        co_return topic;
    }
    auto properties = kafka_.properties;
    properties.emplace_back("message.max.bytes", std::to_string(record_limit_most));
    auto producer = io::kafka::producer::open(executor, kafka_.brokers, std::move(properties),
                                              log_of("dead letters"));
    if (!producer) {
        co_return retry_after("opening a client", producer.error());
    }
    producer_ = std::move(*producer);
    co_return boost::system::in_place_value;
}

void dead_letters::queue() {
    std::vector<io::kafka::header> headers;
    auto& topic = producer_->open_topic(topic_);
    for (std::size_t at = 0; at < letters_.size() && at < at_once_; ++at) {
        auto& one = *letters_[at];
        if (one.settled != nullptr) {
            continue;
        }
        headers.clear();
        for (auto const& [name, value] : one.headers) {
            headers.push_back({name, value});
        }
        io::kafka::record what;
        what.key = one.key;
        what.value = one.value;
        what.headers = headers;
        what.timestamp_ms = one.timestamp_ms;
        auto settled = std::make_unique<io::kafka::unsettled>();
        switch (producer_->produce(topic, 0, what, *settled)) {
        case io::kafka::producer::queued::yes:
            one.settled = std::move(settled);
            break;
        case io::kafka::producer::queued::full:
            return;
        case io::kafka::producer::queued::refused:
            if (at == 0) {
                producer_failed(io::kafka::error{producer_->why()});
            }
            return;
        }
    }
}

void dead_letters::settle() {
    while (!letters_.empty() && letters_.front()->settled != nullptr &&
           letters_.front()->settled->settled() && !letters_.front()->settled->failure()) {
        bytes_ -= letters_.front()->bytes;
        letters_.pop_front();
        stats_.count.dead_letters.fetch_add(1, std::memory_order_relaxed);
        pause_.reset();
    }
    if (letters_.empty()) {
        at_once_ = at_once_most;
    }
}

// Some of them may be in the topic all the same, and come twice. One that the brokers refuse is found by sending each
// alone, and given up.
void dead_letters::producer_failed(io::kafka::error const& why) {
    interrupt();
    trouble(why.message);
    if (why.classify() != io::kafka::retry_class::record) {
        not_before_ = clock::now() + pause_.next();
    } else if (std::exchange(at_once_, 1) == 1 && !letters_.empty()) {
        bytes_ -= letters_.front()->bytes;
        letters_.pop_front();
        stats_.count.dead_letters_lost.fetch_add(1, std::memory_order_relaxed);
    }
}

void dead_letters::trouble(std::string_view what) {
    if (trouble_lines_.spend(clock::now())) {
        spdlog::warn("topic {}: dead letters cannot be written: {}", topic_, what);
    }
}

void dead_letters::say_left_out() {
    if (auto const more = lines_.due(clock::now())) {
        spdlog::warn("topic {}: {} more records were passed over",
                     stream_topic(kafka_, stats_.source), more);
    }
    if (auto const more = trouble_lines_.due(clock::now())) {
        spdlog::warn("topic {}: dead letters could not be written {} more times", topic_, more);
    }
}

} // namespace tandem::engine
