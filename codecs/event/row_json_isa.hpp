#pragma once
// write_row() as each instruction set has it; row_json_dispatch.cpp chooses.

#include "codecs/event/column_plan.hpp"
#include "codecs/pgoutput/tuple.hpp"

#include <cstdint>
#include <span>

namespace tandem::event {

struct row_end {
    char* at;             // nullptr: the column cannot be written
    std::uint32_t column; // that one
};

using write_row_function = row_end (*)(column_plan const* columns, char const* fragments,
                                       pgoutput::tuple_view row, row_part part, char* out);

row_end write_row_baseline(column_plan const* columns, char const* fragments,
                           pgoutput::tuple_view row, row_part part, char* out);
row_end write_row_x86_64_v3(column_plan const* columns, char const* fragments,
                            pgoutput::tuple_view row, row_part part, char* out);

struct row_writer {
    char const* isa; // the instruction set that it needs
    write_row_function write;
};

// Whether this processor is one for write_row_x86_64_v3.
[[nodiscard]] bool processor_has_v3() noexcept;
// Those of this build that such a processor can run: the baseline first, the one that write_row() takes last.
[[nodiscard]] std::span<row_writer const> row_writers(bool has_v3) noexcept;

} // namespace tandem::event
