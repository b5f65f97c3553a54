#pragma once
// Which workers share the connectors, as their beats in the status topic tell, and which of them a connector is for.
// Nothing is put at risk by workers that see this differently for a while: a slot has one reader, and a sink's offsets
// are stored with its rows, by the session that took its origin last. Pure.
//
// A beat is a record tandem-worker-INCARNATION, {"worker": "host:port", "group": "..."}; Kafka Connect passes over it.
// Time is counted in one's own beats as they come back: who does not reach the brokers takes nobody for dead.

#include "engine/connect/config_state.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::connect {

class membership {
public:
    // Own beats without one of another worker's, after which that is taken for dead.
    static constexpr int beats_missed_most = 4;
    // Of beats that are read at the start: an older one is of a worker that has ended.
    static constexpr std::int64_t beat_age_most_ms = 30'000;

    // `incarnation`: of this process alone; without a "-".
    membership(std::string worker, std::string group, std::string incarnation);

    [[nodiscard]] static bool is_beat(std::string_view key) noexcept;
    // Read while following the topic. Error: why it is passed over.
    [[nodiscard]] outcome<void> take(std::string_view key, std::optional<std::string_view> value);
    // Read at the start, this old.
    [[nodiscard]] outcome<void> take_old(std::string_view key,
                                         std::optional<std::string_view> value,
                                         std::int64_t age_ms);

    [[nodiscard]] topic_record beat() const;
    [[nodiscard]] topic_record farewell() const;

    [[nodiscard]] bool is_mine(std::string_view connector) const;
    [[nodiscard]] bool is_live(std::string_view worker) const;
    // Own beats that have come back.
    [[nodiscard]] std::uint64_t own_beats() const noexcept { return own_beats_; }
    // Other with every change of who is there.
    [[nodiscard]] std::uint64_t version() const noexcept { return version_; }
    [[nodiscard]] std::size_t size() const noexcept { return others_.size() + 1; }
    // Another live process says it is this worker.
    [[nodiscard]] bool has_twin() const;

private:
    struct other {
        std::string worker;
        int missed = 0;
    };
    struct beat_text {
        std::string incarnation;
        std::string worker;
    };
    // None: of another group. Error: data.
    [[nodiscard]] outcome<std::optional<beat_text>> read(std::string_view key,
                                                         std::string_view value) const;

    std::string const worker_;
    std::string const group_;
    std::string const incarnation_;
    std::map<std::string, other, std::less<>> others_; // by incarnation
    std::uint64_t own_beats_ = 0;
    std::uint64_t version_ = 1;
};

} // namespace tandem::connect
