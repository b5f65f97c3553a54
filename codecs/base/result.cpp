#include "codecs/base/result.hpp"

#include <stdexcept>

namespace tandem {

std::string_view describe(codec_errc code) noexcept {
    switch (code) {
    case codec_errc::ok:
        return "no error";
    case codec_errc::truncated:
        return "the message ends before its last field";
    case codec_errc::trailing_bytes:
        return "bytes are left after the message's last field";
    case codec_errc::unknown_tag:
        return "a message or column has a tag that this protocol version does not know";
    case codec_errc::bad_length:
        return "a length is negative or reaches beyond the message";
    case codec_errc::bad_string:
        return "a string has no terminating zero byte";
    case codec_errc::bad_value:
        return "a field has a value that the protocol does not allow";
    case codec_errc::unknown_relation:
        return "a change belongs to a relation that was never described";
    case codec_errc::wrong_columns:
        return "a row has another number of columns than its relation";
    case codec_errc::out_of_order:
        return "a message stands where the protocol does not allow it";
    }
    return "an unknown codec error";
}

std::string codec_error::message() const {
    return std::string{describe(code)} + " (at byte " + std::to_string(offset) + ")";
}

void throw_exception_from_error(codec_error const& error, boost::source_location const&) {
    throw std::runtime_error{error.message()};
}

} // namespace tandem
