#include "codecs/base/result.hpp"

#include <string>

namespace tandem {
namespace {

char const* describe(codec_errc code) noexcept {
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
    case codec_errc::too_many_columns:
        return "a row has more columns than its relation";
    }
    return "an unknown codec error";
}

// g++ takes the protected destructor of Boost's base for an accessible one because the base has
// friends.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class category final : public boost::system::error_category {
public:
    [[nodiscard]] char const* name() const noexcept override { return "tandem.codec"; }
    [[nodiscard]] std::string message(int value) const override {
        return describe(static_cast<codec_errc>(value));
    }
    char const* message(int value, char*, std::size_t) const noexcept override {
        return describe(static_cast<codec_errc>(value));
    }
};
#pragma GCC diagnostic pop

constexpr category the_category;

} // namespace

boost::system::error_category const& codec_category() noexcept {
    return the_category;
}

boost::system::error_code make_error_code(codec_errc code) noexcept {
    return {static_cast<int>(code), codec_category()};
}

} // namespace tandem
