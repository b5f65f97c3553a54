#pragma once
// Records to Kafka: idempotent, acknowledged by all in-sync replicas, never given up.
//
// A record's value is not copied: it belongs to a batch of the caller, which must keep it until the
// batch is settled, that is, until every one of its records has been reported on. One report event
// settles thousands of records.
//
//     switch (sink.produce(topic, 0, record, batch)) {
//     case producer::queued::yes:     go on
//     case producer::queued::full:    wait until serve() has returned, then the same record again
//     case producer::queued::refused: why()
//     }
//
// The first failed report of a partition breaks it: serve() returns its error, the batch keeps it,
// and whatever is reported for that partition afterwards fails with the same error, as its
// predecessor is missing; other partitions go on. Only another producer can go on there, after
// reading the log's tail (docs/decisions/0003-kafka-tail.md).
//
// One executor thread; one coroutine in serve() at a time, others may produce() meanwhile.

#include "codecs/base/assert.hpp"
#include "io/kafka/handle.hpp"
#include "io/kafka/header.hpp"
#include "io/kafka/helper_thread.hpp"
#include "io/kafka/ring.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tandem::io::kafka {

struct record {
    std::optional<std::string_view> key;        // copied; none: null
    std::optional<std::string_view> value;      // not copied; none: null, a tombstone
    std::span<header const> headers;            // copied
    std::optional<std::int64_t> timestamp_ms{}; // since 1970; none, and 0: now
};

// How much of a batch is still on the way. Owned by the caller beside the bytes of the values, at one
// address for its life. A batch may take more records after it was settled.
class unsettled : private ring_node {
public:
    unsettled() = default;
    // The bytes may only go when nobody reads them any more: settled, or the producer destroyed.
    ~unsettled() { TANDEM_ASSERT(outstanding_ == 0); }

    [[nodiscard]] bool settled() const noexcept { return outstanding_ == 0; }
    [[nodiscard]] std::size_t outstanding() const noexcept { return outstanding_; }
    // Why a record of this batch failed, the first one; nullopt: none did so far.
    [[nodiscard]] std::optional<error> const& failure() const noexcept { return failure_; }

private:
    friend class producer;
    std::size_t outstanding_ = 0; // records
    std::optional<error> failure_;
};

class producer {
public:
    enum class queued { yes, full, refused };

    // A topic's handle; owned by the producer and valid as long as it.
    class topic {
    public:
        [[nodiscard]] std::string const& name() const noexcept { return name_; }

    private:
        friend class producer;
        struct topic_deleter {
            void operator()(rd_kafka_topic_t* held) const noexcept { rd_kafka_topic_destroy(held); }
        };
        std::string name_;
        std::vector<std::pair<std::int32_t, error>> broken_; // partitions
        std::unique_ptr<rd_kafka_topic_t, topic_deleter> native_;
    };

    // Connects in the background: see handle::open(). `set` may change presets().
    [[nodiscard]] static result<std::unique_ptr<producer>> open(asio::any_io_executor executor,
                                                                std::string brokers, properties set,
                                                                listener tell);
    // Gives up what is queued and on the way: batches that are not settled become so, with
    // errc::unknown_outcome. Nothing reads their bytes after it.
    ~producer();
    producer(producer const&) = delete;
    producer& operator=(producer const&) = delete;

    // The same object for the same name. Nothing is asked of the brokers yet.
    [[nodiscard]] topic& open_topic(std::string const& name);

    // Never waits. `full`: the queue has its maximum of records or bytes; nothing was taken.
    // `refused`: nothing was taken, see why(); a record that is too large does no harm to others.
    [[nodiscard]] queued produce(topic& to, std::int32_t partition, record const& what,
                                 unsettled& batch);
    [[nodiscard]] error const& why() const noexcept { return why_; }

    // What is queued leaves at once, however long linger.ms lets it wait for company. Never waits.
    void hasten();

    // Until some reports have been settled, or a partition has failed: then its error, once for each
    // partition; or always, when the whole producer is void. Cancelled: errc::cancelled.
    [[nodiscard]] awaitable<result<void>> serve();
    // The same without waiting: true when reports have been settled.
    [[nodiscard]] result<bool> try_serve();

    // Records that are not reported on yet.
    [[nodiscard]] std::size_t outstanding() const noexcept { return outstanding_; }
    // Records that were reported on, since it was opened.
    [[nodiscard]] std::uint64_t settled() const noexcept { return settled_; }
    // Keys and values of those that are not.
    [[nodiscard]] std::size_t outstanding_bytes() const noexcept { return outstanding_bytes_; }
    // The bytes with which a request leaves without waiting for more: batch.size.
    [[nodiscard]] std::size_t full_request() const noexcept { return full_request_; }
    [[nodiscard]] handle& client() noexcept { return *client_; }

    // What tandem sets where the user does not.
    [[nodiscard]] static properties presets();

private:
    explicit producer(std::unique_ptr<handle> client);

    [[nodiscard]] queued refuse(error failed);
    void settle(rd_kafka_event_t* reports);
    void settle(unsettled& batch, std::size_t records) noexcept;
    void note(rd_kafka_message_t const& report, unsettled& batch);
    [[nodiscard]] static error const* broken(topic const& to, std::int32_t partition) noexcept;

    std::unique_ptr<handle> client_;
    std::vector<std::unique_ptr<topic>> topics_;
    ring_node batches_; // those that are not settled
    std::size_t outstanding_ = 0;
    std::uint64_t settled_ = 0;
    std::size_t outstanding_bytes_ = 0;
    std::size_t full_request_ = 0;
    bool any_broken_ = false;
    std::vector<error> untold_; // failures that serve() has not returned yet
    error why_;
    std::atomic<bool> haste_wanted_{false};
    std::atomic<bool> hastening_{false};
    std::unique_ptr<helper_thread> haste_; // ends before the client
};

} // namespace tandem::io::kafka
