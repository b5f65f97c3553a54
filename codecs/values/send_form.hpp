#pragma once
// The server's binary form of a value made of its text, for the built-in types where that is exact.
// Forms: the send and recv functions in src/backend/utils/adt (int8send(), numeric_recv(), ...).

#include "codecs/base/lsn.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tandem::values {

enum class send_form : std::uint8_t {
    none, // goes as text
    boolean,
    int2,
    int4,
    int8,
    float4,
    float8,
    numeric,
    same, // its bytes are its text
    jsonb,
    bytea,
    uuid,
    date,
    time,
    timestamp,
    timestamptz,
};

// Of a built-in type; none for every other.
[[nodiscard]] send_form send_form_of(oid type) noexcept;

// What a text of `size` bytes takes at most.
[[nodiscard]] constexpr std::size_t send_form_most(std::size_t size) noexcept {
    return size + 16;
}

// Writes at `at`, where there is send_form_most(text.size()); the end. nullptr for send_form::none and for a text that
// the server would not have written, with DateStyle ISO, or that has no exact number: the server is to read it itself.
[[nodiscard]] char* write_send_form(send_form form, std::string_view text, char* at) noexcept;

} // namespace tandem::values
