#pragma once
// Records from Kafka, from partitions and offsets that the caller names.
//
// No consumer group: partitions are assigned, never subscribed to, nothing is committed, and an offset
// that the log does not have is an error and never another place in the log. By librdkafka's simple consumer, whose
// stop returns when it has stopped: rd_kafka_assign() of 2.0.2 aborts the process when it is called again before what
// it was told to leave has stopped (librdkafka issue 5573), and there is no way to know.
//
// The loop is "drain, then wait":
//
//     while (source.try_fetch(batch)) { ... batch.records(), batch.ends(), batch.failures() ... }
//     co_await source.wait();
//
// librdkafka fetches ahead up to queued.max.messages.kbytes and queued.min.messages over all
// partitions; when either is reached, 2.0.2 stops fetching for a whole second, so both should hold
// what arrives in a second.
//
// One executor thread. The consumer outlives its pending wait; batches may outlive it, empty.

#include "codecs/base/assert.hpp"
#include "io/kafka/handle.hpp"
#include "io/kafka/header.hpp"
#include "io/kafka/helper_thread.hpp"
#include "io/kafka/ring.hpp"

#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::io::kafka {

inline constexpr std::int64_t from_beginning = RD_KAFKA_OFFSET_BEGINNING;

struct assignment {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t offset = from_beginning; // of the first record wanted
    bool apart = false;                   // its records come from try_fetch_apart() only
};

// One record. A view, valid until its batch is fetched into again, cleared or destroyed, or the
// consumer is destroyed.
class fetched_record {
public:
    [[nodiscard]] std::string_view topic() const noexcept {
        return rd_kafka_topic_name(message_->rkt);
    }
    [[nodiscard]] std::int32_t partition() const noexcept { return message_->partition; }
    [[nodiscard]] std::int64_t offset() const noexcept { return message_->offset; }
    [[nodiscard]] std::int64_t timestamp_ms() const noexcept; // since 1970, -1: none
    [[nodiscard]] std::optional<std::string_view> key() const noexcept {
        return view(message_->key, message_->key_len);
    }
    [[nodiscard]] std::optional<std::string_view> value() const noexcept {
        return view(message_->payload, message_->len);
    }
    // In the order of the record, into a list that is emptied first. librdkafka takes the headers
    // apart, with an allocation for each, at the first call.
    void headers(std::vector<header>& into) const;

private:
    friend class fetched_batch;
    explicit fetched_record(rd_kafka_message_t* message) noexcept : message_{message} {}
    [[nodiscard]] static std::optional<std::string_view> view(void const* bytes,
                                                              std::size_t size) noexcept {
        return bytes != nullptr
                   ? std::optional{std::string_view{static_cast<char const*>(bytes), size}}
                   : std::nullopt;
    }

    rd_kafka_message_t* message_;
};

// The end of a partition was reached, or something is wrong with it.
struct partition_event {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t offset = 0; // of the next record; for a failure where librdkafka knows it
    error failed;            // of failures() only
};

// What one try_fetch() found; reused from call to call.
class fetched_batch : private ring_node {
public:
    explicit fetched_batch(std::size_t records_max = 1000) : messages_(records_max) {}
    ~fetched_batch() { clear(); }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] fetched_record operator[](std::size_t at) const noexcept {
        return fetched_record{messages_[at]};
    }
    // Each partition's records in the order of the log.
    // Ends of partitions, if asked for at open(); each comes again after further records.
    [[nodiscard]] std::span<partition_event const> ends() const noexcept { return ends_; }
    // After errc::out_of_range, which from_beginning never meets, nothing more comes from the partition until it is
    // assigned anew. errc::no_topic is said again and again until the topic is there; others heal by themselves.
    [[nodiscard]] std::span<partition_event const> failures() const noexcept { return failures_; }
    [[nodiscard]] bool empty() const noexcept {
        return size_ == 0 && ends_.empty() && failures_.empty();
    }
    // Gives the memory back to librdkafka.
    void clear() noexcept;

