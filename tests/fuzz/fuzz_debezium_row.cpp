// From a row of pgoutput to Debezium's values in every mode: exactly the room that was asked for is enough, whatever
// the row says beside its types, and what is written is JSON. Input: modes, a type and its modifier for each of four
// columns, then an insert message; columns take them in turn. Every write_row() of this build says the same.
#include "codecs/event/event_error.hpp"
#include "codecs/event/row_json.hpp"
#include "codecs/event/row_plan.hpp"
#include "tests/support/debezium_input.hpp"
#include "tests/support/row_writers.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <string>

namespace tandem::event {
namespace {

bool is_text(pgoutput::tuple_view row) {
    pgoutput::tuple_view::cursor cursor{row};
    bool good = true;
    for (std::uint32_t index = 0; index < row.column_count(); ++index) {
        auto const bytes = cursor.next().bytes;
        good = good && bytes.find('\0') == std::string_view::npos &&
               simdjson::validate_utf8(bytes.data(), bytes.size());
    }
    return good;
}

// Of these the text of a number is taken as the server wrote it (append_number_text()).
bool copies_numbers(oid type) {
    constexpr std::uint32_t those[] = {20,  21,   23,   26,   600,  700,  701,
                                       790, 1005, 1007, 1016, 1017, 1021, 1022};
    return std::ranges::find(those, type.value) != std::end(those);
}

void check(debezium_input const& input, pgoutput::tuple_view row) {
    pgoutput::relation_shape shape{oid{1}, "s", "t", 'd', {}};
    bool good = is_text(row);
    for (std::uint16_t index = 0; index < row.column_count(); ++index) {
        auto const [type, modifier] = input.columns[index % input.columns.size()];
        shape.columns.push_back({"c" + std::to_string(index), type, modifier, index == 0});
        good = good && !copies_numbers(type);
    }
    auto const plan = debezium_plan(shape, debezium_types(), input.options);
    std::size_t const room = plan.room(row);
    std::unique_ptr<char[]> const out{new char[room]};
    auto const end = write_row(plan, row, row_part::all, out.get());
    if (!all_the_same(written_by_all(plan, row))) {
        std::abort();
    }
    if (!end) {
        return;
    }
    auto const size = static_cast<std::size_t>(*end - out.get());
    if (size > room) {
        std::abort();
    }
    simdjson::dom::parser parser;
    if (good && parser.parse(out.get(), size).error() != simdjson::SUCCESS) {
        std::abort();
    }
}

} // namespace
} // namespace tandem::event

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace tandem;
    std::string_view bytes{reinterpret_cast<char const*>(data), size};
    auto const input = event::take_debezium_input(bytes);
    if (!input) {
        return 0;
    }
    auto const read = pgoutput::decode(bytes);
    if (read.has_value() && std::holds_alternative<pgoutput::insert>(*read)) {
        event::check(*input, std::get<pgoutput::insert>(*read).new_row);
    }
    return 0;
}
