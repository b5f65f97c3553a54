#pragma once
// A text that an encoder made, as the data of Connect that it stands for. Pure.

#include "codecs/connect/json_reader.hpp"
#include "codecs/event/padding.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace tandem::connect {

// `room` holds its padded copy, which the data points into. None: no data.
[[nodiscard]] inline outcome<data> read_text(json_reader& by, std::optional<std::string_view> text,
                                             std::string& room, arena& memory) {
    if (!text) {
        return data{};
    }
    room.assign(*text);
    room.append(event::record_padding, '\0');
    return by.read(std::string_view{room}.substr(0, text->size()), memory);
}

} // namespace tandem::connect
