#pragma once
// Whether Kafka is there, told from what its clients see. Pure.

#include <chrono>
#include <cstdint>
#include <optional>

namespace tandem::engine {

// One per start of a half; looked at several times a second.
class outage_watch {
public:
    using time = std::chrono::steady_clock::time_point;

    struct seen {
        std::int64_t brokers =
            -1;             // that a client which always fetches is connected to; -1: not known
        bool waits = false; // something was sent and not acknowledged
        std::uint64_t settled = 0; // how much was, so far
    };
    enum class verdict : std::uint8_t { none, unreachable, unacknowledged };

    // An outage that has lasted for `patience`.
    [[nodiscard]] verdict look(seen const& now_seen, time now) noexcept {
        if (now_seen.brokers != 0) {
            unreachable_since_.reset();
        } else if (!unreachable_since_) {
            unreachable_since_ = now;
        }
        if (!now_seen.waits || now_seen.settled != settled_) {
            waits_since_.reset();
        } else if (!waits_since_) {
            waits_since_ = now;
        }
        settled_ = now_seen.settled;
        if (unreachable_since_ && now - *unreachable_since_ >= patience) {
            return verdict::unreachable;
        }
        return waits_since_ && now - *waits_since_ >= patience ? verdict::unacknowledged
                                                               : verdict::none;
    }

    static constexpr std::chrono::seconds patience{5};

private:
    std::optional<time> unreachable_since_;
    std::optional<time> waits_since_;
    std::uint64_t settled_ = 0;
};

} // namespace tandem::engine
