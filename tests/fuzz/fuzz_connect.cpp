// Records, literals and dates of Connect: what is read is written, read again and the same. The first byte of the input
// chooses.
#include "codecs/connect/date_format.hpp"
#include "codecs/connect/java_text.hpp"
#include "codecs/connect/json_writer.hpp"
#include "codecs/connect/literal.hpp"
#include "codecs/connect/number_kind.hpp"
#include "tests/support/padded_record.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

namespace tandem::connect {
namespace {

void expect(bool met) {
    if (!met) {
        std::abort();
    }
}

void check_record(std::string_view input, bool schemas, bool defaults) {
    wire::padded_record const bytes{input};
    json_reader reader{{schemas, defaults}};
    json_writer writer{{schemas, decimal_format::base64, defaults}};
    arena memory;
    auto const read = reader.read(bytes.view(), memory);
    std::string text;
    if (!read) {
        expect(!read.error().what.empty());
        return;
    }
    auto const wrote = writer.write(*read, text);
    if (!wrote || !*wrote) { // a scale that is not the schema's, or nothing
        return;
    }
    wire::padded_record const again_bytes{text};
    auto const again = reader.read(again_bytes.view(), memory);
    std::string again_text;
    expect(again.has_value() && writer.write(*again, again_text).has_value());
    expect(again_text == text);
    (void)text_of(read->what);
}

void check_literal(std::string_view input) {
    arena memory;
    auto const read = parse_literal(input, memory);
    std::string text;
    json_writer writer{{}};
    auto const wrote = writer.write(read, text); // lists in lists need not be alike
    expect(wrote.has_value() || !wrote.error().what.empty());
    (void)text_of(read.what);
}

void check_number(std::string_view input) {
    auto const text = input.substr(0, 200);
    auto const read = decimal_of(text);
    expect(read.has_value() == long_of(text).has_value());
    if (!read) {
        return;
    }
    std::string written;
    append_java_decimal(read->unscaled, read->scale, written);
    auto const again = decimal_of(written);
    expect(again && again->scale == read->scale && again->unscaled == read->unscaled);
}

// The pattern up to the first line's end, and a text.
void check_date(std::string_view input) {
    auto const end = input.find('\n');
    auto const format = date_format::of(input.substr(0, end), 1'732'000'000'000);
    if (!format || end == std::string_view::npos) {
        return;
    }
    if (auto const ms = format->parse(input.substr(end + 1))) {
        std::string text;
        format->format(*ms, text);
    }
}

} // namespace
} // namespace tandem::connect

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace tandem::connect;
    if (size == 0) {
        return 0;
    }
    std::string_view const input{reinterpret_cast<char const*>(data) + 1, size - 1};
    switch (data[0] % 8) {
    case 0:
        check_literal(input);
        break;
    case 1:
        check_number(input);
        break;
    case 2:
        check_date(input);
        break;
    default:
        check_record(input, (data[0] & 8U) != 0, (data[0] & 16U) != 0);
        break;
    }
    return 0;
}
