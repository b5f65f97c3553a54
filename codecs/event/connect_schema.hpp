#pragma once
// Schemas of Kafka Connect in the JSON of its JsonConverter, as Debezium's connector describes its events.
// https://kafka.apache.org/39/javadoc/org/apache/kafka/connect/data/Schema.html

#include "codecs/event/column_default.hpp"
#include "codecs/event/value_kind.hpp"
#include "codecs/event/value_options.hpp"
#include "codecs/pgoutput/relation_cache.hpp"

#include <string>
#include <vector>

namespace tandem::event {

// Everything about a relation that its schemas need. `facts` has an entry for every column, or none at all: then
// every column but the key's may be null, and none has a default.
struct schema_source {
    pgoutput::relation_shape const& shape;
    type_table const& types;
    value_options const& options;
    std::vector<column_facts> const& facts;
    std::string topic;
    std::vector<std::string> key = {}; // see key_columns in row_plan.hpp
};

// The texts that stand before the payload in a record with schemas: {"schema":..., without "payload".
[[nodiscard]] std::string key_schema(schema_source const& of);
[[nodiscard]] std::string envelope_schema(schema_source const& of);

} // namespace tandem::event
