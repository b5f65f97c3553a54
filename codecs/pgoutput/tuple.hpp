#pragma once
// One row of a pgoutput message as views into the message's bytes.
// Protocol: https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html (TupleData)

#include "codecs/base/big_endian.hpp"

#include <cstdint>
#include <string_view>

namespace tandem::pgoutput {

// The tag in front of each column of a tuple.
enum class column_kind : char {
    null = 'n',
    unchanged = 'u', // a TOASTed value that the update did not touch: not sent, not null
    text = 't',      // the type's output form
    binary = 'b',    // the type's send form
};

struct column_view {
    column_kind kind = column_kind::null;
    std::string_view bytes; // empty for null and unchanged
};

// The columns of one row, in the order of their relation. Cheap to copy.
class tuple_view {
public:
    tuple_view() = default;
    tuple_view(std::uint16_t column_count, std::string_view columns) noexcept
        : columns_{columns}, column_count_{column_count} {}

    [[nodiscard]] std::uint16_t column_count() const noexcept { return column_count_; }
    [[nodiscard]] bool empty() const noexcept { return column_count_ == 0; }
    // Bytes of all columns with their tags and lengths.
    [[nodiscard]] std::string_view raw() const noexcept { return columns_; }

    // Walks the columns once: `tuple_view::cursor c{t}; while (left--) column_view v = c.next();`
    // Calling next() more than column_count() times is undefined.
    class cursor;

private:
    std::string_view columns_;
    std::uint16_t column_count_ = 0;
};

class tuple_view::cursor {
public:
    explicit cursor(tuple_view tuple) noexcept : at_{tuple.columns_.data()} {}
    [[nodiscard]] column_view next() noexcept;

private:
    char const* at_;
};

inline column_view tuple_view::cursor::next() noexcept {
    auto const kind = static_cast<column_kind>(*at_);
    if (kind != column_kind::text && kind != column_kind::binary) {
        ++at_;
        return {kind, {}};
    }
    std::string_view const value{at_ + 5, load_big_endian<std::uint32_t>(at_ + 1)};
    at_ = value.data() + value.size();
    return {kind, value};
}

} // namespace tandem::pgoutput
