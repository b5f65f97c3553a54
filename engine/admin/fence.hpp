#pragma once
// Waits until each node has applied all that was committed at the other one before.
//
// A small transaction with a logical message marks the place in each node's WAL; a running instance notes a place that it has
// passed at once when it reads one (engine/flow/window_writer.cpp), so that idle nodes need not be waited for. The place is
// passed when the slot is confirmed behind it, which includes the verification of R9, and the peer's progress is, which
// through Kafka comes later.

#include "engine/admin/workbench.hpp"
#include "engine/config/options.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace tandem::engine {

class stream_fence {
public:
    // Both must outlive it; statements go through the bench's sessions.
    stream_fence(workbench& bench, options const& set, std::chrono::milliseconds patience);

    enum class outcome : std::uint8_t {
        passed, // or nobody serves these streams
        late    // one that is served did not come that far in time; no later fence waits
    };
    [[nodiscard]] awaitable<outcome> pass();

    // All the time that it has waited.
    [[nodiscard]] std::chrono::steady_clock::duration waited() const noexcept { return waited_; }

    // From now on a stream that nobody serves is waited for like the others: what is found behind the fence is carried out,
    // and what such a stream would have brought must not be taken for lost, or for deleted.
    void insist() noexcept { insists_ = true; }
    // Called now and then while a stream is waited for, with its name; empty: nobody wants to know.
    using waiting_sink = std::function<awaitable<void>(std::string)>;
    void tell(waiting_sink waiting) { waiting_ = std::move(waiting); }

    // "a:b", of streams that nobody serves, and of those that were late.
    [[nodiscard]] std::vector<std::string> idle() const;
    [[nodiscard]] std::vector<std::string> late() const;
    // Every stream is served.
    [[nodiscard]] bool served() const;

private:
    enum class condition : std::uint8_t { unknown, served, idle, late };
    struct stream {
        std::string source;
        std::string target;
        std::string slot;
        bool set_up = false;
        condition is = condition::unknown;
        std::string place;
    };

    [[nodiscard]] awaitable<void> mark(stream& one);
    [[nodiscard]] awaitable<bool> is_served(stream const& one);
    [[nodiscard]] awaitable<bool> passed(stream const& one);
    [[nodiscard]] awaitable<void> wait(stream& one, std::chrono::steady_clock::time_point since);
    [[nodiscard]] std::vector<std::string> those(condition what) const;

    workbench& bench_;
    std::chrono::milliseconds patience_;
    std::chrono::steady_clock::duration waited_{};
    bool insists_ = false;
    waiting_sink waiting_;
    std::vector<stream> streams_;
};

} // namespace tandem::engine
