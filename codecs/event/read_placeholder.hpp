#pragma once
// Whether a value of an event is what placeholder.hpp writes, or Debezium does. A column's own value that is the same is taken
// for it: nothing tells them apart. Those of hstore are seen where its pairs are read.

#include "codecs/event/value_kind.hpp"
#include "codecs/event/value_options.hpp"

#include <simdjson.h>

#include <string_view>

namespace tandem::event {

// A string, unescaped. Of a list as well, where no list holds it.
[[nodiscard]] bool is_placeholder(std::string_view text, value_kind kind,
                                  value_options const& options);
[[nodiscard]] bool is_placeholder(simdjson::dom::array const& elements, resolved_type const& type,
                                  value_options const& options);

} // namespace tandem::event
