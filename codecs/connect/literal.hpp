#pragma once
// A text as the value that it looks like, with the schema that Connect's Values.parseString gives it: how
// SimpleHeaderConverter reads headers and InsertHeader its literal.
// https://kafka.apache.org/39/javadoc/org/apache/kafka/connect/data/Values.html#parseString(java.lang.String)

#include "codecs/connect/json_reader.hpp"

#include <string_view>

namespace tandem::connect {

// Never fails: what looks like nothing else is a string. "null" has neither schema nor value. The value points into
// `text` and `memory`.
[[nodiscard]] data parse_literal(std::string_view text, arena& memory);

} // namespace tandem::connect
