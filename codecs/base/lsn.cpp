#include "codecs/base/lsn.hpp"

#include <fmt/format.h>

#include <charconv>

namespace tandem {
namespace {

// One half of an LSN; charconv accepts neither a sign nor "0x" nor blanks for an unsigned number.
std::optional<std::uint32_t> parse_half(std::string_view digits) noexcept {
    constexpr std::size_t digits_max = 8;
    std::uint32_t value = 0;
    if (digits.size() > digits_max) {
        return std::nullopt;
    }
    char const* const end = digits.data() + digits.size();
    auto const [stopped, error] = std::from_chars(digits.data(), end, value, 16);
    if (error != std::errc{} || stopped != end) {
        return std::nullopt;
    }
    return value;
}

} // namespace

std::optional<lsn> lsn::parse(std::string_view text) noexcept {
    std::size_t const slash = text.find('/');
    if (slash == std::string_view::npos) {
        return std::nullopt;
    }
    auto const high = parse_half(text.substr(0, slash));
    auto const low = parse_half(text.substr(slash + 1));
    if (!high || !low) {
        return std::nullopt;
    }
    return lsn{(std::uint64_t{*high} << 32) | *low};
}

std::string to_string(lsn position) {
    return fmt::format("{:X}/{:X}", position.value >> 32, position.value & 0xFFFF'FFFFU);
}

} // namespace tandem
