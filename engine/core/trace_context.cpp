#include "engine/core/trace_context.hpp"

#include <algorithm>

namespace tandem::engine {
namespace {

constexpr std::size_t parent_size = 55;
constexpr std::size_t state_most = 512;

bool is_hex(std::string_view text) noexcept {
    return std::ranges::all_of(text, [](char each) {
        return (each >= '0' && each <= '9') || (each >= 'a' && each <= 'f');
    });
}

bool is_id(std::string_view text) noexcept {
    return is_hex(text) && text.find_first_not_of('0') != text.npos;
}

} // namespace

bool is_trace_parent(std::string_view text) noexcept {
    if (text.size() < parent_size || text.size() > state_most || text[2] != '-' ||
        text[35] != '-' || text[52] != '-') {
        return false;
    }
    auto const version = text.substr(0, 2);
    bool const ends = text.size() == parent_size;
    bool const known_end = version == "00" ? ends : ends || text[parent_size] == '-';
    return is_hex(version) && version != "ff" && known_end && is_id(text.substr(3, 32)) &&
           is_id(text.substr(36, 16)) && is_hex(text.substr(53, 2)) && is_trace_state(text);
}

bool is_trace_state(std::string_view text) noexcept {
    return !text.empty() && text.size() <= state_most &&
           std::ranges::all_of(text, [](char each) { return each >= ' ' && each <= '~'; });
}

bool trace_context::take(std::string_view prefix, std::string_view content) {
    if (prefix == trace_parent && is_trace_parent(content)) {
        parent = content;
        return true;
    }
    if (prefix == trace_state && is_trace_state(content)) {
        state = content;
        return true;
    }
    return false;
}

} // namespace tandem::engine
