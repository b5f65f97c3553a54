#include "codecs/values/array_builder.hpp"

#include "codecs/base/assert.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace tandem::values {

array_builder::array_builder(limits most) noexcept : most_{most} {
    limits const server;
    TANDEM_ASSERT(most.bytes >= header_size && most.bytes <= server.bytes);
    TANDEM_ASSERT(most.elements <= server.elements);
}

void array_builder::start(oid element_type) noexcept {
    element_type_ = element_type;
    clear();
}

void array_builder::clear() noexcept {
    used_ = header_size;
    count_ = 0;
    has_null_ = false;
}

bool array_builder::append_null() {
    char* const at = extend(0);
    if (at == nullptr) {
        return false;
    }
    store_big_endian(at, ~std::uint32_t{0}); // a length of -1
    has_null_ = true;
    return true;
}

std::string_view array_builder::finish() {
    if (capacity_ < header_size) {
        reallocate(header_size);
    }
    char* const header = buffer_.get();
    store_big_endian(header, std::uint32_t{count_ == 0 ? 0U : 1U});
    store_big_endian(header + 4, std::uint32_t{has_null_ ? 1U : 0U});
    store_big_endian(header + 8, element_type_.value);
    store_big_endian(header + 12, count_);
    store_big_endian(header + 16, std::uint32_t{1});
    return {header, bytes()};
}

void array_builder::trim(std::size_t max_capacity) {
    std::size_t const kept = std::max(max_capacity, used_);
    if (capacity_ > kept) {
        reallocate(kept);
    }
}

void array_builder::swap(array_builder& other) noexcept {
    std::swap(buffer_, other.buffer_);
    std::swap(capacity_, other.capacity_);
    std::swap(used_, other.used_);
    std::swap(count_, other.count_);
    std::swap(has_null_, other.has_null_);
    std::swap(element_type_, other.element_type_);
    std::swap(most_, other.most_);
}

bool array_builder::grow(std::size_t needed) {
    constexpr std::size_t first_capacity = 1024;
    if (needed > most_.bytes) {
        return false;
    }
    reallocate(std::min(most_.bytes, std::max({needed, 2 * capacity_, first_capacity})));
    return true;
}

// By realloc, which moves a large buffer's pages instead of holding both buffers at once.
void array_builder::reallocate(std::size_t capacity) {
    void* const moved = std::realloc(buffer_.get(), capacity);
    if (moved == nullptr) {
        throw std::bad_alloc{};
    }
    static_cast<void>(buffer_.release());
    buffer_.reset(static_cast<char*>(moved));
    capacity_ = capacity;
}

} // namespace tandem::values
