#pragma once
// Where in a record something is wrong, in words. Only for what is refused: each call reads the record from its start.

#include "codecs/event/event_error.hpp"
#include "codecs/event/event_view.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::event {

// The fields that lead to a byte of a JSON text: `after.tags[2]`, places in lists from 0. A name of other than letters
// of ASCII, digits and underscores stands in quotes, as the text has it; long names and paths are cut. Empty where no
// field has begun. The text may be none: what is before the byte is read as far as it can be.
[[nodiscard]] std::string field_at(std::string_view json, std::uint32_t offset);

// "a number is none, or is out of range (at byte 120, field after.likes)": an error of event_decoder's.
[[nodiscard]] std::string message_of(event_error const& error, std::string_view record);

// "column tags[2] of table public.chat: a value is none of its column's type": an error of exact_text() or
// debezium_text().
[[nodiscard]] std::string message_of_column(event_error const& error, field_value const& value,
                                            std::string_view schema, std::string_view table,
                                            std::string_view column);

// The byte of a text without tokens that keeps it from being JSON: the first one that is not UTF-8, a control inside a
// string, the quote of a string that does not end. 0: none of these.
[[nodiscard]] std::uint32_t untokened_at(event_errc error, std::string_view text) noexcept;

// Where the element of a list begins; the list is JSON and has it.
[[nodiscard]] std::uint32_t element_at(std::string_view list, std::size_t index) noexcept;

// The elements of a list of numbers and words as they stand in it, from the first on. The list is JSON.
class list_tokens {
public:
    explicit list_tokens(std::string_view list) noexcept : left_{list.substr(list.find('[') + 1)} {}

    // `index` is not below that of the call before; the list has it, and neither strings nor nested lists up to there.
    [[nodiscard]] std::string_view token(std::size_t index) noexcept {
        for (; index_ < index; ++index_) {
            left_.remove_prefix(left_.find(',') + 1);
        }
        constexpr std::string_view spaces = " \t\n\r";
        left_.remove_prefix(left_.find_first_not_of(spaces));
        return left_.substr(0, left_.find_first_of(",] \t\n\r"));
    }

private:
    std::string_view left_; // from the element on
    std::size_t index_ = 0;
};

} // namespace tandem::event
