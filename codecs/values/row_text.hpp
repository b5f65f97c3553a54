#pragma once
// PostgreSQL's text of composite values, ranges and multiranges, of any element types.
// Forms: https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX
//        https://www.postgresql.org/docs/current/rangetypes.html#RANGETYPES-IO

#include "codecs/base/arena.hpp"
#include "codecs/base/result.hpp"
#include "codecs/values/text_cursor.hpp"

#include <optional>
#include <string_view>

namespace tandem::values {

// Elements are views into the text, or into `strings` where quotes or escapes had to be undone; valid as long as both.
// Errors: bad_value, at the byte that cannot be right. What the elements' own types say of them is not looked at.

// Walks the columns of one composite value: `while ((e = in.next()).what == value or null)`. It does not know how many
// columns its type has; "()" is one null, and also what the server writes of a type without columns.
class record_text_reader {
public:
    enum class kind { value, null, end, failed };
    struct element {
        kind what = kind::end;
        std::string_view text;
    };

    record_text_reader(std::string_view text, arena& strings);

    [[nodiscard]] element next();
    [[nodiscard]] codec_error error() const noexcept { return in_.finish(); } // after `failed`

private:
    text_cursor in_;
    arena& strings_;
    bool last_ = false; // the closing parenthesis was taken
};

struct range_text {
    bool empty = false; // then nothing else is set
    bool lower_inclusive = false;
    bool upper_inclusive = false;
    std::optional<std::string_view> lower; // none: unbounded
    std::optional<std::string_view> upper;
};

[[nodiscard]] result<range_text> parse_range(std::string_view text, arena& strings);

// Walks the ranges of one multirange, in the order of the text: they need not be in the server's.
class multirange_text_reader {
public:
    multirange_text_reader(std::string_view text, arena& strings);

    // None: the end, or a failure, see error().
    [[nodiscard]] std::optional<range_text> next();
    [[nodiscard]] codec_error error() const noexcept {
        return in_.finish();
    } // code ok: it ended well

private:
    text_cursor in_;
    arena& strings_;
    bool first_ = true;
    bool last_ = false; // the closing brace was taken
};

} // namespace tandem::values
