#include "codecs/values/row_text.hpp"

namespace tandem::values {
namespace {

void skip_space(text_cursor& in) noexcept {
    constexpr std::string_view space = " \t\n\v\f\r";
    while (!in.done() && space.find(in.peek()) != std::string_view::npos) {
        in.back_to(in.place() + 1);
    }
}

bool take_word(text_cursor& in, std::string_view lower_case) noexcept {
    std::string_view const here = in.rest().substr(0, lower_case.size());
    bool same = here.size() == lower_case.size();
    for (std::size_t at = 0; same && at < here.size(); ++at) {
        same = (here[at] | 0x20) == lower_case[at];
    }
    in.back_to(in.place() + (same ? lower_case.size() : 0));
    return same;
}

// Up to one of `ends` outside quotes, which may begin and end anywhere. None: the text begins with one of them.
std::optional<std::string_view> take_element(text_cursor& in, std::string_view ends,
                                             arena& strings) {
    std::string_view const rest = in.rest();
    auto const is_end = [ends](char each) { return ends.find(each) != std::string_view::npos; };
    std::size_t plain = 0;
    while (plain < rest.size() && rest[plain] != '"' && rest[plain] != '\\' &&
           !is_end(rest[plain])) {
        ++plain;
    }
    if (plain < rest.size() && is_end(rest[plain])) {
        in.back_to(in.place() + plain);
        return plain == 0 ? std::nullopt : std::optional{rest.substr(0, plain)};
    }
    char* const out = strings.reserve(rest.size());
    std::size_t size = 0;
    bool quoted = false;
    std::size_t at = 0;
    for (; at < rest.size() && (quoted || !is_end(rest[at])); ++at) {
        if (rest[at] == '\\' ||
            (quoted && rest[at] == '"' && rest.substr(at + 1).starts_with('"'))) {
            if (++at == rest.size()) {
                break;
            }
        } else if (rest[at] == '"') {
            quoted = !quoted;
            continue;
        }
        out[size++] = rest[at];
    }
    in.back_to(in.place() + at);
    if (at == rest.size()) {
        in.fail(); // never ended
    }
    return strings.commit(size);
}

void take_end(text_cursor& in) noexcept {
    skip_space(in);
    if (!in.done()) {
        in.fail();
    }
}

range_text take_range(text_cursor& in, arena& strings) {
    range_text range;
    if (take_word(in, "empty")) {
        range.empty = true;
        return range;
    }
    range.lower_inclusive = in.take("[");
    if (!range.lower_inclusive) {
        in.expect("(");
    }
    constexpr std::string_view ends = ",)]";
    if (!in.failed()) {
        range.lower = take_element(in, ends, strings);
    }
    in.expect(",");
    if (!in.failed()) {
        range.upper = take_element(in, ends, strings);
    }
    range.upper_inclusive = in.take("]");
    if (!range.upper_inclusive) {
        in.expect(")");
    }
    return range;
}

} // namespace

record_text_reader::record_text_reader(std::string_view text, arena& strings)
    : in_{text}, strings_{strings} {
    skip_space(in_);
    in_.expect("(");
}

record_text_reader::element record_text_reader::next() {
    if (last_ && !in_.failed()) {
        take_end(in_);
    }
    if (in_.failed()) {
        return {kind::failed, {}};
    }
    if (last_) {
        return {kind::end, {}};
    }
    auto const text = take_element(in_, ",)", strings_);
    last_ = in_.take(")");
    if (!last_) {
        in_.expect(",");
    }
    if (in_.failed()) {
        return {kind::failed, {}};
    }
    return text ? element{kind::value, *text} : element{kind::null, {}};
}

result<range_text> parse_range(std::string_view text, arena& strings) {
    text_cursor in{text};
    skip_space(in);
    range_text const range = take_range(in, strings);
    if (!in.failed()) {
        take_end(in);
    }
    codec_error const error = in.finish();
    return error.code == codec_errc::ok ? result<range_text>{range} : result<range_text>{error};
}

multirange_text_reader::multirange_text_reader(std::string_view text, arena& strings)
    : in_{text}, strings_{strings} {
    skip_space(in_);
    in_.expect("{");
}

std::optional<range_text> multirange_text_reader::next() {
    if (in_.failed() || last_) {
        return std::nullopt;
    }
    skip_space(in_);
    if (in_.take("}")) {
        last_ = true;
        take_end(in_);
        return std::nullopt;
    }
    if (!first_) {
        in_.expect(",");
        skip_space(in_);
    }
    first_ = false;
    range_text const range = in_.failed() ? range_text{} : take_range(in_, strings_);
    return in_.failed() ? std::nullopt : std::optional{range};
}

} // namespace tandem::values
