#pragma once
// One column of a batch as a one-dimensional array parameter in PostgreSQL's binary format.
// Format: array_send() and array_recv() in src/backend/utils/adt/arrayfuncs.c.

#include "codecs/base/big_endian.hpp"
#include "codecs/base/lsn.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <type_traits>

namespace tandem::values {

// Owns one growing buffer and reuses it from batch to batch: start(), append one element per row,
// finish(), send, clear(). Not thread-safe. Movable, because builders live in vectors.
// Appending returns false, and changes nothing, when the server would refuse so large an array: the
// caller sends what it has and starts again, or handles the one value alone. std::bad_alloc is
// thrown when memory is out.
class array_builder {
public:
    // The server's own limits. A Bind message, with all its parameters, is below 1 GB; 1 MiB of
    // that is left to the message's other parts. What several columns weigh together is the
    // caller's sum.
    struct limits {
        std::size_t bytes = 0x3FFF'FFFFU - 0x10'0000U;
        std::uint32_t elements = 0x3FFF'FFFFU / 8; // MaxArraySize
    };

    array_builder() noexcept = default;
    explicit array_builder(limits most) noexcept; // at most the server's
    array_builder(array_builder&& other) noexcept { swap(other); }
    array_builder& operator=(array_builder&& other) noexcept {
        swap(other);
        return *this;
    }
    ~array_builder() = default;

    // An empty array of that type. Ends the view of an earlier finish().
    void start(oid element_type) noexcept;
    void clear() noexcept; // the same, of the same type

    // `value` is in the element type's send form, not null.
    [[nodiscard]] bool append(std::string_view value) {
        char* const at = extend(value.size());
        if (at == nullptr) {
            return false;
        }
        store_big_endian(at, static_cast<std::uint32_t>(value.size()));
        value.copy(at + length_size, value.size());
        return true;
    }

    // int2, int4 or int8 by the argument's width; a timestamptz is pg_time::us.
    template <std::signed_integral T>
        requires(sizeof(T) >= 2)
    [[nodiscard]] bool append_fixed(T value) {
        char* const at = extend(sizeof value);
        if (at == nullptr) {
            return false;
        }
        store_big_endian(at, static_cast<std::uint32_t>(sizeof value));
        store_big_endian(at + length_size, static_cast<std::make_unsigned_t<T>>(value));
        return true;
    }

    [[nodiscard]] bool append_null();

    // The parameter's bytes; valid until the builder is changed, moved or destroyed. More elements
    // may be appended afterwards and finish() called again.
    [[nodiscard]] std::string_view finish();

    [[nodiscard]] oid element_type() const noexcept { return element_type_; }
    [[nodiscard]] std::uint32_t size() const noexcept { return count_; }
    // What finish() returns has this size.
    [[nodiscard]] std::size_t bytes() const noexcept {
        return count_ == 0 ? empty_header_size : used_;
    }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

    // Gives back what exceeds max_capacity and is not in use, so that one huge value of a past
    // batch does not stay resident. Cheap when there is nothing to give back.
    void trim(std::size_t max_capacity);

    void swap(array_builder& other) noexcept;

private:
    static constexpr std::size_t header_size = 20; // ndim, flags, type, dimension, lower bound
    static constexpr std::size_t empty_header_size = 12; // ndim = 0, flags, type
    static constexpr std::size_t length_size = 4;

    struct release {
        void operator()(char* held) const noexcept { std::free(held); }
    };

    // Room for one more element of that many value bytes; nullptr when a limit says no.
    [[nodiscard]] char* extend(std::size_t value_size) {
        // The capacity never exceeds the limit, so only growing has to look at it.
        if (count_ == most_.elements || value_size > most_.bytes ||
            (capacity_ < used_ + length_size + value_size &&
             !grow(used_ + length_size + value_size))) {
            return nullptr;
        }
        char* const at = buffer_.get() + used_;
        used_ += length_size + value_size;
        ++count_;
        return at;
    }

    [[nodiscard]] bool grow(std::size_t needed);
    void reallocate(std::size_t capacity);

    std::unique_ptr<char, release> buffer_;
    std::size_t capacity_ = 0;
    std::size_t used_ = header_size; // the header is written by finish()
    std::uint32_t count_ = 0;
    bool has_null_ = false;
    oid element_type_;
    limits most_;
};

} // namespace tandem::values
