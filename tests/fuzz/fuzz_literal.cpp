// Texts of composite values, ranges and multiranges against the plain reading. The first byte of the input chooses.
// Arrays and hstore are in fuzz_values.
#include "tests/support/plain_row_text.hpp"
#include "tests/support/row_text_shown.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace tandem::wire {
namespace {

void same(row_text_shown const& read, std::optional<std::string> const& plain,
          std::string_view input) {
    bool const said = read.text.has_value() || (read.error.code == codec_errc::bad_value &&
                                                read.error.offset <= input.size());
    if (read.text != plain || !said) {
        std::abort();
    }
}

void check(std::uint8_t which, std::string_view input) {
    switch (which % 3) {
    case 0:
        return same(row_text_shown::record(input), plain_row_text::record(input), input);
    case 1:
        return same(row_text_shown::range(input), plain_row_text::range(input), input);
    default:
        return same(row_text_shown::multirange(input), plain_row_text::multirange(input), input);
    }
}

} // namespace
} // namespace tandem::wire

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 0) {
        tandem::wire::check(data[0], {reinterpret_cast<char const*>(data) + 1, size - 1});
    }
    return 0;
}
