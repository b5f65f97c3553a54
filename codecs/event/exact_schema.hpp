#pragma once
// Schemas of Kafka Connect for records whose values are exact (exact_plan() in row_plan.hpp): booleans, integers and
// floats have their own types, everything else is a string of PostgreSQL's text.
// https://kafka.apache.org/39/javadoc/org/apache/kafka/connect/data/Schema.html

#include "codecs/event/envelope.hpp"
#include "codecs/event/row_plan.hpp"
#include "codecs/pgoutput/relation_cache.hpp"

#include <string_view>

namespace tandem::event {

// For the events of the plan that exact_plan() makes of the same shape and key. `topic`: the schemas are named after it.
// A record whose update left a value unsent has a schema without that field: no converter takes it for null.
[[nodiscard]] record_schemas exact_schemas(pgoutput::relation_shape const& shape,
                                           key_columns const& key, std::string_view topic);

} // namespace tandem::event
