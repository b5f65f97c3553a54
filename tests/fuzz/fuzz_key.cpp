// Keys of records on any text: structs and bare values, with a schema block and without, against the plain reading.
#include "codecs/event/decode.hpp"
#include "tests/support/event_said.hpp"
#include "tests/support/padded_record.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace tandem::event {
namespace {

void check(std::string_view input, bool schema) {
    wire::padded_record const record{input};
    auto const plain = wire::plain_event::key(input, schema);
    event_decoder decoder;
    field_names names;
    arena strings;
    // What an earlier key left behind must not be taken for part of this one.
    row_values key(3, field_value{field_kind::string, "stale"});
    for (int round = 0; round < 2; ++round) {
        auto const read = decoder.key(record.view(), schema, names, key, strings);
        if (read.has_value() != plain.has_value()) {
            std::abort();
        }
        if (!read) {
            if (read.error().code == event_errc::ok || read.error().offset > input.size()) {
                std::abort();
            }
            continue;
        }
        wire::plain_event::said said;
        wire::event_said::row("key", key, names, said);
        if (said != *plain) {
            std::abort();
        }
    }
}

} // namespace
} // namespace tandem::event

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const input{reinterpret_cast<char const*>(data), size};
    tandem::event::check(input, false);
    tandem::event::check(input, true);
    return 0;
}
