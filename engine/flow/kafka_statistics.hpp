#pragma once
// What librdkafka counts, as figures of a direction. Pure.
// https://github.com/confluentinc/librdkafka/blob/v2.0.2/STATISTICS.md

#include "engine/core/stats.hpp"

#include <string_view>

namespace tandem::engine {

// `json`: one emission of a producer or of a consumer; only the figures of its kind are written. What
// cannot be read leaves them as they are.
void take_statistics(std::string_view json, kafka_figures& into);
// Of a client of any kind, to how many brokers it is connected.
void take_brokers(std::string_view json, kafka_figures::figure& into);

} // namespace tandem::engine
