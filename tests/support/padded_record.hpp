#pragma once
// A record's text with the padding the event decoder asks for, and not a byte more: the sanitizer finds
// what reads beyond.

#include "codecs/event/decode.hpp"

#include <cstring>
#include <memory>
#include <string_view>

namespace tandem::wire {

class padded_record {
public:
    // `behind`: what stands in the padding, as far as it fits.
    explicit padded_record(std::string_view text, std::string_view behind = {})
        : bytes_{std::make_unique<char[]>(text.size() + event::record_padding)},
          size_{text.size()} {
        text.copy(bytes_.get(), text.size());
        behind.copy(bytes_.get() + text.size(), event::record_padding);
    }
    [[nodiscard]] std::string_view view() const noexcept { return {bytes_.get(), size_}; }

private:
    std::unique_ptr<char[]> bytes_;
    std::size_t size_;
};

} // namespace tandem::wire
