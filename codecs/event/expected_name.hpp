#pragma once
// A field's name that is expected next, prepared for the comparison with the text of a record.

#include "codecs/event/padding.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

namespace tandem::event {

// Owns the name. Most names, with quotes and colon, fit sixteen bytes: then two loads decide.
class expected_name {
public:
    explicit expected_name(std::string name) : name_{std::move(name)} {
        static_assert(record_padding >= sizeof(head_));
        bool const plain = name_.find_first_of("\"\\") == std::string::npos;
        // Others are never written so: in their place, what no JSON has in a string.
        std::string const text = plain ? '"' + name_ + "\":" : "\"\n";
        std::size_t const size = std::min(text.size(), sizeof(head_));
        std::memset(mask_.data(), 0xFF, size);
        std::memcpy(head_.data(), text.data(), size);
    }

    [[nodiscard]] std::string const& text() const noexcept { return name_; }

    // Whether the field begins at `at` with this name as it is commonly written: without escapes, and without space
    // in front of its colon. `limit` is behind the record's padding.
    [[nodiscard]] bool stands(char const* at, char const* limit) const noexcept {
        words found;
        std::memcpy(found.data(), at, sizeof(found));
        std::uint64_t const differs =
            ((found[0] ^ head_[0]) & mask_[0]) | ((found[1] ^ head_[1]) & mask_[1]);
        return differs == 0 && (name_.size() + 3 <= sizeof(head_) || rest_stands(at, limit));
    }

private:
    using words = std::array<std::uint64_t, 2>;

    [[nodiscard]] bool rest_stands(char const* at, char const* limit) const noexcept {
        std::size_t const size = name_.size();
        return static_cast<std::size_t>(limit - at) >= size + 3 && at[size + 1] == '"' &&
               at[size + 2] == ':' && std::memcmp(at + 1, name_.data(), size) == 0;
    }

    std::string name_;
    words head_{};
    words mask_{};
};

} // namespace tandem::event
