#pragma once
// How a column is written. What row_json.cpp sees is here and nothing else: it is compiled for each instruction set, so
// that no function of a library may come with it.

#include <cstdint>
#include <string_view>

namespace tandem::event {

// How a column's PostgreSQL text becomes a JSON value.
enum class json_form : std::uint8_t {
    string,    // as it is, escaped
    number,    // as it is: the text of an integer is one in JSON
    real,      // a number when it is finite; "NaN", "Infinity", "-Infinity" otherwise
    boolean,   // t, f
    converted, // by column_plan::convert
    left_out,  // the column is not in the event
};

// Which columns of a row are written.
enum class row_part : std::uint8_t {
    all = 1,
    key = 2, // those of the record's key
    identity =
        4, // those of the replica identity: all that a row has which was sent by its key only
};

struct column_plan;

// Writes the JSON value of `text` at `out`, which has room for `room(text.size())` bytes, and returns its end;
// nullptr when the text is no value of the column's type.
using convert_value = char* (*)(column_plan const& column, std::string_view text, char* out);

struct column_plan {
    std::uint32_t name_at = 0; // of `"name":` in row_plan::fragments, with a comma in front
    std::uint16_t name_size = 0;
    json_form form = json_form::string;
    std::uint8_t parts = 1;                     // a bit for each row_part that it belongs to
    std::int32_t parameter = 0;                 // the conversion's own: a scale, a precision
    convert_value convert = nullptr;            // for json_form::converted
    json_form element_form = json_form::string; // of an array's elements, for its conversion
    convert_value element_convert = nullptr;
    std::uint32_t unchanged_at =
        0; // what stands for a value that was not sent; size 0: the column is left out
    std::uint32_t unchanged_size = 0;
    std::uint32_t null_at = 0; // what stands for a null
    std::uint32_t null_size = 0;
};

} // namespace tandem::event
