#pragma once
// The three loops beside capture and applier: none of them ever waits for rows.

#include "engine/flow/direction_link.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/connection.hpp"
#include "io/pg/replication_stream.hpp"
#include "io/runtime/awaitable.hpp"

#include <chrono>

namespace tandem::engine {

// Standby status on its own clock (<= wal_sender_timeout / 3), whatever capture and applier wait for.
[[nodiscard]] io::awaitable<failure> feedback_loop(direction_link& link,
                                                   io::pg::replication_stream& stream,
                                                   std::chrono::milliseconds sender_timeout);

// On a connection to the target: what has become durable there, idle positions (R5), the target's
// clock (R12), the number of conflicts.
[[nodiscard]] io::awaitable<failure> durability_loop(direction_link& link,
                                                     io::pg::connection& target,
                                                     node_bookkeeping& source_wal,
                                                     node_bookkeeping& target_wal);

// On a connection to the source: slot figures, and the first to notice that the server shuts down,
// so that the walsender is let go at once.
[[nodiscard]] io::awaitable<failure> source_watch(direction_link& link, io::pg::connection& source,
                                                  node_stats& node);

// One status update with all that may be confirmed now.
[[nodiscard]] io::awaitable<io::pg::result<void>> send_status(direction_link& link,
                                                              io::pg::replication_stream& stream);
// Asks the target once what is durable; for the end of a run.
[[nodiscard]] io::awaitable<outcome_of<void>> probe_durability(direction_link& link,
                                                               io::pg::connection& target);

// What the writers of all behind it had seen goes to the target before a position is confirmed (R13); where the streams tell.
[[nodiscard]] io::awaitable<outcome_of<void>> store_seen(direction_link& link,
                                                         io::pg::connection& target);

// Nothing is pending between source and target, by our clock.
void note_caught_up(direction_stats& stats) noexcept;

} // namespace tandem::engine
