#include "codecs/values/decimal.hpp"

#include "codecs/values/text_cursor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace tandem::values {
namespace {

// A natural number in limbs of 32 bits, least significant first.
using limbs = std::vector<std::uint32_t>;

void multiply_add(limbs& number, std::uint32_t factor, std::uint32_t addend) {
    std::uint64_t carry = addend;
    for (std::uint32_t& limb : number) {
        carry += std::uint64_t{limb} * factor;
        limb = static_cast<std::uint32_t>(carry);
        carry >>= 32U;
    }
    if (carry != 0) {
        number.push_back(static_cast<std::uint32_t>(carry));
    }
}

// Leaves the quotient, without zeros in front; returns the remainder.
std::uint32_t divide(limbs& number, std::uint32_t divisor) {
    std::uint64_t remainder = 0;
    for (auto limb = number.rbegin(); limb != number.rend(); ++limb) {
        remainder = (remainder << 32U) | *limb;
        *limb = static_cast<std::uint32_t>(remainder / divisor);
        remainder %= divisor;
    }
    while (!number.empty() && number.back() == 0) {
        number.pop_back();
    }
    return static_cast<std::uint32_t>(remainder);
}

constexpr std::size_t chunk_digits = 9; // 10^9 fits a limb

std::uint32_t power_of_ten(std::size_t exponent) noexcept {
    std::uint32_t power = 1;
    for (; exponent > 0; --exponent) {
        power *= 10;
    }
    return power;
}

void take_digits(limbs& number, std::string_view digits) {
    while (!digits.empty()) {
        std::string_view const chunk = digits.substr(0, chunk_digits);
        std::uint32_t value = 0;
        for (char const each : chunk) {
            value = value * 10 + static_cast<std::uint32_t>(each - '0');
        }
        multiply_add(number, power_of_ten(chunk.size()), value);
        digits.remove_prefix(chunk.size());
    }
}

void append_complement(limbs const& number, bool negative, std::string& into) {
    std::string bytes; // least significant first
    bool carry = negative;
    for (std::uint32_t limb : number) {
        for (int index = 0; index < 4; ++index, limb >>= 8U) {
            std::uint32_t byte = limb & 0xFFU;
            if (negative) {
                byte = (~byte & 0xFFU) + (carry ? 1U : 0U);
                carry = byte > 0xFFU;
            }
            bytes.push_back(static_cast<char>(byte & 0xFFU));
        }
    }
    bytes.push_back(negative && !carry ? '\xff' : '\0'); // the sign
    // A byte that only repeats the sign of the one below it says nothing.
    auto const repeats = [&bytes] {
        auto const top = static_cast<unsigned char>(bytes.back());
        auto const below = static_cast<unsigned char>(bytes[bytes.size() - 2]);
        return (top == 0 && below < 0x80) || (top == 0xFF && below >= 0x80);
    };
    while (bytes.size() > 1 && repeats()) {
        bytes.pop_back();
    }
    into.append(bytes.rbegin(), bytes.rend());
}

std::string digits_of(limbs number) {
    std::vector<std::uint32_t> chunks;
    while (!number.empty()) {
        chunks.push_back(divide(number, power_of_ten(chunk_digits)));
    }
    std::string digits = chunks.empty() ? "0" : std::to_string(chunks.back());
    for (std::size_t index = chunks.size(); index > 1; --index) {
        digits += fmt::format("{:09}", chunks[index - 2]);
    }
    return digits;
}

// --- numbers of up to 128 bits, which nearly all are: without memory of their own

__extension__ using wide = unsigned __int128;
constexpr std::size_t wide_bytes = sizeof(wide);
constexpr std::size_t wide_digits = 38; // the most that are always less than 2^127

wide wide_of(wide number, std::string_view digits) noexcept {
    for (char const each : digits) {
        number = number * 10 + static_cast<unsigned>(each - '0');
    }
    return number;
}

// `number` is less than 2^127.
void append_complement(wide number, bool negative, std::string& into) {
    wide const bits = negative ? ~number + 1 : number;
    auto const byte = [bits](std::size_t place) {
        return static_cast<unsigned char>(bits >> (8 * place));
    };
    std::size_t size = wide_bytes;
    while (size > 1 && byte(size - 1) == (byte(size - 2) >= 0x80 ? 0xFF : 0)) {
        --size;
    }
    for (; size > 0; --size) {
        into.push_back(static_cast<char>(byte(size - 1)));
    }
}

wide magnitude(std::string_view complement, bool negative) noexcept {
    wide number = negative ? ~wide{0} : 0;
    for (char const each : complement) {
        number = (number << 8U) | static_cast<unsigned char>(each);
    }
    return negative ? ~number + 1 : number;
}

using digit_buffer = std::array<char, 40>;

std::string_view digits_of(wide number, digit_buffer& room) noexcept {
    constexpr std::uint64_t chunk = 1'000'000'000'000'000'000;
    char* const end = room.data() + room.size();
    char* at = end;
    for (; number >= chunk; number /= chunk) {
        auto low = static_cast<std::uint64_t>(number % chunk);
        for (int count = 0; count < 18; ++count, low /= 10) {
            *--at = static_cast<char>('0' + low % 10);
        }
    }
    auto last = static_cast<std::uint64_t>(number);
    for (; last != 0 || at == end; last /= 10) {
        *--at = static_cast<char>('0' + last % 10);
    }
    return {at, static_cast<std::size_t>(end - at)};
}

void append_with_point(std::string_view digits, std::int32_t scale, std::string& into) {
    if (scale <= 0) {
        into += digits;
        into.append(digits == "0" ? 0 : static_cast<std::size_t>(-std::int64_t{scale}), '0');
        return;
    }
    auto const behind = static_cast<std::size_t>(scale);
    if (digits.size() <= behind) {
        into += "0.";
        into.append(behind - digits.size(), '0');
        into += digits;
        return;
    }
    into += digits.substr(0, digits.size() - behind);
    into += '.';
    into += digits.substr(digits.size() - behind);
}

std::size_t digit_count(std::string_view text) noexcept {
    return std::min(text.find_first_not_of("0123456789"), text.size());
}

} // namespace

