// From a value of a Debezium event back to PostgreSQL's text, in every mode and for every type: an error, or a text
// without a zero character that the encoder, where it writes it, makes a value of which the same text comes back. Input:
// modes, types and their modifiers, then a JSON value, which the first type reads.
#include "codecs/event/decode.hpp"
#include "codecs/event/read_value.hpp"
#include "codecs/event/row_json.hpp"
#include "codecs/event/row_plan.hpp"
#include "tests/support/debezium_input.hpp"
#include "tests/support/padded_record.hpp"
#include "tests/support/pgoutput_builder.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

namespace tandem::event {
namespace {

// The text of {"v":<value>}; none: it is refused, or there is no value.
std::optional<std::string> text_of(std::string_view json, resolved_type const& type,
                                   value_options const& options) {
    wire::padded_record const record{"{\"v\":" + std::string{json} + "}"};
    event_decoder decoder;
    field_names names;
    event_view event;
    arena strings;
    record_form plain;
    plain.envelope = false;
    if (!decoder.value(record.view(), plain, names, event, strings)) {
        return std::nullopt;
    }
    auto const number = names.number_of("v");
    if (!number || *number >= event.after.size()) {
        return std::nullopt;
    }
    auto const value = event.after[*number];
    if (value.kind == field_kind::absent || value.kind == field_kind::null) {
        return std::nullopt;
    }
    std::string text;
    if (!debezium_text(value, type, options, text)) {
        return std::nullopt;
    }
    return text;
}

std::optional<std::string> json_of(std::string_view text, debezium_input const& input) {
    constexpr std::size_t most =
        std::size_t{1} << 20U; // bit(n) goes to 83 million digits, for which there is no room here
    if (text.size() > most) {
        return std::nullopt;
    }
    auto const [type, modifier] = input.columns.front();
    pgoutput::relation_shape const shape{oid{1}, "s", "t", 'd', {{"v", type, modifier, true}}};
    auto const plan = debezium_plan(shape, debezium_types(), input.options);
    std::string const bytes = wire::tuple({wire::text(std::string{text})});
    pgoutput::tuple_view const row{1, std::string_view{bytes}.substr(2)};
    std::string out(plan.room(row), '\0');
    auto const end = write_row(plan, row, row_part::all, out.data());
    if (!end) {
        return std::nullopt;
    }
    constexpr std::string_view before = R"({"v":)";
    auto const size = static_cast<std::size_t>(*end - out.data());
    return size <= before.size()
               ? std::nullopt
               : std::optional{out.substr(before.size(), size - before.size() - 1)};
}

void check(debezium_input const& input, std::string_view json) {
    auto const [id, modifier] = input.columns.front();
    auto const type = resolve(id, modifier, debezium_types());
    auto const text = text_of(json, type, input.options);
    if (!text) {
        return;
    }
    if (text->find('\0') != std::string::npos) {
        std::abort();
    }
    auto const again = json_of(*text, input);
    if (!again) {
        return; // the server would refuse it, or writes it otherwise
    }
    auto const back = text_of(*again, type, input.options);
    if (!back) {
        std::abort();
    }
    auto const settled = json_of(*back, input);
    if (!settled || *settled != *again) {
        std::abort();
    }
}

} // namespace
} // namespace tandem::event

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace tandem;
    std::string_view bytes{reinterpret_cast<char const*>(data), size};
    if (auto const input = event::take_debezium_input(bytes)) {
        event::check(*input, bytes);
    }
    return 0;
}
