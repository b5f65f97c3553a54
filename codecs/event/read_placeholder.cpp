#include "codecs/event/read_placeholder.hpp"

#include "codecs/event/placeholder.hpp"
#include "codecs/values/bytes_text.hpp"
#include "codecs/values/name_uuid.hpp"

#include <algorithm>
#include <cstdint>

namespace tandem::event {
namespace {

namespace json = simdjson::dom;

bool are_codes(json::array const& elements, std::string_view placeholder) {
    auto const same = [](json::element element, int code) {
        std::int64_t number = 0;
        return element.get(number) == simdjson::SUCCESS && number == code;
    };
    return std::ranges::equal(elements, placeholder_codes(placeholder), same);
}

// Of its base64 in either alphabet: no byte of UTF-8 begins with the bits of the two digits that differ.
char first_digit(std::string_view text) noexcept {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return digits[static_cast<unsigned char>(text.front()) >> 2U];
}

} // namespace

bool is_placeholder(std::string_view text, value_kind kind, value_options const& options) {
    std::string_view const wanted = options.unavailable;
    bool const in_base64 = kind == value_kind::bytea && options.binaries != binary_mode::hex;
    bool const may_be = in_base64 && text.size() <= values::base64_room(wanted.size()) &&
                        !text.empty() && !wanted.empty() && text.front() == first_digit(wanted);
    if (text == wanted || !may_be) {
        return text == wanted;
    }
    auto const bytes = values::parse_base64(text); // padding may be missing
    return bytes && *bytes == wanted;
}

bool is_placeholder(json::array const& elements, resolved_type const& type,
                    value_options const& options) {
    if (elements_of(type, options) == list_of::whole_numbers) {
        return are_codes(elements, options.unavailable);
    }
    std::string_view text;
    if (elements.size() != 1 || elements.at(0).get(text) != simdjson::SUCCESS) {
        return false;
    }
    return type.kind == value_kind::uuid ? text == values::name_uuid(options.unavailable)
                                         : is_placeholder(text, type.kind, options);
}

} // namespace tandem::event