bool is_special_number(std::string_view text) noexcept {
    return text == "NaN" || text == "Infinity" || text == "-Infinity";
}

std::int32_t scale_of(std::string_view text) noexcept {
    auto const point = text.find('.');
    return point == std::string_view::npos ? 0 : static_cast<std::int32_t>(text.size() - point - 1);
}

result<void> append_unscaled(std::string_view text, std::int32_t scale, std::string& into) {
    text_cursor in{text};
    bool const negative = in.take("-");
    std::string_view const whole = in.rest().substr(0, digit_count(in.rest()));
    in.back_to(in.place() + whole.size());
    std::string_view fraction;
    if (in.take(".")) {
        fraction = in.rest().substr(0, digit_count(in.rest()));
        in.back_to(in.place() + fraction.size());
        if (fraction.empty()) {
            in.fail();
        }
    }
    if (whole.empty() || static_cast<std::int64_t>(fraction.size()) > std::max(scale, 0)) {
        in.fail();
    }
    std::string_view digits = whole;
    std::size_t const dropped = scale < 0 ? static_cast<std::size_t>(-std::int64_t{scale}) : 0;
    if (whole.find_first_not_of('0') == std::string_view::npos) {
        digits = {}; // zero, at any scale
    } else if (dropped > 0) {
        std::size_t const last = whole.find_last_not_of('0');
        if (whole.size() - last - 1 < dropped) {
            in.fail();
        } else {
            digits.remove_suffix(dropped);
        }
    }
    if (codec_error const error = in.finish(); error.code != codec_errc::ok) {
        return error;
    }
    std::size_t const missing = static_cast<std::size_t>(std::max(scale, 0)) - fraction.size();
    if (digits.size() + fraction.size() + missing <= wide_digits) {
        wide number = wide_of(wide_of(0, digits), fraction);
        for (std::size_t left = missing; left > 0; --left) {
            number *= 10;
        }
        append_complement(number, negative && number != 0, into);
        return {};
    }
    std::string const zeros(missing, '0');
    limbs number;
    take_digits(number, digits);
    take_digits(number, fraction);
    take_digits(number, zeros);
    append_complement(number, negative && !number.empty(), into);
    return {};
}

std::string decimal_text(std::string_view unscaled, std::int32_t scale) {
    std::string text;
    append_decimal(unscaled, scale, text);
    return text;
}

void append_decimal(std::string_view unscaled, std::int32_t scale, std::string& into) {
    bool const negative = !unscaled.empty() && static_cast<unsigned char>(unscaled.front()) >= 0x80;
    into += negative ? "-" : "";
    if (unscaled.size() <= wide_bytes) {
        digit_buffer room;
        return append_with_point(digits_of(magnitude(unscaled, negative), room), scale, into);
    }
    limbs number((unscaled.size() + 3) / 4);
    bool carry = negative;
    for (std::size_t index = 0; index < unscaled.size(); ++index) {
        std::uint32_t byte = static_cast<unsigned char>(unscaled[unscaled.size() - 1 - index]);
        if (negative) {
            byte = (~byte & 0xFFU) + (carry ? 1U : 0U);
            carry = byte > 0xFFU;
            byte &= 0xFFU;
        }
        number[index / 4] |= byte << (8 * (index % 4));
    }
    while (!number.empty() && number.back() == 0) {
        number.pop_back();
    }
    append_with_point(digits_of(std::move(number)), scale, into);
}

} // namespace tandem::values
