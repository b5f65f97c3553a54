#pragma once
// One librdkafka client and the descriptor that says when it has something for us.
//
// librdkafka runs its own threads; none of them runs our code. What they have to say waits in queues,
// and an eventfd on the executor wakes one coroutine when an empty queue gets its first entry: so
// drain every queue until it is empty, then wait(). Used from the executor's thread only, but for
// notify().
//
// The destructor closes the connections at once and joins librdkafka's threads; those of a consumer that do not end in a
// second are left. Measured, that takes
// 1 to 20 ms, with the brokers there or not; it takes longer only while a thread looks up a name.
// Whatever memory librdkafka was given without a copy must outlive it.

#include "io/kafka/error.hpp"
#include "io/kafka/properties.hpp"
#include "io/runtime/awaitable.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <librdkafka/rdkafka.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::io::kafka {

struct log_line {
    int level = 0; // syslog's: 3 error, 4 warning, 6 information
    std::string_view facility;
    std::string_view text; // without secrets
};

// What a client says beside its work; called by the coroutine that uses the client, views are valid
// during the call. Each may be empty. None of them may destroy the client.
struct listener {
    std::function<void(log_line const&)> log;
    std::function<void(std::string_view)> statistics; // JSON, every statistics.interval.ms (1000)
    // Brokers away, credentials refused ...: nothing is lost, librdkafka goes on trying.
    std::function<void(error const&)> trouble;
};

struct client_options {
    std::string brokers; // host:port,host:port
    properties set;      // the user's; each must pass property_problem()
    properties presets;  // tandem's defaults, which the user's override
    properties promises; // tandem's, which nothing overrides
    listener tell;
};

struct event_deleter {
    void operator()(rd_kafka_event_t* held) const noexcept { rd_kafka_event_destroy(held); }
};
using event_handle = std::unique_ptr<rd_kafka_event_t, event_deleter>;

struct queue_deleter {
    void operator()(rd_kafka_queue_t* held) const noexcept { rd_kafka_queue_destroy(held); }
};
using queue_handle = std::unique_ptr<rd_kafka_queue_t, queue_deleter>;

class handle {
public:
    // Nothing is connected yet: a wrong address shows as trouble() later. Fails with
    // errc::configuration, e.g. when a certificate cannot be read. Throws
    // boost::system::system_error when the process has no descriptor left.
    [[nodiscard]] static result<std::unique_ptr<handle>> open(asio::any_io_executor const& executor,
                                                              role client, client_options options);
    ~handle();
    handle(handle const&) = delete;
    handle& operator=(handle const&) = delete;

    [[nodiscard]] rd_kafka_t* native() noexcept { return client_.get(); }
    [[nodiscard]] rd_kafka_queue_t* main_queue() noexcept { return queues_.front().get(); }
    // Another queue of this client that wakes wait(); owned here.
    rd_kafka_queue_t* watch(queue_handle queue);
    // The same of one that its holder ends before this client, after turning its events off.
    void wake_for(rd_kafka_queue_t* queue) noexcept;

    // The main queue's next event, a null pointer when it is empty; never suspends. Logs, statistics
    // and errors go to the listener and do not come out.
    [[nodiscard]] event_handle next_event();
    // What librdkafka says of a partition, its name in front, while one of its queues is polled for
    // messages: such errors come neither as messages nor as events. Consumers only.
    void on_partition_error(std::function<void(int, std::string_view)> told) {
        partition_error_ = std::move(told);
    }
    // Until a queue has something, notify() or interrupt(). Fails with errc::cancelled only.
    [[nodiscard]] awaitable<result<void>> wait();
    // Ends the pending wait with errc::cancelled; for deadlines.
    void interrupt();
    // Ends the pending wait, or the next one; from any thread.
    void notify() noexcept;

    // The producer can never send again (librdkafka's "fatal error").
    [[nodiscard]] std::optional<error> const& fatal() const noexcept { return fatal_; }
    // No broker could be reached, or one refused our credentials, since the last forget_outage().
    [[nodiscard]] std::optional<error> const& outage() const noexcept { return outage_; }
    void forget_outage() { outage_.reset(); }
    // The last complaint about a broker, with its address and without secrets; may be empty.
    [[nodiscard]] std::string const& last_complaint() const noexcept { return last_complaint_; }

private:
    struct client_deleter {
        void operator()(rd_kafka_t* held) const noexcept;
    };

    handle(asio::any_io_executor const& executor, client_options options);
    static void partition_error(rd_kafka_t* client, int number, char const* text, void* self);
    void tell_log(rd_kafka_event_t* event);
    void tell_error(rd_kafka_event_t* event);

    std::string brokers_;
    std::vector<std::string> secrets_;
    listener tell_;
    std::function<void(int, std::string_view)> partition_error_;
    std::optional<error> fatal_;
    std::optional<error> outage_;
    std::string last_complaint_;
    asio::posix::stream_descriptor descriptor_; // closed after the client that writes to it
    std::unique_ptr<rd_kafka_t, client_deleter> client_;
    std::vector<queue_handle> queues_; // the first is the main queue
};

} // namespace tandem::io::kafka
