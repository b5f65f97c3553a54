#pragma once
// How a codec reports failure: a bare enum on the hot path, a std-compatible error code at the
// edge.

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace tandem {

// What can be wrong with bytes. Each value has one sentence in codec_category().
enum class codec_errc {
    ok = 0,
    truncated,        // the message ends before its own lengths say
    trailing_bytes,   // bytes are left after the message's last field
    unknown_tag,      // a message or tuple tag this decoder does not know
    bad_length,       // a length is negative or beyond the buffer
    bad_string,       // a string without its terminating zero
    bad_value,        // a field has a value its protocol page does not allow
    unknown_relation, // a change for a relation that was never described
    too_many_columns, // a tuple has more columns than its relation
};

[[nodiscard]] boost::system::error_category const& codec_category() noexcept;
[[nodiscard]] boost::system::error_code make_error_code(codec_errc code) noexcept;

template <class T>
using result = boost::system::result<T>;

} // namespace tandem

template <>
struct boost::system::is_error_code_enum<tandem::codec_errc> : std::true_type {};
