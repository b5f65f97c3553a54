#include "codecs/event/event_place.hpp"

#include <algorithm>
#include <vector>

namespace tandem::event {
namespace {

constexpr std::size_t levels_most = 72; // a record is not read deeper than 64
constexpr std::size_t name_most = 64;
constexpr std::size_t path_most = 256;

struct level {
    bool object = false;
    bool named = false; // its field's name has been, and its value is next
    std::string_view name;
    std::size_t index = 0;
};

// Behind the string that begins at `at`; beyond the text where it does not end.
std::size_t behind_string(std::string_view text, std::size_t at) noexcept {
    for (++at; at < text.size(); ++at) {
        if (text[at] == '\\') {
            ++at;
        } else if (text[at] == '"') {
            return at + 1;
        }
    }
    return text.size() + 1;
}

bool is_plain(std::string_view name) noexcept {
    return !name.empty() && std::ranges::all_of(name, [](char each) {
        return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
               (each >= '0' && each <= '9') || each == '_';
    });
}

// No code point is cut in two.
std::string_view cut(std::string_view text, std::size_t most) noexcept {
    if (text.size() <= most) {
        return text;
    }
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80) {
        --most;
    }
    return text.substr(0, most);
}

std::string shown(std::vector<level> const& levels) {
    std::string path;
    for (level const& each : levels) {
        if (!each.object) {
            path += '[' + std::to_string(each.index) + ']';
            continue;
        }
        if (each.name.data() == nullptr) { // before its first field
            break;
        }
        std::string_view const name = cut(each.name, name_most);
        std::string const more = name.size() < each.name.size() ? "..." : "";
        path += path.empty() ? "" : ".";
        path +=
            is_plain(each.name) ? std::string{name} + more : '"' + std::string{name} + more + '"';
        if (path.size() > path_most) {
            return path.substr(0, cut(path, path_most).size()) + "...";
        }
    }
    return path;
}

// What stands at `at`, up to which the text has been read; gives back the place behind it.
std::size_t step(std::string_view text, std::size_t at, std::vector<level>& levels) {
    char const each = text[at];
    if (each == '"') {
        std::size_t const behind = behind_string(text, at);
        if (!levels.empty() && levels.back().object && !levels.back().named) {
            levels.back().name = text.substr(at + 1, behind - at - 2);
            levels.back().named = true;
        }
        return behind;
    }
    if (each == '{' || each == '[') {
        levels.push_back({each == '{', false, {}, 0});
    } else if ((each == '}' || each == ']') && !levels.empty()) {
        levels.pop_back();
    } else if (each == ',' && !levels.empty()) {
        levels.back().named = false;
        levels.back().name = {};
        ++levels.back().index;
    }
    return at + 1;
}

// The length of the code point that begins there; 0: none does.
std::size_t code_point(std::string_view text, std::size_t at) noexcept {
    auto const byte = [text, at](std::size_t more) -> unsigned {
        return at + more < text.size() ? static_cast<unsigned char>(text[at + more]) : 0U;
    };
    auto const next = [byte](std::size_t more, unsigned least = 0x80, unsigned most = 0xBF) {
        return byte(more) >= least && byte(more) <= most;
    };
    unsigned const first = byte(0);
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        return next(1) ? 2 : 0;
    }
    if (first >= 0xE0 && first <= 0xEF) { // neither overlong nor a surrogate
        return next(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF) && next(2) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        bool const good = next(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF);
        return good && next(2) && next(3) ? 4 : 0;
    }
    return 0;
}

} // namespace

std::string field_at(std::string_view json, std::uint32_t offset) {
    std::size_t const limit = std::min<std::size_t>(offset, json.size());
    std::vector<level> levels;
    for (std::size_t at = 0; at < limit && levels.size() < levels_most;) {
        at = step(json, at, levels);
    }
    // The value of a field is not yet one of its elements, but a field's name is that of the field.
    if (limit < json.size() && json[limit] == '"' && !levels.empty() && levels.back().object &&
        !levels.back().named) {
        step(json, limit, levels);
    }
    return shown(levels);
}

std::string message_of(event_error const& error, std::string_view record) {
    // Where tokens or text end, what is behind may be none of a name.
    bool const cut_there = error.code == event_errc::not_json || error.code == event_errc::bad_utf8;
    std::string const field =
        field_at(cut_there ? record.substr(0, error.offset) : record, error.offset);
    std::string text{describe(error.code)};
    text += " (at byte " + std::to_string(error.offset);
    return text + (field.empty() ? ")" : ", field " + field + ")");
}

std::string message_of_column(event_error const& error, field_value const& value,
                              std::string_view schema, std::string_view table,
                              std::string_view column) {
    std::string text{"column "};
    text += column;
    if (error.offset != 0 && value.kind == field_kind::nested) {
        std::string const inside = field_at(value.text, error.offset);
        text += inside.starts_with('[') ? inside : '.' + inside;
    }
    text += " of table ";
    text.append(schema).append(schema.empty() ? "" : ".").append(table).append(": ");
    text += describe(error.code);
    bool const place = error.offset != 0 && value.kind == field_kind::string;
    return text + (place ? " (at byte " + std::to_string(error.offset) + " of its text)" : "");
}

std::uint32_t untokened_at(event_errc error, std::string_view text) noexcept {
    if (error == event_errc::bad_utf8) {
        for (std::size_t at = 0; at < text.size();) {
            std::size_t const size = code_point(text, at);
            if (size == 0) {
                return static_cast<std::uint32_t>(at);
            }
            at += size;
        }
        return 0;
    }
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] != '"') {
            ++at;
            continue;
        }
        std::size_t const behind = behind_string(text, at);
        std::string_view const string = text.substr(at, behind - at);
        auto const control = std::ranges::find_if(
            string, [](char each) { return static_cast<unsigned char>(each) < 0x20; });
        if (control != string.end()) {
            return static_cast<std::uint32_t>(at +
                                              static_cast<std::size_t>(control - string.begin()));
        }
        if (behind > text.size()) {
            return static_cast<std::uint32_t>(at);
        }
        at = behind;
    }
    return 0;
}

std::uint32_t element_at(std::string_view list, std::size_t index) noexcept {
    std::size_t depth = 0;
    for (std::size_t at = 0; at < list.size();) {
        char const each = list[at];
        bool const space = each == ' ' || each == '\t' || each == '\n' || each == '\r';
        if (depth == 1 && index == 0 && !space) {
            return static_cast<std::uint32_t>(at);
        }
        if (each == '"') {
            at = behind_string(list, at);
            continue;
        }
        depth += each == '[' || each == '{' ? 1 : 0;
        depth -= each == ']' || each == '}' ? 1 : 0;
        index -= depth == 1 && each == ',' ? 1 : 0;
        ++at;
    }
    return 0;
}

} // namespace tandem::event
