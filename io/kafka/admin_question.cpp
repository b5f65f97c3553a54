#include "io/kafka/admin_question.hpp"

#include <algorithm>
#include <thread>

namespace tandem::io::kafka {

namespace {

using std::chrono::milliseconds;

struct metadata_deleter {
    void operator()(rd_kafka_metadata_t const* held) const noexcept {
        rd_kafka_metadata_destroy(held);
    }
};
struct topic_deleter {
    void operator()(rd_kafka_topic_t* held) const noexcept { rd_kafka_topic_destroy(held); }
};
struct list_deleter {
    void operator()(rd_kafka_topic_partition_list_t* held) const noexcept {
        rd_kafka_topic_partition_list_destroy(held);
    }
};

topic_metadata copied(rd_kafka_metadata_topic const& from) {
    topic_metadata topic;
    topic.name = from.topic;
    for (int at = 0; at < from.partition_cnt; ++at) {
        auto const& one = from.partitions[at];
        partition_metadata partition;
        partition.id = one.id;
        partition.leader = one.leader;
        partition.replicas.assign(one.replicas, one.replicas + one.replica_cnt);
        partition.in_sync.assign(one.isrs, one.isrs + one.isr_cnt);
        topic.partitions.push_back(std::move(partition));
    }
    std::sort(topic.partitions.begin(), topic.partitions.end(),
              [](auto const& left, auto const& right) { return left.id < right.id; });
    return topic;
}

} // namespace

void admin::question::run() {
    constexpr milliseconds slice_max{1000};
    milliseconds pause{20};
    while (!abandoned.load(std::memory_order_relaxed)) {
        auto const left = std::chrono::duration_cast<milliseconds>(limit - clock::now());
        if (left.count() <= 0) {
            if (!failed) {
                failed = make_error(RD_KAFKA_RESP_ERR__TIMED_OUT);
            }
            break;
        }
        failed.reset();
        if (ask_once(std::min(left, slice_max)) || failed->classify() != retry_class::transient) {
            break;
        }
        std::this_thread::sleep_for(std::min(pause, left));
        pause = std::min(pause * 2, milliseconds{200});
    }
    done.store(true, std::memory_order_release);
    owner->notify();
}

bool admin::question::refresh(std::optional<std::string> const& only, milliseconds slice,
                              cluster_metadata& into) {
    std::unique_ptr<rd_kafka_topic_t, topic_deleter> topic;
    if (only) {
        topic.reset(rd_kafka_topic_new(owner->native(), only->c_str(), nullptr));
        if (!topic) {
            failed = make_error(rd_kafka_last_error());
            return false;
        }
    }
    rd_kafka_metadata_t const* raw = nullptr;
    auto const number = rd_kafka_metadata(owner->native(), only ? 0 : 1, topic.get(), &raw,
                                          static_cast<int>(slice.count()));
    if (number != RD_KAFKA_RESP_ERR_NO_ERROR) {
        failed = make_error(number);
        return false;
    }
    std::unique_ptr<rd_kafka_metadata_t const, metadata_deleter> const held{raw};
    cluster_metadata found;
    for (int at = 0; at < raw->broker_cnt; ++at) {
        cluster_metadata::broker broker;
        broker.id = raw->brokers[at].id;
        broker.host = raw->brokers[at].host;
        broker.port = raw->brokers[at].port;
        found.brokers.push_back(std::move(broker));
    }
    for (int at = 0; at < raw->topic_cnt; ++at) {
        if (only && raw->topics[at].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            failed = make_error(raw->topics[at].err);
            failed->message = *only + ": " + failed->message;
            return false;
        }
        found.topics.push_back(copied(raw->topics[at]));
    }
    into = std::move(found);
    return true;
}

bool admin::metadata_question::ask_once(milliseconds slice) {
    return refresh(only, slice, found);
}

bool admin::watermarks_question::ask_once(milliseconds slice) {
    auto const number =
        rd_kafka_query_watermark_offsets(owner->native(), topic.c_str(), partition, &found.low,
                                         &found.high, static_cast<int>(slice.count()));
    if (number == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return true;
    }
    // 2.0.2 asks the leader it once knew for ever: only metadata of all topics make it learn.
    cluster_metadata seen;
    if (!refresh(std::nullopt, slice, seen)) {
        return false;
    }
    auto const known = std::find_if(seen.topics.begin(), seen.topics.end(),
                                    [this](auto const& one) { return one.name == topic; });
    bool const there = known != seen.topics.end() &&
                       std::any_of(known->partitions.begin(), known->partitions.end(),
                                   [this](auto const& one) { return one.id == partition; });
    failed = make_error(there ? static_cast<int>(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)
                              : static_cast<int>(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART));
    auto const label = topic + " [" + std::to_string(partition) + "]: ";
    failed->message = label + (there ? rd_kafka_err2str(number) : failed->message);
    return false;
}

bool admin::times_question::ask_once(milliseconds slice) {
    std::unique_ptr<rd_kafka_topic_partition_list_t, list_deleter> const list{
        rd_kafka_topic_partition_list_new(static_cast<int>(wanted.size()))};
    for (auto const& one : wanted) {
        rd_kafka_topic_partition_list_add(list.get(), one.topic.c_str(), one.partition)->offset =
            one.time_ms;
    }
    slice *= 3;
    auto const began = clock::now();
    auto number =
        rd_kafka_offsets_for_times(owner->native(), list.get(), static_cast<int>(slice.count()));
    if (number == RD_KAFKA_RESP_ERR_NO_ERROR && clock::now() - began >= slice) {
        number =
            RD_KAFKA_RESP_ERR__TIMED_OUT; // 2.0.2 says nothing of leaders that have not answered yet
    }
    found.clear();
    std::string label;
    for (std::size_t at = 0; at < wanted.size() && number == RD_KAFKA_RESP_ERR_NO_ERROR; ++at) {
        auto const& one = list->elems[at];
        number = one.err;
        label = wanted[at].topic + " [" + std::to_string(wanted[at].partition) + "]: ";
        found.push_back(one.offset >= 0 ? std::optional{one.offset} : std::nullopt);
    }
    if (number == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return true;
    }
    // As above: a leader that was replaced is not forgotten otherwise.
    cluster_metadata seen;
    if (refresh(std::nullopt, slice, seen)) {
        failed = make_error(number);
        failed->message = label + failed->message;
    }
    return false;
}

} // namespace tandem::io::kafka
