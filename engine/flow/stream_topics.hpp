#pragma once
// The topics of a stream: made where they are missing, refused by name where they are others.

#include "engine/flow/failure.hpp"
#include "engine/flow/kafka_setup.hpp"
#include "io/kafka/admin.hpp"
#include "io/runtime/awaitable.hpp"

#include <cstddef>
#include <string>

namespace tandem::engine {

// The writer's part: both of them, for the node whose stream it is. What the stream's takes: see record_limit().
[[nodiscard]] io::awaitable<outcome_of<std::size_t>> ensure_topics(io::kafka::admin& cluster,
                                                                   kafka_setup const& kafka,
                                                                   std::string node);
// Of a stream's dead letters, made if it is not there.
[[nodiscard]] io::awaitable<outcome_of<void>> ensure_letters_topic(io::kafka::admin& cluster,
                                                                   kafka_setup const& kafka,
                                                                   std::string node);
// While the stream runs, every 10 s: ends when somebody has made one of them another.
[[nodiscard]] io::awaitable<failure> watch_topics(io::kafka::admin& cluster,
                                                  kafka_setup const& kafka, std::string node);
// The reader's: until the writer has made them.
[[nodiscard]] io::awaitable<outcome_of<void>> await_topics(io::kafka::admin& cluster,
                                                           kafka_setup const& kafka,
                                                           std::string node);

} // namespace tandem::engine
