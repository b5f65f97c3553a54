#pragma once
// Integers in network byte order, which is how PostgreSQL writes every number on the wire.

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>

namespace tandem {

template <std::unsigned_integral T>
[[nodiscard]] constexpr T swap_unless_big_endian(T value) noexcept {
    if constexpr (std::endian::native == std::endian::big || sizeof(T) == 1) {
        return value;
    } else if constexpr (sizeof(T) == 2) {
        return __builtin_bswap16(value);
    } else if constexpr (sizeof(T) == 4) {
        return __builtin_bswap32(value);
    } else {
        static_assert(sizeof(T) == 8);
        return __builtin_bswap64(value);
    }
}

// sizeof(T) bytes at `from` must be readable; no alignment is asked for.
template <std::unsigned_integral T>
[[nodiscard]] inline T load_big_endian(char const* from) noexcept {
    T value;
    std::memcpy(&value, from, sizeof value);
    return swap_unless_big_endian(value);
}

// sizeof(T) bytes at `to` must be writable.
template <std::unsigned_integral T>
inline void store_big_endian(char* to, T value) noexcept {
    T const swapped = swap_unless_big_endian(value);
    std::memcpy(to, &swapped, sizeof swapped);
}

} // namespace tandem
