// From a row of pgoutput to its event and back: every text returns as it was sent. Input: an insert message;
// its columns take types in turn. Every write_row() of this build says the same.
#include "codecs/event/decode.hpp"
#include "codecs/event/envelope.hpp"
#include "codecs/event/row_plan.hpp"
#include "tests/support/padded_record.hpp"
#include "tests/support/row_writers.hpp"

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace tandem::event {
namespace {

pgoutput::relation_shape shape_of(std::uint16_t columns) {
    pgoutput::relation_shape shape{oid{1}, "s", "t", 'd', {}};
    for (std::uint16_t index = 0; index < columns; ++index) {
        shape.columns.push_back(
            {"c" + std::to_string(index), oid{index % 3 == 0 ? 16U : 25U}, -1, index == 0});
    }
    return shape;
}

bool is_text(std::string_view bytes) {
    return bytes.find('\0') == std::string_view::npos &&
           simdjson::validate_utf8(bytes.data(), bytes.size());
}

// What a column must be read as.
bool same(pgoutput::column_view sent, bool boolean, field_value const& read) {
    if (sent.kind == pgoutput::column_kind::null) {
        return read.kind == field_kind::null;
    }
    if (sent.kind == pgoutput::column_kind::unchanged) {
        return read.kind == field_kind::absent;
    }
    if (boolean) {
        return read.kind == field_kind::boolean &&
               read.text == (sent.bytes.front() == 't' ? "true" : "false");
    }
    return read.kind == field_kind::string && read.text == sent.bytes;
}

void check(pgoutput::tuple_view row) {
    auto const shape = shape_of(row.column_count());
    relation_events const relation{shape, exact_plan(shape)};
    for (row_part const part : {row_part::all, row_part::key, row_part::identity}) {
        if (!all_the_same(written_by_all(exact_plan(shape), row, part))) {
            std::abort();
        }
    }
    event_source const source{"0", "s", "d"};
    arena into;
    relation_events::change made;
    made.new_row = row;
    auto const value =
        relation.value(made, {source, xid{1}, pg_time{}, lsn{}}, event_time{0}, into);
    bool all_text = true;
    bool writable = true;
    pgoutput::tuple_view::cursor cursor{row};
    for (std::uint32_t index = 0; index < row.column_count(); ++index) {
        auto const column = cursor.next();
        all_text = all_text && is_text(column.bytes);
        writable = writable && column.kind != pgoutput::column_kind::binary &&
                   !(index % 3 == 0 && column.kind == pgoutput::column_kind::text &&
                     column.bytes != "t" && column.bytes != "f");
    }
    if (value.has_value() != writable) {
        std::abort();
    }
    if (!writable || !all_text || row.empty()) {
        return;
    }
    wire::padded_record const record{*value};
    event_decoder decoder;
    field_names names;
    event_view event;
    arena strings;
    if (!decoder.value(record.view(), {}, names, event, strings)) {
        std::abort();
    }
    pgoutput::tuple_view::cursor again{row};
    for (std::uint32_t index = 0; index < row.column_count(); ++index) {
        std::size_t const number = names.number_of("c" + std::to_string(index)).value();
        field_value const read = number < event.after.size() ? event.after[number] : field_value{};
        if (!same(again.next(), index % 3 == 0, read)) {
            std::abort();
        }
    }
}

} // namespace
} // namespace tandem::event

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace tandem;
    auto const read = pgoutput::decode({reinterpret_cast<char const*>(data), size});
    if (read.has_value() && std::holds_alternative<pgoutput::insert>(*read)) {
        event::check(std::get<pgoutput::insert>(*read).new_row);
    }
    return 0;
}
