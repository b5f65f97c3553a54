#pragma once
// Says in the log which records of Kafka this instance caused: topic, partition, offset.
//
// It reads the topics from where they end when it first sees them; topics that come up later, from their beginning.
// Brokers that are away, topics that are not there yet: it waits, and says for what. One executor thread.

#include "io/kafka/admin.hpp"
#include "io/kafka/consumer.hpp"
#include "io/runtime/awaitable.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tandem::chat {

namespace asio = boost::asio;
using io::awaitable;

struct topic_log_options {
    std::string brokers;
    std::vector<std::string> topics; // names, or beginnings of names with a `*` behind them
    std::string instance;
};

class topic_log {
public:
    topic_log(asio::any_io_executor executor, topic_log_options set)
        : executor_{std::move(executor)}, set_{std::move(set)} {}

    // Until cancelled. Fails with a sentence when the client cannot be made at all.
    [[nodiscard]] awaitable<int> run();

private:
    using place = std::pair<std::string, std::int32_t>; // topic and partition

    [[nodiscard]] awaitable<bool> find_topics();
    [[nodiscard]] awaitable<io::kafka::result<std::int64_t>> begin_of(std::string topic,
                                                                      std::int32_t partition);
    void take(io::kafka::fetched_batch const& batch);
    void say_once(std::string const& trouble);

    asio::any_io_executor executor_;
    topic_log_options set_;
    std::unique_ptr<io::kafka::admin> cluster_;
    std::unique_ptr<io::kafka::consumer> source_;
    std::map<place, std::int64_t> next_; // offsets
    bool looked_ = false;                // once: what is found later is read from its beginning
    std::chrono::system_clock::time_point const began_ = std::chrono::system_clock::now();
    bool assign_anew_ = false;
    std::string said_;
};

} // namespace tandem::chat
