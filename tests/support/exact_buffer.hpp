#pragma once
// A heap copy of exactly the bytes given, so that AddressSanitizer sees a read one byte beyond.

#include <memory>
#include <string_view>

namespace tandem::wire {

class exact_buffer {
public:
    explicit exact_buffer(std::string_view bytes)
        : bytes_{new char[bytes.size()]}, size_{bytes.size()} {
        bytes.copy(bytes_.get(), size_);
    }
    [[nodiscard]] std::string_view view() const noexcept { return {bytes_.get(), size_}; }

private:
    std::unique_ptr<char[]> bytes_;
    std::size_t size_;
};

} // namespace tandem::wire
