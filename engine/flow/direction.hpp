#pragma once
// One direction: source -> target, from its first start to the end of the process.
//
// Runs on a thread and io_context of its own. After every failure that can pass, it starts again from
// the sink's progress, for ever; after one that a person must decide (gap, lost, fenced) it says so
// and stays. The other direction goes on either way.

#include "codecs/sql/apply_statements.hpp"
#include "engine/core/parked_keys.hpp"
#include "engine/core/stats.hpp"
#include "engine/flow/direction_setup.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

namespace tandem::engine {

struct direction_link;
struct direction_memory;
struct start_point;

class direction {
public:
    // References outlive the direction.
    direction(direction_setup setup, direction_stats& stats, node_stats& source_stats,
              node_bookkeeping& source_wal, node_bookkeeping& target_wal);
    ~direction();

    // Until stop() has been obeyed.
    [[nodiscard]] io::awaitable<void> run();
    // From any thread: finish what is on its way, confirm it, end.
    void stop() noexcept { stop_requested_.store(true); }
    // The source's WAL as it stood when the stream started last has been dealt with.
    [[nodiscard]] bool caught_up() const noexcept { return caught_up_.load(); }
    // The end came before the end of what was on its way to the target; known once run() has ended.
    [[nodiscard]] bool left_undone() const noexcept { return left_undone_.load(); }
    // Waits for a person: gap, lost, fenced or paused.
    [[nodiscard]] bool stuck() const noexcept { return stuck_.load(); }

private:
    struct sessions;

    [[nodiscard]] io::awaitable<failure> guarded_stream();
    [[nodiscard]] io::awaitable<failure> stream();
    [[nodiscard]] io::awaitable<failure> stream_with(sessions& open);
    [[nodiscard]] io::awaitable<outcome_of<void>> open_apply(sessions& open);
    [[nodiscard]] io::awaitable<outcome_of<void>> open_stream(sessions& open, bool binary);
    [[nodiscard]] io::awaitable<std::optional<failure>> foreign_changes_missed(
        io::pg::connection& source, start_point const& point);
    [[nodiscard]] sql::apply_rules rules(bool binary) const;
    [[nodiscard]] io::awaitable<outcome_of<void>> set_up_origin(io::pg::connection& apply);
    [[nodiscard]] io::awaitable<outcome_of<parked_keys>> read_parked(io::pg::connection& target);
    [[nodiscard]] io::awaitable<failure> watch_requests(direction_link& link, sessions& open,
                                                        lsn goal);
    [[nodiscard]] io::awaitable<void> finish(direction_link& link, sessions& open);
    [[nodiscard]] bool ended_by(failure const& why);

    direction_setup const setup_;
    direction_stats& stats_;
    node_stats& source_stats_;
    node_bookkeeping& source_wal_;
    node_bookkeeping& target_wal_;
    std::atomic<bool> stop_requested_{false};
    std::atomic<bool> caught_up_{false};
    std::atomic<bool> stuck_{false};
    std::atomic<bool> left_undone_{false};
    std::unique_ptr<direction_memory> memory_;
    std::optional<std::int64_t> epoch_; // held since the first start
    std::optional<lsn> careful_at_;
    unsigned origin_id_ = 0;
    bool target_is_utf8_ = true;
    bool text_ = false;  // values as text from now on
    bool whole_ = false; // large transactions only when they have committed
};

} // namespace tandem::engine
