#pragma once
// Numbers that are no integers, of Debezium's forms, as PostgreSQL's text.

#include "codecs/event/event_error.hpp"
#include "codecs/event/event_view.hpp"
#include "codecs/event/value_kind.hpp"
#include "codecs/event/value_options.hpp"

#include <simdjson.h>

#include <string>

namespace tandem::event {

// What Connect reads of such an object, and what we do, may differ.
[[nodiscard]] bool repeats_a_field(simdjson::dom::object const& object);

// Of a column of kind float4 or float8. Error: wrong_type.
[[nodiscard]] event_result<void> read_real(field_value const& value, std::string& out);

// Of a column of kind numeric or money; `parser` is for what is nested. Errors: wrong_type, bad_value.
[[nodiscard]] event_result<void> read_decimal(field_value const& value, resolved_type const& type,
                                              value_options const& options,
                                              simdjson::dom::parser& parser, std::string& out);

} // namespace tandem::event
