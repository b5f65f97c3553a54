#pragma once
// A record of any topic for people and for programs. Pure.

#include "engine/admin/topic_record.hpp"

#include <string>

namespace tandem::engine {

// Several lines, an empty one last: where it stands, its key, and
//   of a change     operation, table, position, transaction, origin, then its columns: + set, - removed, ~ changed
//   of a note of tandem's, a tombstone, a position: what it says
//   else            the value, and headers that are not tandem's
// Long values are cut off; nothing in it can act on a terminal.
[[nodiscard]] std::string record_text(topic_record const& record);

// One line: {"partition","offset","timestamp","key","key_form","value","value_form","headers":[{"name","value",
// "form"}]}. A form says what stands in for the bytes: json (as it is), text (a string), base64 (a string); null
// where there are none. Headers are never taken for JSON.
[[nodiscard]] std::string record_json(topic_record const& record);

} // namespace tandem::engine
