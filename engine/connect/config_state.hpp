#pragma once
// Which connectors there are, as the records of Connect's configuration topic tell: those that a Kafka Connect worker
// wrote, and ours, which it can read. Pure.
// Form: org.apache.kafka.connect.storage.KafkaConfigBackingStore of Kafka 3.9; JSON without schema blocks.

#include "codecs/connect/problem.hpp"
#include "engine/config/definitions.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

struct topic_record {
    std::string key;
    std::optional<std::string> value; // none: a tombstone

    friend bool operator==(topic_record const&, topic_record const&) = default;
};

enum class target_state : std::uint8_t { started, paused, stopped };
// "STARTED"
[[nodiscard]] std::string_view java_name(target_state of) noexcept;

struct connector_entry {
    property_map config;
    target_state target = target_state::started;
    std::vector<property_map> tasks; // of the last commit that was whole
    bool inconsistent = false;       // a commit came without some of its tasks' configurations

    friend bool operator==(connector_entry const&, connector_entry const&) = default;
};

// Grows with the topic's records, in their order, from its beginning.
class config_state {
public:
    enum class change : std::uint8_t {
        none,      // nothing that anybody has to act on
        connector, // made, or its configuration changed
        removed,
        target,
        tasks,
        restart, // asked for by the record alone
    };
    struct told {
        change what = change::none;
        std::string connector;
        bool only_failed = false; // of restart
        bool with_tasks = false;  // of restart
    };

    // Any bytes. Error: why the record is passed over; everything is as it was.
    [[nodiscard]] outcome<told> take(std::string_view key, std::optional<std::string_view> value);

    [[nodiscard]] std::map<std::string, connector_entry, std::less<>> const& connectors()
        const noexcept {
        return connectors_;
    }
    [[nodiscard]] connector_entry const* find(std::string_view name) const;

private:
    [[nodiscard]] outcome<told> take_connector(std::string name,
                                               std::optional<std::string_view> value);
    [[nodiscard]] outcome<told> take_target(std::string name,
                                            std::optional<std::string_view> value);
    [[nodiscard]] outcome<told> take_task(std::string_view name_and_number,
                                          std::optional<std::string_view> value);
    [[nodiscard]] outcome<told> take_commit(std::string name,
                                            std::optional<std::string_view> value);
    [[nodiscard]] static outcome<told> take_restart(std::string name,
                                                    std::optional<std::string_view> value);

    std::map<std::string, connector_entry, std::less<>> connectors_;
    std::map<std::string, target_state, std::less<>> targets_; // also of those still to come
    std::map<std::string, std::map<int, property_map>, std::less<>> uncommitted_;
};

// --- what is written ------------------------------------------------------------------------------------------------
[[nodiscard]] topic_record config_record(std::string_view connector, property_map const& config);
[[nodiscard]] topic_record target_record(std::string_view connector, target_state target);
// Of all tasks, and the commit behind them.
[[nodiscard]] std::vector<topic_record> task_records(std::string_view connector,
                                                     std::vector<property_map> const& tasks);
[[nodiscard]] std::vector<topic_record> removal_records(std::string_view connector);
[[nodiscard]] topic_record restart_record(std::string_view connector, bool only_failed,
                                          bool with_tasks);

} // namespace tandem::connect
