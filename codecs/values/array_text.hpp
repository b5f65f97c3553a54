#pragma once
// PostgreSQL's text of arrays, of any element type and number of dimensions.
// Form: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO

#include "codecs/base/result.hpp"
#include "codecs/values/text_cursor.hpp"

#include <string>
#include <string_view>

namespace tandem::values {

// Walks one array token by token: `while ((t = in.next()).kind != end) ...`. After `failed` nothing more comes.
class array_text_reader {
public:
    enum class kind { open, close, value, null, end, failed };
    struct token {
        kind what = kind::end;
        std::string_view text; // of a value; valid until the next token
    };

    // `delimiter`: a comma for every type but box, whose is a semicolon.
    explicit array_text_reader(std::string_view text, char delimiter = ',');

    [[nodiscard]] token next();

    // "[2:4][0:1]" where the lower bounds are not all 1; empty otherwise.
    [[nodiscard]] std::string_view bounds() const noexcept { return bounds_; }
    // Of the array that is being read: 1 inside the outermost braces.
    [[nodiscard]] int depth() const noexcept { return depth_; }
    // bad_value at the byte that cannot be right, after `failed`.
    [[nodiscard]] codec_error error() const noexcept { return in_.finish(); }

private:
    enum class wanted { open, item, first_item, separator, nothing };

    token fail();
    token close();
    token value();
    token quoted();

    text_cursor in_;
    char delimiter_;
    std::string_view bounds_;
    std::string unescaped_;
    wanted next_ = wanted::open;
    int depth_ = 0;
};

// One element as it stands in an array: quoted where it has to be. "NULL" the word is quoted, NULL the value is not
// written by this.
void append_array_element(std::string_view text, char delimiter, std::string& into);

} // namespace tandem::values
