#pragma once
// From a decoded event's values back to PostgreSQL's text, by the type of the column they go to.

#include "codecs/event/decode.hpp"
#include "codecs/event/value_kind.hpp"
#include "codecs/event/value_options.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace tandem::event {

// Exact values: the text that exact_plan() was given, bit for bit. `value` is neither null nor absent.
// Error: wrong_type, when it is an object or a list.
[[nodiscard]] event_result<std::string_view> exact_text(field_value const& value) noexcept;

// Values in Debezium's modes, which the reader must know: a number alone does not say what it counts. `out` is
// overwritten. What a mode has lost does not come back: the digits of varbit before its first 1, zeros at the end
// of a numeric without a scale, the months of an interval in mode numeric, the zone of a timetz.
// Errors: wrong_type for a JSON type that the mode never has, bad_value for a text that is none of the type,
// zero_character and duplicate_field in what is nested, unavailable for the placeholder in the form that the type gives it
// (placeholder.hpp; a value that is the same is taken for it). The offset counts within the text of a range, multirange or
// composite value, and in the JSON of a list to its element that is refused; otherwise it is zero. message_of_column() in
// event_place.hpp says it in words.
[[nodiscard]] event_result<void> debezium_text(field_value const& value, resolved_type const& type,
                                               value_options const& options, std::string& out);

// The same for many values, into the same memory: once that and `out` have grown, none is allocated but for lists of
// numbers, hstore, point, money, bit strings of more than 120 bits and numbers of more than 36 digits. One per thread.
class value_reader {
public:
    value_reader();
    ~value_reader();
    value_reader(value_reader const&) = delete;
    value_reader& operator=(value_reader const&) = delete;

    [[nodiscard]] event_result<void> text(field_value const& value, resolved_type const& type,
                                          value_options const& options, std::string& out);

private:
    struct state;
    std::unique_ptr<state> state_;
};

// The bytes of a message's content, which its text has in the writer's binary.handling.mode. `out` is overwritten.
// Error: bad_value, when it is not that.
[[nodiscard]] event_result<void> message_bytes(std::string_view content, binary_mode mode,
                                               std::string& out);

} // namespace tandem::event
