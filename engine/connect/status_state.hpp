#pragma once
// How connectors and their tasks are, and which topics they use, as the records of Connect's status topic tell. Pure.
// Form: org.apache.kafka.connect.storage.KafkaStatusBackingStore of Kafka 3.9; JSON without schema blocks.

#include "engine/connect/config_state.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::connect {

enum class run_state : std::uint8_t { unassigned, running, paused, failed, restarting, stopped };
// "RUNNING"
[[nodiscard]] std::string_view java_name(run_state of) noexcept;

struct run_status {
    run_state state = run_state::unassigned;
    std::string worker; // host:port of its REST
    std::int64_t generation = 0;
    std::string trace; // of a failure

    friend bool operator==(run_status const&, run_status const&) = default;
};

struct used_topic {
    int task = 0;
    std::int64_t discovered_ms = 0;

    friend bool operator==(used_topic const&, used_topic const&) = default;
};

class status_state {
public:
    // Any bytes. Error: why the record is passed over; everything is as it was.
    [[nodiscard]] outcome<void> take(std::string_view key, std::optional<std::string_view> value);

    // Null: nothing is known.
    [[nodiscard]] run_status const* connector(std::string_view name) const;
    [[nodiscard]] std::map<int, run_status> const& tasks(std::string_view connector) const;
    [[nodiscard]] std::map<std::string, used_topic> const& topics(std::string_view connector) const;

private:
    struct known {
        std::optional<run_status> itself;
        std::map<int, run_status> tasks;
        std::map<std::string, used_topic> topics;
    };
    [[nodiscard]] known const* find(std::string_view connector) const;

    std::map<std::string, known, std::less<>> connectors_;
};

[[nodiscard]] topic_record connector_status_record(std::string_view connector,
                                                   run_status const& status);
[[nodiscard]] topic_record task_status_record(std::string_view connector, int task,
                                              run_status const& status);
[[nodiscard]] topic_record used_topic_record(std::string_view connector, std::string_view topic,
                                             used_topic const& use);
// Tombstones: of the topics that it uses, of one task, and of all that is known of a connector.
[[nodiscard]] std::vector<topic_record> forget_topic_records(std::string_view connector,
                                                             status_state const& known);
[[nodiscard]] topic_record no_task_record(std::string_view connector, int task);
[[nodiscard]] std::vector<topic_record> forget_records(std::string_view connector,
                                                       status_state const& known);

} // namespace tandem::connect
