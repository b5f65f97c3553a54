#pragma once
// PostgreSQL's text as the JSON values that Debezium's converters make of it: convert_value functions.
//
// Each writes one JSON value and returns its end, nullptr when the text is none of its type. None of them writes
// more than `converted_extra` bytes beyond 8 for each byte of text; those of a number with a scale as many more as
// digits_room() says, for each number.

#include "codecs/event/row_json.hpp"

#include <cstddef>
#include <cstdint>

namespace tandem::event::debezium {

inline constexpr std::size_t converted_extra = 192;
inline constexpr std::size_t converted_growth = 8;

// The digits that a scale adds to a text that has fewer, in base64: the server sends all of them, other bytes may not.
[[nodiscard]] constexpr std::size_t digits_room(std::int32_t scale) noexcept {
    return scale > 0 ? static_cast<std::size_t>(scale) : 0;
}

// column_plan::parameter means: digits behind the point, of a second, or of a money amount.
char* date_days(column_plan const& column, std::string_view text, char* out);
char* date_iso(column_plan const& column, std::string_view text, char* out);
char* time_millis(column_plan const& column, std::string_view text, char* out);
char* time_micros(column_plan const& column, std::string_view text, char* out);
char* time_nanos(column_plan const& column, std::string_view text, char* out);
char* time_iso(column_plan const& column, std::string_view text, char* out);
char* time_utc(column_plan const& column, std::string_view text, char* out); // timetz
char* timestamp_millis(column_plan const& column, std::string_view text, char* out);
char* timestamp_micros(column_plan const& column, std::string_view text, char* out);
char* timestamp_nanos(column_plan const& column, std::string_view text, char* out);
char* timestamp_iso(column_plan const& column, std::string_view text, char* out);
char* timestamp_utc(column_plan const& column, std::string_view text, char* out); // timestamptz
char* interval_micros(column_plan const& column, std::string_view text, char* out);
char* interval_iso(column_plan const& column, std::string_view text, char* out);

char* decimal_bytes(column_plan const& column, std::string_view text, char* out);
char* decimal_struct(column_plan const& column, std::string_view text,
                     char* out); // VariableScaleDecimal
char* decimal_string(column_plan const& column, std::string_view text, char* out);
char* decimal_double(column_plan const& column, std::string_view text, char* out);
char* money_bytes(column_plan const& column, std::string_view text, char* out);
char* money_string(column_plan const& column, std::string_view text, char* out);
char* money_double(column_plan const& column, std::string_view text, char* out);

char* bytea_base64(column_plan const& column, std::string_view text, char* out);
char* bytea_base64_url(column_plan const& column, std::string_view text, char* out);
char* bytea_hex(column_plan const& column, std::string_view text, char* out);
char* bit_boolean(column_plan const& column, std::string_view text, char* out);
char* bit_bytes(column_plan const& column, std::string_view text, char* out);

// One-dimensional arrays, element by element as column_plan says; others have no form with Debezium.
char* array_list(column_plan const& column, std::string_view text, char* out);

char* hstore_json_text(column_plan const& column, std::string_view text,
                       char* out); // a string of JSON
char* hstore_object(column_plan const& column, std::string_view text, char* out);
char* point_struct(column_plan const& column, std::string_view text, char* out);

} // namespace tandem::event::debezium
