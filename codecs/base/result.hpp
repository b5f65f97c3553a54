#pragma once
// How a codec reports failure: a small value that says what is wrong with the bytes, and where.

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace tandem {

// What can be wrong with bytes. Each value has one sentence, see describe().
enum class codec_errc : std::uint8_t {
    ok = 0,
    truncated,        // the message ends before its own lengths say
    trailing_bytes,   // bytes are left after the message's last field
    unknown_tag,      // a message or tuple tag this decoder does not know
    bad_length,       // a length is negative or beyond the buffer
    bad_string,       // a string without its terminating zero
    bad_value,        // a field has a value its protocol page does not allow
    unknown_relation, // a change for a relation that was never described
    wrong_columns,    // a tuple has more or fewer columns than its relation
    out_of_order,     // a message where the protocol does not allow it
};

[[nodiscard]] std::string_view describe(codec_errc code) noexcept;

// The first thing that is wrong. `offset` counts bytes from the start of the decoded buffer to the field
// that cannot be right.
struct codec_error {
    codec_errc code = codec_errc::ok;
    std::uint32_t offset = 0;

    // "a length is negative or reaches beyond the message (at byte 17)"
    [[nodiscard]] std::string message() const;

    friend bool operator==(codec_error const&, codec_error const&) = default;
};

// For result::value(), which no codec calls. Throws std::runtime_error.
[[noreturn]] void throw_exception_from_error(codec_error const& error,
                                             boost::source_location const& at);

template <class T>
using result = boost::system::result<T, codec_error>;

} // namespace tandem
