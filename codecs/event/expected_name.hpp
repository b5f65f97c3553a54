#pragma once
// A field's name that is expected next, prepared for the comparison with the text of a record.

#include "codecs/event/padding.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

namespace tandem::event {

// Owns the name. Most names, with the quote that closes them, fit eight bytes: then one load decides.
class expected_name {
public:
    explicit expected_name(std::string name) : name_{std::move(name)} {
        static_assert(record_padding >= sizeof(head_));
        std::string const closed = name_ + '"';
        std::size_t const size = std::min(closed.size(), sizeof(head_));
        std::memcpy(&head_, closed.data(), size);
        std::memset(&mask_, 0xFF, size);
    }

    [[nodiscard]] std::string const& text() const noexcept { return name_; }

    // `raw` points behind the opening quote of a name in a record, `limit` behind the record's padding.
    [[nodiscard]] bool stands(char const* raw, char const* limit) const noexcept {
        std::uint64_t found = 0;
        std::memcpy(&found, raw, sizeof(found));
        if ((found & mask_) != head_) {
            return false;
        }
        return name_.size() < sizeof(head_) ||
               (static_cast<std::size_t>(limit - raw) > name_.size() && raw[name_.size()] == '"' &&
                std::memcmp(raw, name_.data(), name_.size()) == 0);
    }

private:
    std::string name_;
    std::uint64_t head_ = 0;
    std::uint64_t mask_ = 0;
};

} // namespace tandem::event
