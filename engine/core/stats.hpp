#pragma once
// What a running instance tells about itself.
//
// One thread (the direction's) writes a direction_stats, any thread reads it. Counters are relaxed
// atomics; the few texts are guarded by a mutex and change only with the state, never per row.

#include "codecs/base/lsn.hpp"
#include "engine/core/change_tail.hpp"
#include "engine/core/conflict_types.hpp"
#include "engine/core/histogram.hpp"
#include "engine/core/table_activity.hpp"
#include "engine/core/table_checks.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::engine {

enum class direction_state {
    starting,
    snapshot,
    streaming,
    retrying,
    paused,
    gap,
    lost,
    fenced,
    standby
};
[[nodiscard]] std::string_view to_string(direction_state state) noexcept;

using counter = std::atomic<std::uint64_t>;

[[nodiscard]] inline std::uint64_t sum(by_conflict_type<counter> const& of) noexcept {
    std::uint64_t all = 0;
    for (auto const& each : of) {
        all += each.load(std::memory_order_relaxed);
    }
    return all;
}

struct direction_counters {
    counter captured_rows{0}; // row changes read from the source, echoes not counted
    counter captured_transactions{0};
    counter captured_bytes{0};       // payload bytes of the stream
    counter applied_rows{0};         // row changes durable in a committed peer transaction
    counter applied_transactions{0}; // source transactions among them
    counter batches{0};              // peer transactions committed
    counter echoes_stopped{
        0}; // transactions of ours skipped by origin (<= 15; 0 where the server filters)
    counter echoes_dropped{0}; // records of our own that came through Kafka (R16): must stay 0
    counter foreign_records{
        0};                  // records in a stream's topic that are none of it, echoes not counted
    counter dead_letters{0}; // those of them that were written to its topic of dead letters
    counter dead_letters_lost{0};          // ... and that could not be
    by_conflict_type<counter> conflicts{}; // rows written to tandem.conflict
    counter parked{0};                     // rows written to tandem.parked since start
    counter parked_now{0};                 // rows in it, of sql::parked_counted_most
    counter retries{0};                    // times the direction started again after a failure
    counter received_lsn{0};
    counter applied_lsn{0};
    counter confirmed_lsn{0};
    counter server_wal_end{0};  // the source's WAL end as last heard
    counter last_commit_us{0};  // unix µs: commit time of the newest applied transaction
    counter caught_up_at_us{0}; // unix µs: when nothing was pending last, between source and target
    counter queue_bytes{0};
    counter queue_changes{0};
    counter heard_us{0};    // unix µs: when the source's server sent what came last, by its clock
    counter spool_bytes{0}; // of open transactions that came in blocks, in files
    counter in_flight{0};   // peer transactions on the way
};

// What librdkafka tells of a direction's clients, once a second.
struct kafka_figures {
    static constexpr std::int64_t unknown = -1;
    using figure = std::atomic<std::int64_t>;

    figure queue_records{unknown}; // given to the producer and not acknowledged yet
    figure queue_bytes{unknown};
    figure round_trip_us{unknown};   // of the producer's requests, the slowest broker's mean
    figure lag_records{unknown};     // not read yet, of those in the log at the last fetch
    figure readers_brokers{unknown}; // that the reading half's consumer is connected to
    figure writers_brokers{unknown}; // the same of the writing half's
};

class direction_stats {
public:
    direction_stats(std::string source_node, std::string target_node)
        : source{std::move(source_node)}, target{std::move(target_node)} {}

    std::string const source;
    std::string const target;
    direction_counters count;
    kafka_figures kafka;

    // µs, one value per source transaction, or per batch where a batch is what is timed.
    latency_histogram end_to_end; // committed at the source -> committed at the target
    latency_histogram captured;   // committed at the source -> read from it, the newest of a batch
    latency_histogram consumed;   // ... -> read from Kafka, the same
    latency_histogram applied;    // a batch sent to the target -> committed there
    rows_histogram batch_rows;    // changes in a batch
    table_activity by_table;
    change_tail* tail = nullptr; // the instance's

    // Through Kafka two parts run by themselves, and the direction is in the state of the one that is worse off.
    enum class part : std::uint8_t { applying, sending };
    void set_state(direction_state state, std::string reason, part of = part::applying);
    struct snapshot {
        direction_state state;
        std::string reason; // empty while all is well; cause and cure otherwise
    };
    [[nodiscard]] snapshot state() const;
    [[nodiscard]] snapshot state(part of) const;

    // Tables this direction does not sync, and why (set at start and when a table is parked).
    void set_left_out(std::vector<std::pair<std::string, std::string>> tables);
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> left_out() const;

    // What it does less well than it was asked to, each text once, until the process ends.
    // False: it was there.
    bool add_warning(std::string text);
    [[nodiscard]] std::vector<std::string> warnings() const;

private:
    mutable std::mutex guard_;
    snapshot applying_{direction_state::starting, {}};
    snapshot sending_{direction_state::streaming, {}};
    std::vector<std::pair<std::string, std::string>> left_out_;
    std::vector<std::string> warnings_;
};

struct node_stats {
    node_stats(std::string node_name, int node_rank)
        : name{std::move(node_name)}, rank{node_rank} {}
    std::string const name;
    int const rank;
    std::atomic<bool> up{false};
    std::atomic<int> server_version{0}; // 150020
    std::atomic<bool> slot_active{false};
    counter slot_retained_wal_bytes{0};
    counter slot_confirmed_lsn{0};
    std::atomic<std::int64_t> slot_safe_wal_bytes{
        -1}; // until the slot is lost; -1: there is no limit
};

struct instance_stats {
    std::vector<std::unique_ptr<node_stats>> nodes;
    std::vector<std::unique_ptr<direction_stats>> directions;
    std::int64_t started_at_us = 0; // unix µs
    std::string
        policy; // effective conflict policy and why, e.g. "apply-remote (node a is PostgreSQL 12)"
    std::vector<std::string>
        warnings; // said at start and in the status: what the configuration risks
    change_tail tail;
    table_checks checks; // --verify-every
};

} // namespace tandem::engine
