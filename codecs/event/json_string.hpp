#pragma once
// A JSON string as a string of its own, for what is rendered once and used for many records.

#include "codecs/event/json_text.hpp"

#include <string>
#include <string_view>

namespace tandem::event {

[[nodiscard]] inline std::string json_string(std::string_view text) {
    std::string room(text.size() * escaped_most + 2 + slack, '\0');
    char const* const end = append_string(room.data(), text);
    room.resize(static_cast<std::size_t>(end - room.data()));
    return room;
}

} // namespace tandem::event
