#pragma once
// What runs for ever on a thread of its own: started again after every failure that can pass; after one that a person
// must decide (gap, lost, fenced, paused) it says so and stays. Others go on either way.

#include "engine/core/outage_watch.hpp"
#include "engine/core/stats.hpp"
#include "engine/flow/failure.hpp"
#include "io/runtime/awaitable.hpp"
#include "io/runtime/group.hpp"

#include <atomic>
#include <string>

namespace tandem::engine {

class supervised {
public:
    virtual ~supervised() = default;
    supervised(supervised const&) = delete;
    supervised& operator=(supervised const&) = delete;

    // Until stop() has been obeyed.
    [[nodiscard]] io::awaitable<void> run();
    // Before run(): another instance serves.
    void stand_by();
    // From any thread: finish what is on its way, confirm it, end.
    void stop() noexcept { stop_requested_.store(true); }
    // What was there to be done when it started last has been dealt with.
    [[nodiscard]] bool caught_up() const noexcept { return caught_up_.load(); }
    // The end came before the end of what was on its way to the target; known once run() has ended.
    [[nodiscard]] bool left_undone() const noexcept { return left_undone_.load(); }
    // Waits for a person: gap, lost, fenced or paused.
    [[nodiscard]] bool stuck() const noexcept { return stuck_.load(); }
    // "a -> b"
    [[nodiscard]] std::string const& name() const noexcept { return name_; }

protected:
    // `name`: for the log, "a -> b". `stats` outlive it; `part`: whose state it tells there.
    supervised(std::string name, direction_stats& stats,
               direction_stats::part part = direction_stats::part::applying)
        : name_{std::move(name)}, stats_{stats}, part_{part} {}

    // Why a start's members ended: the first one's answer, or what it threw.
    [[nodiscard]] static failure said_by(io::group<failure>::ending const& first);

    // One start, until something ends it.
    [[nodiscard]] virtual io::awaitable<failure> stream() = 0;
    // Before the next start, which is at once: retry_text, retry_whole.
    virtual void change_way(next_step /*how*/) {}

    [[nodiscard]] bool stop_requested() const noexcept { return stop_requested_.load(); }
    void now_caught_up(bool it_has = true) noexcept { caught_up_.store(it_has); }
    void set_state(direction_state state, std::string reason = {}) {
        stats_.set_state(state, std::move(reason), part_);
    }
    // Streaming while Kafka is there, retrying while it has not been for a while.
    void tell_outage(outage_watch& watch, outage_watch::seen const& seen,
                     std::string const& brokers);
    void set_left_undone(bool it_was) noexcept { left_undone_.store(it_was); }
    [[nodiscard]] direction_stats& stats() noexcept { return stats_; }

private:
    [[nodiscard]] io::awaitable<failure> guarded_stream();
    [[nodiscard]] bool ended_by(failure const& why);

    std::string const name_;
    std::string outage_; // what was told of one
    direction_stats& stats_;
    direction_stats::part const part_;
    std::atomic<bool> stop_requested_{false};
    std::atomic<bool> caught_up_{false};
    std::atomic<bool> stuck_{false};
    std::atomic<bool> left_undone_{false};
};

} // namespace tandem::engine
