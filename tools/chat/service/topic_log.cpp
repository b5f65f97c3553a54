#include "tools/chat/service/topic_log.hpp"

#include "io/runtime/deadline.hpp"
#include "io/runtime/event.hpp"
#include "tools/chat/service/caused.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

namespace tandem::chat {
namespace {

using namespace std::chrono_literals;

constexpr auto question_patience = 5s;
constexpr auto between_looks = 2s; // for topics that come up

} // namespace

void topic_log::say_once(std::string const& trouble) {
    if (trouble != said_) {
        said_ = trouble;
        if (!trouble.empty()) {
            spdlog::warn("{}", trouble);
        }
    }
}

// Of the first record that came after this process began, which may have written before it has found the brokers.
awaitable<io::kafka::result<std::int64_t>> topic_log::begin_of(std::string topic,
                                                               std::int32_t partition) {
    auto const began =
        std::chrono::duration_cast<std::chrono::milliseconds>(began_.time_since_epoch()).count();
    std::vector<io::kafka::time_question> asked{{topic, partition, began}};
    auto const found = co_await cluster_->offsets_for_times(std::move(asked), question_patience);
    if (!found) {
        co_return found.error();
    }
    if (found->front()) {
        co_return *found->front();
    }
    auto const ends =
        co_await cluster_->query_watermarks(std::move(topic), partition, question_patience);
    if (!ends) {
        co_return ends.error();
    }
    co_return ends->high;
}

// False when the brokers do not say.
awaitable<bool> topic_log::find_topics() {
    std::optional<std::string> const all;
    auto const seen = co_await cluster_->metadata(all, question_patience);
    if (!seen) {
        say_once(fmt::format("waiting for Kafka at {}: {}", set_.brokers, seen.error().message));
        co_return false;
    }
    for (auto const& topic : seen->topics) {
        bool const wanted =
            std::any_of(set_.topics.begin(), set_.topics.end(), [&topic](auto const& pattern) {
                return topic_matches(pattern, topic.name);
            });
        for (auto const& partition : topic.partitions) {
            place const at{topic.name, partition.id};
            if (!wanted || next_.contains(at)) {
                continue;
            }
            std::int64_t from = io::kafka::from_beginning;
            if (!looked_) {
                auto const begin = co_await begin_of(topic.name, partition.id);
                if (!begin) {
                    say_once(
                        fmt::format("waiting for topic {}: {}", topic.name, begin.error().message));
                    co_return false;
                }
                from = *begin;
            }
            next_.emplace(at, from);
            assign_anew_ = true;
            spdlog::info("reading topic {}, partition {}, from {}", topic.name, partition.id,
                         from < 0 ? "its beginning" : fmt::format("offset {}", from));
        }
    }
    looked_ = true;
    say_once(next_.empty() ? fmt::format("waiting for topics {}: they are not there yet",
                                         fmt::join(set_.topics, ", "))
                           : std::string{});
    co_return true;
}

void topic_log::take(io::kafka::fetched_batch const& batch) {
    for (std::size_t at = 0; at < batch.size(); ++at) {
        auto const record = batch[at];
        std::string const topic{record.topic()};
        next_[{topic, record.partition()}] = record.offset() + 1;
        if (auto const value = record.value()) {
            if (auto const what = caused_by(set_.instance, *value)) {
                spdlog::info("{}: topic {}, partition {}, offset {}", *what, topic,
                             record.partition(), record.offset());
            }
        }
    }
    for (auto const& failed : batch.failures()) {
        auto const kind = failed.failed.classify();
        if (kind == io::kafka::retry_class::lost_position ||
            kind == io::kafka::retry_class::missing_topic) {
            // Deleted, made anew or cut: it is found again, and read from its beginning.
            spdlog::warn("topic {}, partition {}: {}", failed.topic, failed.partition,
                         failed.failed.message);
            next_.erase({failed.topic, failed.partition});
            assign_anew_ = true;
        } else {
            say_once(fmt::format("topic {}: {}", failed.topic, failed.failed.message));
        }
    }
}

awaitable<int> topic_log::run() {
    co_await asio::this_coro::throw_if_cancelled(false);
    auto const cancellation = co_await asio::this_coro::cancellation_state;
    auto admin = io::kafka::admin::open(executor_, set_.brokers, {}, {});
    auto consumer = io::kafka::consumer::open(executor_, set_.brokers, {}, {});
    if (!admin || !consumer) {
        spdlog::error("Kafka: {}; offsets will not be in this log",
                      admin ? consumer.error().message : admin.error().message);
        io::event never{executor_};
        co_await never.wait(); // the chat goes on without it
        co_return 0;
    }
    cluster_ = std::move(*admin);
    source_ = std::move(*consumer);
    io::kafka::fetched_batch batch;
    auto next_look = std::chrono::steady_clock::now();
    while (cancellation.cancelled() == asio::cancellation_type::none) {
        if (std::chrono::steady_clock::now() >= next_look) {
            co_await find_topics();
            next_look = std::chrono::steady_clock::now() + between_looks;
        }
        if (std::exchange(assign_anew_, false)) {
            std::vector<io::kafka::assignment> wanted;
            for (auto const& [at, offset] : next_) {
                io::kafka::assignment one;
                one.topic = at.first;
                one.partition = at.second;
                one.offset = offset;
                wanted.push_back(std::move(one));
            }
            if (auto const assigned = source_->assign(wanted); !assigned) {
                say_once(fmt::format("reading topics: {}", assigned.error().message));
                assign_anew_ = true;
            }
        }
        while (source_->try_fetch(batch)) {
            take(batch);
        }
        auto const rest = std::chrono::duration_cast<std::chrono::milliseconds>(
            next_look - std::chrono::steady_clock::now());
        io::deadline const limit{executor_, std::max(rest, 1ms),
                                 [this] { source_->client().notify(); }};
        auto const waited = co_await source_->wait(); // cancelled: the loop ends
    }
    co_return 0;
}

} // namespace tandem::chat
