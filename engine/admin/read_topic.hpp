#pragma once
// Carries out a topic_scan. Failures are thrown: see failure.hpp.

#include "engine/admin/topic_scan.hpp"
#include "engine/config/options.hpp"
#include "io/kafka/consumer.hpp"
#include "io/runtime/awaitable.hpp"

#include <functional>
#include <memory>
#include <string>

namespace tandem::engine {

// Called by the reading coroutine, one after the other.
struct topic_callbacks {
    std::function<bool(io::kafka::fetched_record const&)> wanted; // of every record that is read
    std::function<bool(topic_record const&)>
        take;                    // the next in the scan's order; false: that was enough
    std::function<void()> pause; // now and then between records
};

// For reading spans: opens no connection yet.
[[nodiscard]] std::unique_ptr<io::kafka::consumer> open_topic_reader(
    io::asio::any_io_executor executor, options const& set);

// Until all is taken, or `take` has enough. A topic from which nothing comes for 20 s is a failure.
[[nodiscard]] io::awaitable<void> read_topic(io::kafka::consumer& source, std::string topic,
                                             topic_scan& scan, topic_callbacks reader);

} // namespace tandem::engine
