#include "engine/ddl/definition_names.hpp"

#include "codecs/sql/quote.hpp"

#include <algorithm>
#include <array>

namespace tandem::engine::ddl {
namespace {

bool begins_word(char each) noexcept {
    return (each >= 'a' && each <= 'z') || each == '_' || static_cast<unsigned char>(each) >= 0x80;
}

bool in_word(char each) noexcept {
    return begins_word(each) || (each >= 'A' && each <= 'Z') || (each >= '0' && each <= '9') ||
           each == '$';
}

// Behind the closing quote; one that is doubled does not close.
std::size_t end_of_quoted(std::string_view text, std::size_t at) noexcept {
    char const quote = text[at++];
    while (at < text.size()) {
        if (text[at++] != quote) {
            continue;
        }
        if (at == text.size() || text[at] != quote) {
            break;
        }
        ++at;
    }
    return at;
}

std::size_t end_of_word(std::string_view text, std::size_t at) noexcept {
    while (at < text.size() && in_word(text[at])) {
        ++at;
    }
    return at;
}

std::string unquoted(std::string_view word) {
    if (!word.starts_with('"')) {
        return std::string{word};
    }
    std::string made;
    for (std::size_t at = 1; at + 1 < word.size(); ++at) {
        made += word[at];
        at += word[at] == '"' ? 1 : 0;
    }
    return made;
}

// As a server writes it, but for key words.
std::string as_written(std::string const& name) {
    bool const plain =
        !name.empty() && begins_word(name.front()) && std::ranges::all_of(name, [](char each) {
            return (each >= 'a' && each <= 'z') || (each >= '0' && each <= '9') || each == '_';
        });
    return plain ? name : sql::identifier(name);
}

std::string_view word_before(std::string_view text, std::size_t begin) noexcept {
    if (begin == 0 || text[begin - 1] != ' ') {
        return {};
    }
    auto at = begin - 1;
    while (at > 0 && in_word(text[at - 1])) {
        --at;
    }
    return text.substr(at, begin - 1 - at);
}

// "timestamp with time zone" has no column, nor has COLLATE "C".
bool is_of_type_or_collation(std::string_view text, std::size_t begin) noexcept {
    constexpr std::array<std::string_view, 7> words{"with", "without", "time",   "character",
                                                    "bit",  "double",  "COLLATE"};
    return std::ranges::find(words, word_before(text, begin)) != words.end();
}

bool may_be_column(std::string_view text, std::size_t begin, std::size_t end) noexcept {
    auto const before = begin == 0 ? ' ' : text[begin - 1];
    auto const next = text.find_first_not_of(' ', end);
    return before != ':' && before != '.' && !is_of_type_or_collation(text, begin) &&
           (next == std::string_view::npos || (text[next] != '(' && text[next] != '.'));
}

} // namespace

std::optional<std::string> with_names(std::string_view text, column_names const& now) {
    std::string made;
    for (std::size_t at = 0; at < text.size();) {
        bool const name = text[at] == '"' || begins_word(text[at]);
        auto end = at + 1;
        if (name || text[at] == '\'') {
            end = name && text[at] != '"' ? end_of_word(text, at) : end_of_quoted(text, at);
        } else if (in_word(text[at])) { // a number, a word of SQL
            end = end_of_word(text, at);
        }
        auto const word = text.substr(at, end - at);
        auto const found =
            name && may_be_column(text, at, end) ? now.find(unquoted(word)) : now.end();
        if (found == now.end()) {
            made += word;
        } else if (found->second) {
            made += as_written(*found->second);
        } else {
            return std::nullopt;
        }
        at = end;
    }
    return made;
}

} // namespace tandem::engine::ddl
