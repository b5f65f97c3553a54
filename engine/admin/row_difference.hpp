#pragma once
// What a change did to a row, column by column. Pure.

#include "codecs/event/event_view.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace tandem::engine {

struct column_difference {
    enum class kind {
        same,
        changed, // from `before` to `after`
        set,     // to `after`; what was there before was not sent, or nothing was
        removed  // `before` went with its row
    };
    kind what = kind::same;
    std::string name;
    event::field_value before;
    event::field_value after;
};

// In the order of the names. Columns of which neither row says anything are left out; one that only the old
// row of an update has was not touched. Views point where the event's do.
[[nodiscard]] std::vector<column_difference> difference(event::event_view const& of,
                                                        event::field_names const& names);

} // namespace tandem::engine
