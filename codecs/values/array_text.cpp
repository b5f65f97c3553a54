#include "codecs/values/array_text.hpp"

#include <algorithm>

namespace tandem::values {
namespace {

constexpr int depth_most = 6; // MAXDIM of the server

bool is_space(char each) noexcept {
    return each == ' ' || each == '\t' || each == '\n' || each == '\r' || each == '\v' ||
           each == '\f';
}

bool is_null_word(std::string_view text) noexcept {
    constexpr std::string_view word = "NULL";
    return text.size() == word.size() &&
           std::equal(text.begin(), text.end(), word.begin(),
                      [](char left, char right) { return (left | 0x20) == (right | 0x20); });
}

// [-2:4]
bool take_bound(text_cursor& in) noexcept {
    if (!in.take("[")) {
        return false;
    }
    in.take("-");
    in.digits(1, 10);
    in.expect(":");
    in.take("-");
    in.digits(1, 10);
    in.expect("]");
    return !in.failed();
}

} // namespace

array_text_reader::array_text_reader(std::string_view text, char delimiter)
    : in_{text}, delimiter_{delimiter} {
    while (take_bound(in_)) {
    }
    if (in_.place() > 0) {
        bounds_ = text.substr(0, in_.place());
        in_.expect("=");
    }
}

array_text_reader::token array_text_reader::fail() {
    in_.fail();
    return {kind::failed, {}};
}

array_text_reader::token array_text_reader::next() {
    if (in_.failed()) {
        return {kind::failed, {}};
    }
    switch (next_) {
    case wanted::nothing:
        return in_.done() ? token{kind::end, {}} : fail();
    case wanted::separator:
        if (in_.peek() == '}') {
            return close();
        }
        if (!in_.take({&delimiter_, 1})) {
            return fail();
        }
        return value();
    case wanted::first_item:
        return in_.peek() == '}' ? close() : value();
    case wanted::open:
        return in_.peek() == '{' ? value() : fail();
    case wanted::item:
        break;
    }
    return value();
}

array_text_reader::token array_text_reader::close() {
    in_.expect("}");
    --depth_;
    next_ = depth_ == 0 ? wanted::nothing : wanted::separator;
    return {kind::close, {}};
}

array_text_reader::token array_text_reader::value() {
    if (in_.peek() == '{') {
        if (depth_ == depth_most) {
            return fail();
        }
        in_.expect("{");
        ++depth_;
        next_ = wanted::first_item;
        return {kind::open, {}};
    }
    next_ = wanted::separator;
    if (in_.peek() == '"') {
        return quoted();
    }
    // The server quotes whatever could be mistaken, so that an open text has no escapes.
    std::string_view const rest = in_.rest();
    std::size_t size = 0;
    while (size < rest.size() && rest[size] != delimiter_ && rest[size] != '}') {
        if (rest[size] == '"' || rest[size] == '\\' || rest[size] == '{' || is_space(rest[size])) {
            in_.back_to(in_.place() + size);
            return fail();
        }
        ++size;
    }
    if (size == 0) {
        return fail();
    }
    in_.back_to(in_.place() + size);
    std::string_view const text = rest.substr(0, size);
    return is_null_word(text) ? token{kind::null, {}} : token{kind::value, text};
}

array_text_reader::token array_text_reader::quoted() {
    in_.expect("\"");
    std::string_view const rest = in_.rest();
    std::size_t const plain = rest.find_first_of("\"\\");
    if (plain != std::string_view::npos && rest[plain] == '"') {
        in_.back_to(in_.place() + plain + 1);
        return {kind::value, rest.substr(0, plain)};
    }
    unescaped_.clear();
    for (std::size_t at = 0; at < rest.size(); ++at) {
        if (rest[at] == '"') {
            in_.back_to(in_.place() + at + 1);
            return {kind::value, unescaped_};
        }
        if (rest[at] == '\\' && ++at == rest.size()) {
            break;
        }
        unescaped_.push_back(rest[at]);
    }
    in_.back_to(in_.place() + rest.size());
    return fail(); // never closed
}

void append_array_element(std::string_view text, char delimiter, std::string& into) {
    bool const plain = !text.empty() && !is_null_word(text) &&
                       std::none_of(text.begin(), text.end(), [&](char each) {
                           return each == '"' || each == '\\' || each == '{' || each == '}' ||
                                  each == delimiter || is_space(each);
                       });
    if (plain) {
        into += text;
        return;
    }
    into.push_back('"');
    for (char const each : text) {
        if (each == '"' || each == '\\') {
            into.push_back('\\');
        }
        into.push_back(each);
    }
    into.push_back('"');
}

} // namespace tandem::values
