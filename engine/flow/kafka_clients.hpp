#pragma once
// What the clients of a stream are told, and what they tell.

#include "engine/core/stats.hpp"
#include "engine/flow/kafka_setup.hpp"
#include "io/runtime/awaitable.hpp"

#include <string>

namespace tandem::engine {

// Opens a client of each kind and closes it: whether librdkafka takes the properties, and can read what
// they name. Asks no broker. Throws config_error.
void check_clients(io::asio::any_io_executor const& executor, kafka_setup const& kafka);

// As log_of(), and librdkafka's figures into `stats`, which outlives the client. Those of an earlier
// client are forgotten.
[[nodiscard]] io::kafka::listener figures_of(std::string who, direction_stats& stats,
                                             io::kafka::role client);

// As log_of(), and of the figures only to how many brokers the writing half's consumer is connected.
[[nodiscard]] io::kafka::listener brokers_of(std::string who, direction_stats& stats);

} // namespace tandem::engine
