#include "codecs/sql/quote.hpp"

namespace tandem::sql {
namespace {

void append_doubled(std::string& to, std::string_view text, std::string_view doubled) {
    for (char const letter : text) {
        if (doubled.find(letter) != std::string_view::npos) {
            to.push_back(letter);
        }
        to.push_back(letter);
    }
}

void append_identifier(std::string& to, std::string_view name) {
    to.push_back('"');
    append_doubled(to, name, "\"");
    to.push_back('"');
}

} // namespace

std::string identifier(std::string_view name) {
    std::string quoted;
    quoted.reserve(name.size() + 2);
    append_identifier(quoted, name);
    return quoted;
}

std::string qualified(std::string_view schema, std::string_view name) {
    std::string quoted;
    quoted.reserve(schema.size() + name.size() + 5);
    append_identifier(quoted, schema);
    quoted.push_back('.');
    append_identifier(quoted, name);
    return quoted;
}

std::string literal(std::string_view text) {
    std::string quoted;
    quoted.reserve(text.size() + 3);
    // Without E the meaning of a backslash hangs on standard_conforming_strings.
    if (text.find('\\') != std::string_view::npos) {
        quoted.push_back('E');
    }
    quoted.push_back('\'');
    append_doubled(quoted, text, "'\\");
    quoted.push_back('\'');
    return quoted;
}

} // namespace tandem::sql
