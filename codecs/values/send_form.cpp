#include "codecs/values/send_form.hpp"

#include "codecs/base/big_endian.hpp"
#include "codecs/values/bytes_text.hpp"
#include "codecs/values/time_text.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <concepts>
#include <limits>
#include <type_traits>

namespace tandem::values {
namespace {

template <std::integral T>
char* put(T value, char* at) noexcept {
    store_big_endian(at, static_cast<std::make_unsigned_t<T>>(value));
    return at + sizeof value;
}

template <class T>
bool whole_number(std::string_view text, T& into) noexcept {
    auto const* const end = text.data() + text.size();
    auto const read = std::from_chars(text.data(), end, into);
    return read.ec == std::errc{} && read.ptr == end;
}

template <std::signed_integral T>
char* put_integer(std::string_view text, char* at) noexcept {
    T value{};
    return whole_number(text, value) ? put(value, at) : nullptr;
}

template <std::floating_point T, std::unsigned_integral Bits>
char* put_float(std::string_view text, char* at) noexcept {
    T value{};
    // Infinity and NaN, which from_chars() would read as well, have bits of the server's own.
    bool const number = !text.empty() && (text.back() >= '0' && text.back() <= '9');
    return number && whole_number(text, value) ? put(std::bit_cast<Bits>(value), at) : nullptr;
}

char* put_boolean(std::string_view text, char* at) noexcept {
    if (text != "t" && text != "f") {
        return nullptr;
    }
    *at = text == "t" ? '\1' : '\0';
    return at + 1;
}

int digit_of(char one, bool hexadecimal) noexcept {
    if (one >= '0' && one <= '9') {
        return one - '0';
    }
    return hexadecimal && one >= 'a' && one <= 'f' ? one - 'a' + 10 : -1;
}

// Eight, four, four, four and twelve digits.
char* put_uuid(std::string_view text, char* at) noexcept {
    if (text.size() != 36) {
        return nullptr;
    }
    for (std::size_t from = 0; from < text.size(); from += 2) {
        if (from == 8 || from == 13 || from == 18 || from == 23) {
            if (text[from] != '-') {
                return nullptr;
            }
            ++from;
        }
        auto const high = digit_of(text[from], true);
        auto const low = digit_of(text[from + 1], true);
        if (high < 0 || low < 0) {
            return nullptr;
        }
        *at++ = static_cast<char>(high * 16 + low);
    }
    return at;
}

// Groups of four digits, the first of as many as are over on that side of the point. nullptr: another character.
char* put_groups(std::string_view digits, std::size_t first, char* at) noexcept {
    std::size_t const whole = (digits.size() - first + 3) / 4;
    std::size_t from = 0;
    for (std::size_t group = 0; group < whole + (first > 0 ? 1 : 0); ++group) {
        std::size_t const size = group == 0 && first > 0 ? first : 4;
        int value = 0;
        for (std::size_t place = 0; place < size; ++place, ++from) {
            int const digit = from < digits.size() ? digit_of(digits[from], false) : 0;
            if (digit < 0) {
                return nullptr;
            }
            value = value * 10 + digit;
        }
        at = put(static_cast<std::int16_t>(value), at);
    }
    return at;
}

// -123.4500: the server writes no exponent, and at least one digit before the point.
char* put_numeric(std::string_view text, char* at) noexcept {
    constexpr std::int16_t negative = 0x4000;
    constexpr std::size_t most_digits = 100'000; // the number of groups has 16 bits
    constexpr std::size_t most_behind = 0x3fff;
    bool const minus = text.starts_with('-');
    text.remove_prefix(minus ? 1 : 0);
    auto const point = text.find('.');
    auto const before = text.substr(0, point);
    auto const behind =
        point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
    bool const complete = !before.empty() && (point == std::string_view::npos || !behind.empty());
    if (!complete || text.size() > most_digits || behind.size() > most_behind) {
        return nullptr;
    }
    auto const groups_before = (before.size() + 3) / 4;
    auto const groups = groups_before + (behind.size() + 3) / 4;
    at = put(static_cast<std::int16_t>(groups), at);
    at = put(static_cast<std::int16_t>(groups_before - 1), at); // the first one's weight
    at = put(minus ? negative : std::int16_t{0}, at);
    at = put(static_cast<std::int16_t>(behind.size()), at);
    at = put_groups(before, before.size() % 4, at);
    return at == nullptr ? nullptr : put_groups(behind, 0, at);
}

char* put_date(std::string_view text, char* at) noexcept {
    constexpr std::int64_t day_2000 = 10'957; // since 1970-01-01
    using limits = std::numeric_limits<std::int64_t>;
    using sent = std::numeric_limits<std::int32_t>;
    auto const days = parse_date(text);
    if (!days) {
        return nullptr;
    }
    if (*days == limits::max() || *days == limits::min()) { // infinities
        return put(*days > 0 ? sent::max() : sent::min(), at);
    }
    return put(static_cast<std::int32_t>(*days - day_2000), at);
}

char* put_time(std::string_view text, char* at) noexcept {
    auto const us = parse_time(text);
    return us ? put(*us, at) : nullptr;
}

char* put_instant(result<pg_time> const& instant, char* at) noexcept {
    return instant ? put(instant->us, at) : nullptr;
}

} // namespace

send_form send_form_of(oid type) noexcept {
    switch (type.value) {
    case 16:
        return send_form::boolean;
    case 17:
        return send_form::bytea;
    case 20:
        return send_form::int8;
    case 21:
        return send_form::int2;
    case 23:
        return send_form::int4;
    case 25:   // text
    case 114:  // json
    case 1042: // bpchar
    case 1043: // varchar
        return send_form::same;
    case 700:
        return send_form::float4;
    case 701:
        return send_form::float8;
    case 1082:
        return send_form::date;
    case 1083:
        return send_form::time;
    case 1114:
        return send_form::timestamp;
    case 1184:
        return send_form::timestamptz;
    case 1700:
        return send_form::numeric;
    case 2950:
        return send_form::uuid;
    case 3802:
        return send_form::jsonb;
    default:
        return send_form::none;
    }
}

char* write_send_form(send_form form, std::string_view text, char* at) noexcept {
    switch (form) {
    case send_form::none:
        return nullptr;
    case send_form::boolean:
        return put_boolean(text, at);
    case send_form::int2:
        return put_integer<std::int16_t>(text, at);
    case send_form::int4:
        return put_integer<std::int32_t>(text, at);
    case send_form::int8:
        return put_integer<std::int64_t>(text, at);
    case send_form::float4:
        return put_float<float, std::uint32_t>(text, at);
    case send_form::float8:
        return put_float<double, std::uint64_t>(text, at);
    case send_form::numeric:
        return put_numeric(text, at);
    case send_form::same:
        return std::ranges::copy(text, at).out;
    case send_form::jsonb:
        *at = '\1'; // the form's version
        return std::ranges::copy(text, at + 1).out;
    case send_form::bytea:
        return write_bytea(text, at);
    case send_form::uuid:
        return put_uuid(text, at);
    case send_form::date:
        return put_date(text, at);
    case send_form::time:
        return put_time(text, at);
    case send_form::timestamp:
        return put_instant(parse_timestamp(text), at);
    case send_form::timestamptz:
        return put_instant(parse_timestamptz(text), at);
    }
    return nullptr;
}

} // namespace tandem::values
