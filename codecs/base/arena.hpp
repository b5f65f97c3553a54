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
        char* const copy = reserve(bytes.size());
        std::memcpy(copy, bytes.data(), bytes.size());
        return commit(bytes.size());
    }

    // Room to write in, valid until the next call; what is not committed is given again.
    [[nodiscard]] char* reserve(std::size_t size) {
        if (size > left_) {
            grow(size);
        }
        return at_;
    }
    // The first `size` bytes of what was reserved last stay.
    std::string_view commit(std::size_t size) noexcept {
        std::string_view const kept{at_, size};
        at_ += size;
        left_ -= size;
        return kept;
    }

    // Everything that was kept is gone; the memory stays for what comes.
    void clear() noexcept {
        next_ = 0;
        left_ = 0;
    }

    // Memory held, used or not.
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

private:
    static constexpr std::size_t block_least = 512;
    static constexpr std::size_t block_most = std::size_t{64} << 10;

    struct block {
        std::unique_ptr<char[]> bytes;
        std::size_t size = 0;
    };

    void grow(std::size_t needed) {
        while (next_ < blocks_.size()) { // from before clear()
            block& kept = blocks_[next_++];
            if (kept.size >= needed) {
                at_ = kept.bytes.get();
                left_ = kept.size;
                return;
            }
        }
        left_ = std::max(needed, std::clamp(capacity_, block_least, block_most));
        at_ = blocks_.emplace_back(block{std::make_unique_for_overwrite<char[]>(left_), left_})
                  .bytes.get();
        next_ = blocks_.size();
        capacity_ += left_;
    }

    std::vector<block> blocks_;
    std::size_t next_ = 0; // the block behind the one in use
    char* at_ = nullptr;
    std::size_t left_ = 0; // of the block in use
    std::size_t capacity_ = 0;
};

} // namespace tandem
