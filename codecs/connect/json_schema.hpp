#pragma once
// Schemas of Connect as the JSON of its JsonConverter, both ways.

#include "codecs/connect/json_reader.hpp"
#include "codecs/connect/problem.hpp"
#include "codecs/connect/schema.hpp"
#include "codecs/event/json_tokens.hpp"

#include <string>

namespace tandem::connect {

// The schema at that token; null's is none at all.
[[nodiscard]] outcome<schema_ptr> schema_of(event::json_text in, event::token_place at,
                                            json_options options);

} // namespace tandem::connect
