#pragma once
// One direction: source -> target, from its first start to the end of the process.
//
// Runs on a thread and io_context of its own; every start begins with the sink's progress.

#include "engine/core/stats.hpp"
#include "engine/flow/capture_session.hpp"
#include "engine/flow/direction_setup.hpp"
#include "engine/flow/failure.hpp"
#include "engine/flow/supervised.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace tandem::engine {

struct direction_link;
struct direction_memory;
struct start_point;

class direction final : public supervised {
public:
    // References outlive the direction.
    direction(direction_setup setup, direction_stats& stats, node_stats& source_stats,
              node_bookkeeping& source_wal, node_bookkeeping& target_wal);
    ~direction() override;

private:
    struct sessions;

    [[nodiscard]] io::awaitable<failure> stream() override;
    void change_way(next_step how) override;
    [[nodiscard]] capture_way way_of_capture(bool binary, bool resends) const;
    [[nodiscard]] io::awaitable<outcome_of<void>> open_ends(sessions& open, bool binary,
                                                            bool resends);
    [[nodiscard]] io::awaitable<failure> stream_with(sessions& open);
    [[nodiscard]] io::awaitable<std::optional<failure>> foreign_changes_missed(
        io::pg::connection& source, start_point const& point);
    [[nodiscard]] io::awaitable<failure> watch_requests(direction_link& link, sessions& open,
                                                        lsn goal);
    [[nodiscard]] io::awaitable<void> finish(direction_link& link, sessions& open);

    direction_setup const setup_;
    node_stats& source_stats_;
    node_bookkeeping& source_wal_;
    node_bookkeeping& target_wal_;
    std::unique_ptr<direction_memory> memory_;
    std::optional<std::int64_t> epoch_; // held since the first start
    std::optional<lsn> careful_at_;
    bool text_ = false;  // values as text from now on
    bool whole_ = false; // large transactions only when they have committed
};

} // namespace tandem::engine
