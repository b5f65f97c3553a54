#pragma once
// Takes a direction over and decides whether it may stream (R4, R5, R6).

#include "engine/flow/direction_setup.hpp"
#include "engine/flow/failure.hpp"
#include "engine/flow/progress.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace tandem::engine {

struct start_point {
    progress_row progress;
    bool expect_last_applied = false;
    lsn confirmed;                                    // of the slot
    std::chrono::milliseconds sender_timeout{60'000}; // the source's wal_sender_timeout; 0: none
    std::string ddl_token;  // what the source's messages of DDL begin with; empty: there are none
    bool tells_ddl = false; // it has event triggers
    lsn source_end;         // flushed WAL at this moment
    bool resends =
        false; // rows are sent again under an origin, which the server must not leave out
};

// By which this process is known as the owner of what it takes.
[[nodiscard]] std::string const& own_token();

// The target's part of it: whoever applied before is ended, and the progress is ours.
[[nodiscard]] io::awaitable<outcome_of<progress_row>> take_sink(
    direction_setup const& setup, io::pg::connection& target,
    std::optional<std::int64_t> held_epoch);

// The source's part: whoever reads the slot is ended. Fills what `point` has of the source but the slot's position,
// which is in the facts.
[[nodiscard]] io::awaitable<outcome_of<source_facts>> take_slot(direction_setup const& setup,
                                                                io::pg::connection& source,
                                                                start_point& point);

// `held_epoch` is the epoch this process had before, none at its first start: another instance that
// took over meanwhile has a greater one (`fenced`).
[[nodiscard]] io::awaitable<outcome_of<start_point>> take_over(
    direction_setup const& setup, io::pg::connection& source, io::pg::connection& target,
    std::optional<std::int64_t> held_epoch);

} // namespace tandem::engine
