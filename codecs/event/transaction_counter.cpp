#include "codecs/event/transaction_counter.hpp"

#include "codecs/base/assert.hpp"

namespace tandem::event {

std::size_t transaction_counter::slot_of(std::string_view name) {
    auto const known = slots_.find(name);
    if (known != slots_.end()) {
        return known->second;
    }
    std::size_t const slot = counts_.size();
    names_.push_back(std::make_unique<std::string>(name));
    counts_.push_back(0);
    met_.reserve(counts_.size());
    slots_.emplace(std::string{name}, slot);
    return slot;
}

event_order transaction_counter::count(std::string_view name) {
    std::size_t const slot = slot_of(name);
    if (counts_[slot] == 0) {
        met_.push_back(slot);
    }
    return {++total_, ++counts_[slot]};
}

void transaction_counter::take_back(std::string_view name) {
    std::size_t const slot = slot_of(name);
    TANDEM_ASSERT(counts_[slot] > 0);
    --total_;
    if (--counts_[slot] == 0) { // it was the first, so it is the last of the list
        met_.pop_back();
    }
}

void transaction_counter::clear() noexcept {
    for (std::size_t const slot : met_) {
        counts_[slot] = 0;
    }
    met_.clear();
    total_ = 0;
}

} // namespace tandem::event
