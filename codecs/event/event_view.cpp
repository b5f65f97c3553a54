#include "codecs/event/event_view.hpp"

#include <algorithm>

namespace tandem::event {

std::size_t field_names::number_of(std::string_view name) {
    auto const known = std::find(names_.begin(), names_.end(), name);
    if (known == names_.end()) {
        names_.emplace_back(name);
        return names_.size() - 1;
    }
    return static_cast<std::size_t>(known - names_.begin());
}

} // namespace tandem::event
