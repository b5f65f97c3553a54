#include "codecs/event/event_view.hpp"

namespace tandem::event {

std::optional<std::size_t> field_names::number_of(std::string_view name) {
    auto const known = numbers_.find(name);
    if (known != numbers_.end()) {
        return known->second;
    }
    if (names_.size() == most) {
        return std::nullopt;
    }
    std::size_t const number = names_.size();
    names_.emplace_back(std::string{name});
    numbers_.emplace(std::string{name}, number);
    return number;
}

void field_names::forget_after(std::size_t count) {
    while (names_.size() > count) {
        numbers_.erase(names_.back().text());
        names_.pop_back();
    }
}

} // namespace tandem::event
