#pragma once
// Connect's three topics, in which the worker keeps everything that it has to know again: which connectors there are
// (config), how far they have come (offset), how they are (status). All compacted, read from their beginning to their
// end at the start and followed from there.

#include "engine/connect/config_state.hpp"
#include "engine/connect/membership.hpp"
#include "engine/connect/offset_state.hpp"
#include "engine/connect/status_state.hpp"
#include "engine/connect/worker_setup.hpp"
#include "engine/flow/failure.hpp"
#include "io/kafka/admin.hpp"
#include "io/kafka/consumer.hpp"
#include "io/kafka/producer.hpp"
#include "io/runtime/awaitable.hpp"
#include "io/runtime/event.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace tandem::connect {

enum class state_kind : std::uint8_t { config, offset, status };

// One executor thread. `run` is a member of whoever's group it is; the others may wait in write() meanwhile.
class state_topics {
public:
    using changed = std::function<void(config_state::told const&)>;

    // `tell`: of every record of the config topic that somebody may have to act on.
    state_topics(io::asio::any_io_executor executor, worker_setup const& setup, changed tell);

    // Makes the topics that there are not, reads all of them. Tells of nothing. Once.
    [[nodiscard]] io::awaitable<engine::outcome_of<void>> open();
    // Follows them, until something ends it that does not pass by itself.
    [[nodiscard]] io::awaitable<engine::failure> run();

    // Until the records are acknowledged and this worker has read them: what is known has them then. Error: that they did
    // not arrive within the time, which they may still do.
    [[nodiscard]] io::awaitable<engine::outcome_of<void>> write(state_kind to,
                                                                std::vector<topic_record> records);
    // The same without waiting.
    void send(state_kind to, std::vector<topic_record> records);
    // Everything sent is acknowledged, or the time is over.
    [[nodiscard]] io::awaitable<void> settle();

    [[nodiscard]] config_state const& configs() const noexcept { return configs_; }
    [[nodiscard]] offset_state const& offsets() const noexcept { return offsets_; }
    [[nodiscard]] status_state const& statuses() const noexcept { return statuses_; }
    [[nodiscard]] membership const& members() const noexcept { return members_; }
    // Of the topic as it is there.
    [[nodiscard]] int partitions(state_kind kind) const noexcept {
        return topics_[static_cast<std::size_t>(kind)].partitions;
    }
    [[nodiscard]] std::string const& cluster_id() const noexcept { return cluster_id_; }
    [[nodiscard]] state_setup const& setup() const noexcept { return setup_; }

private:
    using voided = engine::outcome_of<void>;
    struct topic {
        state_topic what;
        state_kind kind;
        std::int32_t partitions = 0;
        io::kafka::producer::topic* to = nullptr;
        std::vector<std::int64_t> next; // offset of the next record, by partition
    };
    // A record on its way, with its bytes.
    struct sent {
        topic_record what;
        state_kind kind = state_kind::config;
        std::string mark;
        io::kafka::unsettled settled;
    };

    [[nodiscard]] io::awaitable<voided> ensure(topic& one);
    [[nodiscard]] io::awaitable<voided> read_all();
    [[nodiscard]] io::awaitable<engine::failure> follow();
    [[nodiscard]] io::awaitable<engine::failure> serve();
    void take(io::kafka::fetched_record const& record, bool tell);
    [[nodiscard]] topic& of(state_kind kind) noexcept {
        return topics_[static_cast<std::size_t>(kind)];
    }
    std::string put(topic& to, topic_record record);
    void push();

    io::asio::any_io_executor executor_;
    state_setup const setup_;
    changed tell_;
    std::array<topic, 3> topics_;
    std::unique_ptr<io::kafka::admin> cluster_;
    std::deque<std::unique_ptr<sent>> unsent_; // the client's queue was full
    std::deque<std::unique_ptr<sent>> waiting_;
    std::unique_ptr<io::kafka::producer> producer_; // destroyed before what it sends
    std::unique_ptr<io::kafka::consumer> reader_;
    config_state configs_;
    offset_state offsets_;
    status_state statuses_;
    std::string cluster_id_;
    std::string own_mark_; // of this process
    membership members_;
    std::uint64_t marks_ = 0;
    std::set<std::string> awaited_; // marks that have not been read yet
    std::vector<io::kafka::header> headers_;
    std::vector<io::event*> watchers_; // of those that wait in write() and settle()
};

} // namespace tandem::connect
