#include "codecs/event/event_view.hpp"

#include <algorithm>

namespace tandem::event {

std::size_t field_names::number_of(std::string_view name) {
    auto const known =
        std::find_if(names_.begin(), names_.end(),
                     [name](expected_name const& each) { return each.text() == name; });
    if (known == names_.end()) {
        names_.emplace_back(std::string{name});
        return names_.size() - 1;
    }
    return static_cast<std::size_t>(known - names_.begin());
}

} // namespace tandem::event
