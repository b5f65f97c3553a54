#pragma once
// A sync between its nodes, as one process serves it: of `tandem run`, and of a connector of tandem.PostgresPair.

#include "engine/admin/init.hpp"
#include "engine/config/options.hpp"
#include "engine/core/stats.hpp"
#include "engine/core/tuning.hpp"
#include "io/runtime/awaitable.hpp"

#include <functional>
#include <memory>

namespace tandem::engine {

using stop_asked = std::function<bool()>;

// One executor thread, but for the directions' own.
class sync_instance {
public:
    // The folder for large transactions is looked at. Throws command_failed.
    explicit sync_instance(options set);
    // Its directions have ended: live() has.
    ~sync_instance();

    // That Kafka's clients can be made. Throws command_failed.
    void check(io::asio::any_io_executor const& executor) const;
    // What was found and set up (prepare). Once, before live().
    void build(prepared const& ready);
    // Serves when it is this instance's turn, until that is asked to end or nothing is left to do. `too_late`: what was
    // asked to end has not within 10 s; called once.
    [[nodiscard]] io::asio::awaitable<void> live(stop_asked asked, std::function<void()> too_late);

    // From any thread.
    [[nodiscard]] instance_stats const& stats() const noexcept;
    [[nodiscard]] instance_stats& stats() noexcept; // for those who look on
    [[nodiscard]] tuning& tuned() noexcept;         // ... and those who change what may be changed
    // A direction waits for a person.
    [[nodiscard]] bool stuck() const;
    // For the log, after live().
    void summarise() const;

private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

} // namespace tandem::engine
