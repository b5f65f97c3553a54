// decode_note() on any bytes: what it accepts, written again, is the same note.
#include "codecs/event/stream_notes.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace tandem::event {
namespace {

std::string_view encoded(stream_note const& note, arena& into) {
    return std::visit(
        [&](auto const& one) {
            if constexpr (std::is_same_v<decltype(one), relation_note const&>) {
                return encode_note(one.shape, into);
            } else {
                return encode_note(one, into);
            }
        },
        note);
}

void check(std::string_view text) {
    auto const note = decode_note(text);
    if (!note) {
        return;
    }
    arena into;
    auto const again = decode_note(encoded(*note, into));
    if (!again || *again != *note) {
        std::abort();
    }
}

} // namespace
} // namespace tandem::event

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const exact = std::make_unique<char[]>(size); // for the sanitizer
    if (size > 0) {
        std::memcpy(exact.get(), data, size);
    }
    tandem::event::check({exact.get(), size});
    return 0;
}
