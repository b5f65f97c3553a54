#include "engine/config/pattern.hpp"

#include "engine/config/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace tandem::engine {
namespace {

constexpr std::size_t identifier_bytes_max = 63;

bool is_space(char each) noexcept {
    return std::isspace(static_cast<unsigned char>(each)) != 0;
}

char lower(char each) noexcept { // ASCII only: that is all PostgreSQL folds in UTF-8
    return each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
}

// Walks over one pattern; every failure names the whole text.
class reader {
public:
    explicit reader(std::string_view text) noexcept : text_{text} {}

    [[noreturn]] void fail(std::string const& why) const {
        throw config_error{fmt::format("table pattern '{}': {}", text_, why)};
    }
    [[nodiscard]] bool done() const noexcept { return at_ == text_.size(); }
    [[nodiscard]] char peek() const noexcept { return done() ? '\0' : text_[at_]; }
    [[nodiscard]] std::string_view rest() const noexcept { return text_.substr(at_); }
    void skip_space() noexcept {
        while (!done() && is_space(peek())) {
            ++at_;
        }
    }
    [[nodiscard]] bool take(char wanted) noexcept {
        if (peek() != wanted || done()) {
            return false;
        }
        ++at_;
        return true;
    }
    // One name; `wild`: quoted * ? and \ are escaped with \ so that the glob takes them literally.
    [[nodiscard]] std::string name(bool wild) {
        std::string read;
        std::size_t bytes = 0;
        if (take('"')) {
            while (true) {
                if (done()) {
                    fail("the quoted name has no end");
                }
                char const each = text_[at_++];
                if (each == '"' && !take('"')) {
                    break;
                }
                if (wild && (each == '*' || each == '?' || each == '\\')) {
                    read += '\\';
                }
                read += each;
                ++bytes;
            }
        } else {
            while (!done() && !is_space(peek()) &&
                   std::string_view{".,()\""}.find(peek()) == std::string_view::npos) {
                read += lower(text_[at_++]);
                ++bytes;
            }
        }
        if (read.empty()) {
            fail(done() ? "a name is missing at the end"
                        : fmt::format("a name is missing before '{}'", rest()));
        }
        if (bytes > identifier_bytes_max) {
            fail(fmt::format("name of {} bytes: PostgreSQL's limit is {}", bytes,
                             identifier_bytes_max));
        }
        return read;
    }
    [[nodiscard]] bool take_word(std::string_view word) noexcept {
        std::string_view const ahead = rest();
        if (ahead.size() < word.size()) {
            return false;
        }
        for (std::size_t i = 0; i < word.size(); ++i) {
            if (lower(ahead[i]) != word[i]) {
                return false;
            }
        }
        bool const whole = ahead.size() == word.size() || is_space(ahead[word.size()]) ||
                           ahead[word.size()] == '(';
        at_ += whole ? word.size() : 0;
        return whole;
    }

private:
    std::string_view text_;
    std::size_t at_ = 0;
};

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

void read_columns(reader& in, table_pattern& read) {
    do {
        in.skip_space();
        read.columns.push_back(in.name(false));
        in.skip_space();
    } while (in.take(','));
    if (!in.take(')')) {
        in.fail("the column list has no closing ')'");
    }
}

} // namespace

table_pattern parse_table_pattern(std::string_view text) {
    reader in{trimmed(text)};
    table_pattern read;
    read.text = std::string{trimmed(text)};
    if (read.text.empty()) {
        in.fail("it is empty");
    }
    read.schema = "public";
    read.table = in.name(true);
    if (in.take('.')) {
        read.schema = std::move(read.table);
        read.table = in.name(true);
    }
    if (in.peek() == '.') {
        in.fail("three parts; write schema.table, and quote a name that holds a dot");
    }
    in.skip_space();
    if (in.take('(')) {
        read_columns(in, read);
        in.skip_space();
    }
    if (in.take_word("where")) {
        read.where = std::string{trimmed(in.rest())};
        if (read.where.empty()) {
            in.fail("nothing follows 'where'");
        }
        return read;
    }
    if (in.peek() == ',') {
        in.fail("one pattern per flag; give the flag again for the next");
    }
    if (!in.done()) {
        in.fail(fmt::format("'{}' is not understood; expected [schema.]table [(column, ...)] "
                            "[where condition]",
                            in.rest()));
    }
    return read;
}

bool glob_matches(std::string_view pattern, std::string_view name) noexcept {
    // Greedy with one point to come back to: the last *.
    std::size_t p = 0;
    std::size_t n = 0;
    std::size_t star = std::string_view::npos;
    std::size_t star_name = 0;
    auto const next_character = [name](std::size_t at) {
        do {
            ++at;
        } while (at < name.size() && (static_cast<unsigned char>(name[at]) & 0xC0U) == 0x80U);
        return at;
    };
    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            star_name = n;
        } else if (p < pattern.size() && pattern[p] == '?') {
            ++p;
            n = next_character(n);
        } else {
            std::size_t const literal = p < pattern.size() && pattern[p] == '\\' ? p + 1 : p;
            if (literal < pattern.size() && pattern[literal] == name[n]) {
                p = literal + 1;
                ++n;
            } else if (star != std::string_view::npos) {
                p = star + 1;
                star_name = next_character(star_name);
                n = star_name;
            } else {
                return false;
            }
        }
    }
    while (p < pattern.size() && pattern[p] == '*') {
        ++p;
    }
    return p == pattern.size();
}

bool matches(table_pattern const& pattern, std::string_view schema,
             std::string_view table) noexcept {
    return glob_matches(pattern.schema, schema) && glob_matches(pattern.table, table);
}

bool hides(std::vector<table_pattern> const& masks, std::string_view schema, std::string_view table,
           std::string_view column) noexcept {
    return std::any_of(masks.begin(), masks.end(), [&](table_pattern const& mask) {
        return matches(mask, schema, table) &&
               std::any_of(mask.columns.begin(), mask.columns.end(),
                           [&](std::string const& each) { return glob_matches(each, column); });
    });
}

} // namespace tandem::engine
