#include "codecs/event/json_tokens.hpp"

#include <simdjson.h>

#include <algorithm>
#include <new>

namespace tandem::event {
namespace {

constexpr int depth_most = 64; // of what a column may hold

// Takes the digits at the front; false when there are none.
bool take_digits(std::string_view& text) noexcept {
    std::size_t count = 0;
    while (count < text.size() && is_digit(text[count])) {
        ++count;
    }
    text.remove_prefix(count);
    return count > 0;
}

} // namespace

bool is_any_number(std::string_view text) noexcept {
    if (!text.empty() && text.front() == '-') {
        text.remove_prefix(1);
    }
    if (text.size() > 1 && text[0] == '0' && is_digit(text[1])) {
        return false;
    }
    if (!take_digits(text)) {
        return false;
    }
    if (!text.empty() && text.front() == '.') {
        text.remove_prefix(1);
        if (!take_digits(text)) {
            return false;
        }
    }
    if (!text.empty() && (text.front() == 'e' || text.front() == 'E')) {
        text.remove_prefix(1);
        if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
            text.remove_prefix(1);
        }
        return take_digits(text) && text.empty();
    }
    return text.empty();
}

event_errc no_value(char first) noexcept {
    constexpr std::string_view others{"\0\"tfn,:]}", 9};
    return others.find(first) == std::string_view::npos ? event_errc::bad_number
                                                        : event_errc::not_json;
}

passed_value pass_value(json_text const& in, token_place at) noexcept {
    char const* const from = in.start(at);
    char const* end = from;
    std::uint64_t objects = 0; // one bit a level: an object, not a list
    int depth = 0;
    for (;;) {
        char const first = in.front(at);
        bool opened = first == '{' || first == '[';
        if (opened) {
            if (depth == depth_most) {
                return {at, {}, event_errc::too_deep};
            }
            ++depth;
            objects = objects << 1U | (first == '{' ? 1U : 0U);
        } else {
            std::string_view const scalar = in.token(at);
            if (!is_scalar(scalar)) {
                return {at, {}, no_value(first)};
            }
            end = scalar.data() + scalar.size();
        }
        at = in.next(at);
        while (depth > 0 && in.front(at) == ((objects & 1U) != 0 ? '}' : ']')) {
            end = in.start(at++) + 1;
            objects >>= 1U;
            --depth;
            opened = false;
        }
        if (depth == 0) {
            return {at, {from, static_cast<std::size_t>(end - from)}};
        }
        if (!opened) {
            if (in.front(at) != ',') {
                return {at, {}, event_errc::not_json};
            }
            ++at;
        }
        if ((objects & 1U) != 0) {
            if (in.name(at) == nullptr) {
                return {in.no_name(at), {}, event_errc::not_json};
            }
            at += 2;
        }
    }
}

struct json_tokens::state {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
};

json_tokens::json_tokens() : state_{std::make_unique<state>()} {}
json_tokens::~json_tokens() = default;

event_errc json_tokens::find(std::string_view text) {
    return find_within(text, text.size());
}

event_errc json_tokens::find_head(std::string_view text, std::size_t head) {
    event_errc const failed = find_within(text, head);
    if (failed == event_errc::ok) {
        auto& stage = *state_->stage; // which has room for three more than its text has bytes
        std::uint32_t* const behind = stage.structural_indexes.get() + stage.n_structural_indexes;
        behind[0] = static_cast<std::uint32_t>(head);
        behind[1] = static_cast<std::uint32_t>(text.size() - 1);
        behind[2] = static_cast<std::uint32_t>(text.size());
        stage.n_structural_indexes += 2;
    }
    return failed;
}

event_errc json_tokens::find_within(std::string_view text, std::size_t size) {
    constexpr std::size_t least = 4'096;
    constexpr std::size_t most_spare =
        1'048'576; // a large record is rare, and takes four bytes for each of its own
    text_ = text.data();
    auto& stage = state_->stage;
    if (stage == nullptr || stage->capacity() < text.size()) {
        std::size_t const capacity =
            std::max(text.size() + std::min(text.size(), most_spare), least);
        simdjson::error_code const failed =
            simdjson::get_active_implementation()->create_dom_parser_implementation(
                capacity, depth_most, stage);
        if (failed != simdjson::SUCCESS) {
            throw std::bad_alloc{};
        }
    }
    simdjson::error_code const failed = stage->stage1(
        reinterpret_cast<std::uint8_t const*>(text.data()), size, simdjson::stage1_mode::regular);
    if (failed == simdjson::SUCCESS) {
        return event_errc::ok;
    }
    stage->n_structural_indexes = 0;
    return failed == simdjson::UTF8_ERROR ? event_errc::bad_utf8 : event_errc::not_json;
}

json_text json_tokens::found() const noexcept {
    auto const& stage = *state_->stage;
    return {text_, stage.structural_indexes.get(), stage.n_structural_indexes};
}

} // namespace tandem::event
