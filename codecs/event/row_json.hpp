#pragma once
// A row of pgoutput as a JSON object, straight from the views into memory of the caller.

#include "codecs/base/result.hpp"
#include "codecs/event/column_plan.hpp"
#include "codecs/event/value_options.hpp"
#include "codecs/pgoutput/tuple.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace tandem::event {

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
