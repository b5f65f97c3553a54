#pragma once
// Decimal numbers by school arithmetic on strings of digits: what the fuzzers hold codecs/values/decimal.hpp
// against. Shares no code with it.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::wire {

class plain_decimal {
public:
    // Two's complement bytes of text * 10^scale, most significant first and as few as hold it.
    static std::optional<std::string> unscaled(std::string_view text, std::size_t scale) {
        bool const negative = text.starts_with('-');
        text.remove_prefix(negative ? 1 : 0);
        std::size_t const point = text.find('.');
        std::string const whole{text.substr(0, point)};
        std::string fraction{point == text.npos ? std::string_view{} : text.substr(point + 1)};
        if (whole.empty() || !all_digits(whole) || !all_digits(fraction) ||
            fraction.size() > scale || (point != text.npos && fraction.empty())) {
            return std::nullopt;
        }
        fraction.resize(scale, '0');
        std::string digits = whole + fraction;
        if (!negative || digits.find_first_not_of('0') == digits.npos) {
            return bytes_of(digits, false);
        }
        subtract_one(digits); // -n is the complement of n - 1
        return bytes_of(digits, true);
    }

    // With a negative scale, `zeros` digits in front of the point are not kept and must be zeros.
    static std::optional<std::string> shortened(std::string_view text, std::size_t zeros) {
        std::size_t const size = text.size();
        std::string_view const whole = text.substr(text.starts_with('-') ? 1 : 0);
        if (!whole.empty() && whole.find_first_not_of('0') == whole.npos) {
            return unscaled(text, 0);
        }
        std::string_view const tail = text.substr(size - std::min(zeros, size));
        bool const good = tail.size() == zeros && tail.find_first_not_of('0') == tail.npos;
        return good ? unscaled(text.substr(0, size - zeros), 0) : std::nullopt;
    }

    static std::string text(std::string_view unscaled, std::size_t scale) {
        bool const negative = !unscaled.empty() && static_cast<unsigned char>(unscaled[0]) >= 0x80;
        std::string digits = "0";
        for (char const byte : unscaled) {
            auto const value = static_cast<unsigned char>(byte);
            multiply_add(digits, negative ? 255 - value : value);
        }
        if (negative) {
            add_one(digits);
        }
        digits.insert(0, std::max(digits.size(), scale + 1) - digits.size(), '0');
        std::string const whole = digits.substr(0, digits.size() - scale);
        return (negative ? "-" : "") + whole +
               (scale > 0 ? '.' + digits.substr(digits.size() - scale) : "");
    }

private:
    static bool all_digits(std::string_view text) {
        return text.find_first_not_of("0123456789") == text.npos;
    }

    // 256 * digits + value
    static void multiply_add(std::string& digits, int value) {
        for (std::size_t at = digits.size(); at > 0; --at) {
            value += (digits[at - 1] - '0') * 256;
            digits[at - 1] = static_cast<char>('0' + value % 10);
            value /= 10;
        }
        if (value > 0) {
            digits.insert(0, std::to_string(value));
        }
        digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
    }

    // digits / 256; returns the remainder.
    static int divide(std::string& digits) {
        int remainder = 0;
        for (char& digit : digits) {
            remainder = remainder * 10 + (digit - '0');
            digit = static_cast<char>('0' + remainder / 256);
            remainder %= 256;
        }
        digits.erase(0, digits.find_first_not_of('0'));
        return remainder;
    }

    static void subtract_one(std::string& digits) {
        std::size_t const at = digits.find_last_not_of('0');
        --digits[at];
        std::fill(digits.begin() + static_cast<std::ptrdiff_t>(at) + 1, digits.end(), '9');
    }

    static void add_one(std::string& digits) {
        std::size_t const at = digits.find_last_not_of('9');
        if (at == digits.npos) {
            digits = '1' + std::string(digits.size(), '0');
            return;
        }
        ++digits[at];
        std::fill(digits.begin() + static_cast<std::ptrdiff_t>(at) + 1, digits.end(), '0');
    }

    static std::string bytes_of(std::string digits, bool complement) {
        std::string bytes; // least significant first
        digits.erase(0, digits.find_first_not_of('0'));
        while (!digits.empty()) {
            bytes += static_cast<char>(divide(digits));
        }
        if (bytes.empty() || static_cast<unsigned char>(bytes.back()) >= 0x80) {
            bytes += '\0'; // room for the sign
        }
        for (char& byte : bytes) {
            byte = complement ? static_cast<char>(255 - static_cast<unsigned char>(byte)) : byte;
        }
        return {bytes.rbegin(), bytes.rend()};
    }
};

} // namespace tandem::wire
