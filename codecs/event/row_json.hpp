#pragma once
// A row of pgoutput as a JSON object, straight from the views into memory of the caller.

#include "codecs/base/result.hpp"
#include "codecs/event/value_options.hpp"
#include "codecs/pgoutput/tuple.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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

// Everything about a relation that its rows have in common. Built once, then only read.
struct row_plan {
    std::vector<column_plan> columns;
    std::string fragments;  // with padding behind the last
    std::size_t fixed = 0;  // bytes of all names, nulls and punctuation together, at most
    std::size_t growth = 6; // bytes that one byte of text becomes, at most
    value_form values = value_form::exact;
    // What is written of an old row that was sent by its key only.
    row_part of_key_row = row_part::identity;

    // Bytes to have ready for a row, slack included.
    [[nodiscard]] std::size_t room(pgoutput::tuple_view row) const noexcept;
};

// `{"a":1,"b":null}`. Columns that were not sent are left out or stand for themselves as planned. `out` has
// row_plan::room() bytes. The error's offset is the number of the column that is no value of its type, or is
// in binary form.
[[nodiscard]] result<char*> write_row(row_plan const& plan, pgoutput::tuple_view row, row_part part,
                                      char* out);

} // namespace tandem::event
