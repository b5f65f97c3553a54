#pragma once
// Bytes that are kept together and freed together.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace tandem {

// Copies live at fixed addresses until clear() or the end of the arena; a moved arena takes them along.
// Blocks grow with what is kept, so that a small arena is small. Single-threaded.
class arena {
public:
    [[nodiscard]] std::string_view keep(std::string_view bytes) {
        if (bytes.empty()) {
            return {};
        }
        if (bytes.size() > left_) {
            grow(bytes.size());
        }
        char* const copy = at_;
        std::memcpy(copy, bytes.data(), bytes.size());
        at_ += bytes.size();
        left_ -= bytes.size();
        return {copy, bytes.size()};
    }

    // Memory held, used or not.
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

private:
    static constexpr std::size_t block_least = 512;
    static constexpr std::size_t block_most = std::size_t{64} << 10;

    void grow(std::size_t needed) {
        left_ = std::max(needed, std::clamp(capacity_, block_least, block_most));
        at_ = blocks_.emplace_back(std::make_unique_for_overwrite<char[]>(left_)).get();
        capacity_ += left_;
    }

    std::vector<std::unique_ptr<char[]>> blocks_;
    char* at_ = nullptr;
    std::size_t left_ = 0; // of the last block
    std::size_t capacity_ = 0;
};

} // namespace tandem
