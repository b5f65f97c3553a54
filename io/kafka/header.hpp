#pragma once
// A record's header, on either side.

#include <optional>
#include <string_view>

namespace tandem::io::kafka {

// Views of the one who wrote it: the caller's when producing, the message's when consuming. A null
// value is not an empty one.
struct header {
    std::string_view name;
    std::optional<std::string_view> value;
};

} // namespace tandem::io::kafka
