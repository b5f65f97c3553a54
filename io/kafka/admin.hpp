#pragma once
// Topics: made, described, deleted, and where their logs begin and end.
//
// Every call has a deadline and never blocks the executor's thread. When no broker can be reached at
// all, it fails as soon as librdkafka says so, with the address and the reason, not at the deadline.
// One executor thread; one call at a time.
//
// Three questions, metadata(), query_watermarks() and offsets_for_times(), librdkafka 2.0.2 answers to
// blocking calls only. They run on a helper thread of this object: metadata() in slices of at most a second,
// the others of 3 s, socket.timeout.ms. A call that is given up leaves its slice running; the next one, and
// the destructor, wait for its end.

#include "io/kafka/handle.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tandem::io::kafka {

class helper_thread;

struct new_topic {
    std::string name;
    int partitions = 1;
    int replication_factor = -1;                // -1: the brokers' default
    std::map<std::string, std::string> configs; // min.insync.replicas, cleanup.policy ...
};

struct topic_config {
    std::string value;
    bool by_default = false; // the broker's or Kafka's own
};
using topic_configs = std::map<std::string, topic_config>; // secret ones are left out

struct partition_metadata {
    std::int32_t id = 0;
    std::int32_t leader = -1; // broker id, -1: none at the moment
    std::vector<std::int32_t> replicas;
    std::vector<std::int32_t> in_sync;
};

struct topic_metadata {
    std::string name;
    std::vector<partition_metadata> partitions; // by id
};

struct cluster_metadata {
    struct broker {
        std::int32_t id = 0;
        std::string host;
        int port = 0;
    };
    std::vector<broker> brokers;
    std::vector<topic_metadata> topics;
};

struct watermarks {
    std::int64_t low = 0;  // of the first record in the log
    std::int64_t high = 0; // of the record that comes next
};

struct time_question {
    // In place of a time.
    static constexpr std::int64_t log_end = -1;   // the offset of the record that comes next
    static constexpr std::int64_t log_begin = -2; // that of the first record in the log

    std::string topic;
    std::int32_t partition = 0;
    std::int64_t time_ms = 0; // since 1970
};

class admin {
public:
    using milliseconds = std::chrono::milliseconds;

    [[nodiscard]] static result<std::unique_ptr<admin>> open(asio::any_io_executor executor,
                                                             std::string brokers, properties set,
                                                             listener tell);
    ~admin();
    admin(admin const&) = delete;
    admin& operator=(admin const&) = delete;

    // Returns when every broker knows every partition and its leader: a producer that asked a broker
    // behind the others would be told that there is no such partition. errc::topic_exists,
    // errc::configuration (factor above the number of brokers, unknown setting) ...
    [[nodiscard]] awaitable<result<void>> create_topic(new_topic wanted, milliseconds timeout);
    // errc::no_topic when there is none. The name may be in use for a moment longer.
    [[nodiscard]] awaitable<result<void>> delete_topic(std::string name, milliseconds timeout);
    [[nodiscard]] awaitable<result<topic_configs>> describe_topic(std::string name,
                                                                  milliseconds timeout);
    // All topics, or one: errc::no_topic when it is not there. Other topics' errors (no leader, not
    // authorized) show as partitions that are missing or without a leader.
    [[nodiscard]] awaitable<result<cluster_metadata>> metadata(std::optional<std::string> only,
                                                               milliseconds timeout);
    // Of the partition's leader, as committed to its replicas; another leader may be behind for a
    // moment. Leader changes are sat out until the deadline.
    [[nodiscard]] awaitable<result<watermarks>> query_watermarks(std::string topic,
                                                                 std::int32_t partition,
                                                                 milliseconds timeout);
    // For each, in their order, the offset of the first record with this timestamp or a later one; none:
    // there is no such record. One call for any number of partitions, each of which is asked about once
    // and must have a leader.
    [[nodiscard]] awaitable<result<std::vector<std::optional<std::int64_t>>>> offsets_for_times(
        std::vector<time_question> wanted, milliseconds timeout);
    // Drops all records before the offset; the log's new beginning.
    [[nodiscard]] awaitable<result<std::int64_t>> delete_records(std::string topic,
                                                                 std::int32_t partition,
                                                                 std::int64_t before,
                                                                 milliseconds timeout);

    // What the cluster calls itself; empty before a broker has answered anything. Never waits.
    [[nodiscard]] std::string cluster_id();
    [[nodiscard]] handle& client() noexcept { return *client_; }

private:
    struct options_deleter {
        void operator()(rd_kafka_AdminOptions_t* held) const noexcept {
            rd_kafka_AdminOptions_destroy(held);
        }
    };
    using options_handle = std::unique_ptr<rd_kafka_AdminOptions_t, options_deleter>;
    struct question; // what runs on the helper thread
    struct metadata_question;
    struct watermarks_question;
    struct times_question;

    admin(asio::any_io_executor executor, std::unique_ptr<handle> client, properties set);
    // Until the broker's own metadata show the topic; an empty address: any broker's.
    [[nodiscard]] awaitable<result<cluster_metadata>> await_topic(std::string address,
                                                                  std::string name, int partitions,
                                                                  milliseconds timeout);

    [[nodiscard]] options_handle request(rd_kafka_admin_op_t what, milliseconds timeout);
    [[nodiscard]] awaitable<result<event_handle>> answer(milliseconds timeout);
    [[nodiscard]] awaitable<result<void>> ask(std::shared_ptr<question> what, milliseconds timeout);
    [[nodiscard]] error timed_out(std::string_view what, milliseconds timeout) const;

    asio::any_io_executor executor_;
    std::unique_ptr<handle> client_;
    properties set_; // for the clients of await_topic()
    std::uintptr_t last_request_ = 0;
    std::unique_ptr<helper_thread> helper_; // joined before the client goes
};

} // namespace tandem::io::kafka
