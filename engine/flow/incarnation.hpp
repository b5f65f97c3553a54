#pragma once
// The random token by which a source that was restored from a copy is recognised (R6).
//
// A new token goes to the sink as "next", then into the source, then becomes the sink's "current":
// whenever we stop in between, the source has one of the two.

#include "engine/flow/direction_setup.hpp"
#include "engine/flow/failure.hpp"
#include "engine/flow/progress.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace tandem::engine {

[[nodiscard]] std::string new_token();

// First: `epoch` is ours, a row of another one is left as it is and the direction starts again. False:
// a transaction holds the row for long, try later.
[[nodiscard]] io::awaitable<outcome_of<bool>> announce_token(direction_setup const& setup,
                                                             io::pg::connection& target,
                                                             std::int64_t epoch, std::string token);
// Second.
[[nodiscard]] io::awaitable<outcome_of<void>> give_token(direction_setup const& setup,
                                                         io::pg::connection& source,
                                                         std::string token);
// Third. False as above.
[[nodiscard]] io::awaitable<outcome_of<bool>> settle_token(direction_setup const& setup,
                                                           io::pg::connection& target,
                                                           std::int64_t epoch);

// What is told by the writers of a stream through Kafka: the statement that stores it with `epoch`, where that is
// the stream's (no rows: those of a batch's head are its own), and its carrying out apart from a batch. False as above.
[[nodiscard]] std::string identity_sql(std::string const& stream, std::int64_t epoch,
                                       source_identity const& source);
[[nodiscard]] io::awaitable<outcome_of<bool>> store_identity(direction_setup const& setup,
                                                             io::pg::connection& target,
                                                             std::int64_t epoch,
                                                             source_identity source);

// A renewal while the stream runs: the durability loop has the sink, the source watch the source.
struct token_renewal {
    enum class step : std::uint8_t { settled, announced, handed_on };
    step at = step::settled;
    std::string token;
    std::chrono::steady_clock::time_point due =
        std::chrono::steady_clock::now() + std::chrono::minutes{1};
};

} // namespace tandem::engine
