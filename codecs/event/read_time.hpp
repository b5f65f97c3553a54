#pragma once
// Dates, times and intervals of Debezium's forms as PostgreSQL's text.

#include "codecs/event/event_error.hpp"
#include "codecs/event/event_view.hpp"
#include "codecs/event/value_kind.hpp"
#include "codecs/event/value_options.hpp"

#include <string>

namespace tandem::event {

// Of a column of kind date, time, timetz, timestamp, timestamptz or interval. Errors: wrong_type, bad_value.
[[nodiscard]] event_result<void> read_time(field_value const& value, resolved_type const& type,
                                           value_options const& options, std::string& out);

} // namespace tandem::event
