#pragma once

#include <cstddef>

namespace tandem::event {

// Bytes that must be readable behind a record's text, for simdjson and for our own wide loads. What they
// hold does not matter.
inline constexpr std::size_t record_padding = 64;

} // namespace tandem::event