private:
    friend class consumer;
    std::vector<rd_kafka_message_t*> messages_;
    std::size_t size_ = 0;
    std::vector<partition_event> ends_;
    std::vector<partition_event> failures_;
};

class consumer {
public:
    // Connects in the background: see handle::open(). `set` may change presets(). `ends`: to read up
    // to the ends of partitions, which are said then; the brokers are asked again every 20 ms where
    // they have nothing, in place of 500. An end, and the first record after assign() was called a
    // second time, come only with the answer to such a question.
    [[nodiscard]] static result<std::unique_ptr<consumer>> open(asio::any_io_executor executor,
                                                                std::string brokers, properties set,
                                                                listener tell, bool ends = false);
    // Empties the batches that were fetched and not cleared: their views end here.
    ~consumer();
    consumer(consumer const&) = delete;
    consumer& operator=(consumer const&) = delete;

    // From now on exactly these partitions, from these offsets; what was fetched ahead is dropped.
    // Also the way to seek. Whether topics and offsets exist shows in failures() later.
    [[nodiscard]] result<void> assign(std::vector<assignment> const& wanted);
    // Never waits. False, and an empty batch, when nothing is there.
    [[nodiscard]] bool try_fetch(fetched_batch& into);
    // The same of one partition that was assigned apart: its number in that list. librdkafka's limits for what is fetched
    // ahead are those of each such partition.
    [[nodiscard]] bool try_fetch_apart(std::size_t number, fetched_batch& into);
    // Until try_fetch() may find something. Fails with errc::cancelled only.
    [[nodiscard]] awaitable<result<void>> wait();
    // What the client has to say goes to the listener, as in wait(): for who does not come to wait.
    void listen();

    [[nodiscard]] handle& client() noexcept { return *client_; }

    // What tandem sets where the user does not.
    [[nodiscard]] static properties presets(bool ends);

private:
    struct topic_deleter {
        void operator()(rd_kafka_topic_t* held) const noexcept { rd_kafka_topic_destroy(held); }
    };
    using topic_handle = std::unique_ptr<rd_kafka_topic_t, topic_deleter>;
    struct started {
        rd_kafka_topic_t* topic;
        std::int32_t partition;
        queue_handle apart; // null: it leads into records_
        bool filled = false;
        bool refused = false; // by who does not have it yet: see ask_again_later()
    };

    consumer(asio::any_io_executor const& executor, std::unique_ptr<handle> client);
    void fetch(rd_kafka_queue_t* from, fetched_batch& into);
    [[nodiscard]] bool half_full(rd_kafka_queue_t* queue, fetched_batch const& last) const;
    void note_room(started& one, bool filled);
    void read_limits();
    void sort_out(fetched_batch& batch, std::size_t count);
    [[nodiscard]] result<void> leave();
    [[nodiscard]] rd_kafka_topic_t* open_topic(std::string const& name);
    [[nodiscard]] bool ask_again_later(rd_kafka_message_t const& refused);
    void ask_again();
    void note_error(int number, std::string_view text);

    std::vector<assignment> assigned_;
    std::vector<partition_event> told_; // failures that try_fetch() has not given out yet
    std::unique_ptr<handle> client_;
    rd_kafka_queue_t* records_; // of the handle
    // Both gone before the client.
    std::map<std::string, topic_handle> topics_;
    std::vector<started> started_; // by number in assigned_
    ring_node batches_;            // those that hold messages
    // Of what is fetched ahead.
    std::size_t records_most_ = 0;
    std::size_t bytes_most_ = 0;
    std::atomic<int> waking_{0};
    std::unique_ptr<helper_thread> waker_; // ends before the topics
    asio::steady_timer asking_;
    std::shared_ptr<int> alive_ =
        std::make_shared<int>(); // what the timer has started may come after us
};

} // namespace tandem::io::kafka
