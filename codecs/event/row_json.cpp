// Compiled once for any processor and, where that is an x86-64, once more for x86-64-v3 (TANDEM_ISA names which).
// No inline function of a library may leave this file out of line: the linker would keep one of the two
// copies for everybody. tests/support/shares_nothing looks at the object.
#include "codecs/event/column_plan.hpp"
#include "codecs/event/json_text.hpp"
#include "codecs/event/row_json_isa.hpp"

#include <cstring>

// write_row_baseline, write_row_x86_64_v3
#define TANDEM_JOINED(name, isa) name##_##isa
#define TANDEM_NAMED(name, isa) TANDEM_JOINED(name, isa)

namespace tandem::event {
namespace {

bool is(std::string_view text, char const* other, std::size_t size) noexcept {
    return text.size() == size && std::memcmp(text.data(), other, size) == 0;
}

char* write_real(std::string_view text, char* out) noexcept {
    if (is(text, "NaN", 3) || is(text, "Infinity", 8) || is(text, "-Infinity", 9)) {
        return append_string(out, text);
    }
    return append_number_text(out, text);
}

char* write_boolean(std::string_view text, char* out) noexcept {
    if (is(text, "t", 1)) {
        return append(out, "true");
    }
    if (is(text, "f", 1)) {
        return append(out, "false");
    }
    return nullptr;
}

char* write_value(column_plan const& column, std::string_view text, char* out) {
    switch (column.form) {
    case json_form::string:
        return append_string(out, text);
    case json_form::number:
        return append_number_text(out, text);
    case json_form::real:
        return write_real(text, out);
    case json_form::boolean:
        return write_boolean(text, out);
    case json_form::converted:
        return column.convert(column, text, out);
    case json_form::left_out:
        break;
    }
    return nullptr;
}

} // namespace

row_end TANDEM_NAMED(write_row, TANDEM_ISA)(column_plan const* column, char const* fragments,
                                            pgoutput::tuple_view row, row_part part, char* out) {
    char* const start = out;
    pgoutput::tuple_view::cursor cursor{row};
    std::uint32_t const count = row.column_count();
    for (std::uint32_t index = 0; index < count; ++index, ++column) {
        pgoutput::column_view const value = cursor.next();
        if (column->form == json_form::left_out ||
            (column->parts & static_cast<std::uint8_t>(part)) == 0) {
            continue;
        }
        if (value.kind == pgoutput::column_kind::text) {
            out = append_fragment(out, fragments + column->name_at, column->name_size);
            out = write_value(*column, value.bytes, out);
            if (out == nullptr) {
                return {nullptr, index};
            }
        } else if (value.kind == pgoutput::column_kind::null) {
            out = append_fragment(out, fragments + column->name_at, column->name_size);
            out = append_fragment(out, fragments + column->null_at, column->null_size);
        } else if (value.kind == pgoutput::column_kind::binary) {
            return {nullptr, index};
        } else if (column->unchanged_size != 0) {
            out = append_fragment(out, fragments + column->name_at, column->name_size);
            out = append_fragment(out, fragments + column->unchanged_at, column->unchanged_size);
        }
    }
    if (out == start) {
        *out++ = '{';
    } else {
        *start = '{'; // in place of the first comma
    }
    *out++ = '}';
    return {out, 0};
}

} // namespace tandem::event
