#include "codecs/values/shown_value.hpp"

#include "codecs/base/big_endian.hpp"
#include "codecs/base/civil_date.hpp"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <iterator>
#include <limits>

namespace tandem::values {
namespace {

template <class Unsigned>
bool sized(std::string_view bytes, Unsigned& into) noexcept {
    if (bytes.size() != sizeof into) {
        return false;
    }
    into = load_big_endian<Unsigned>(bytes.data());
    return true;
}

template <class Unsigned, class Signed>
bool append_integer(std::string_view bytes, std::string& to) {
    Unsigned raw = 0;
    if (!sized(bytes, raw)) {
        return false;
    }
    fmt::format_to(std::back_inserter(to), "{}", static_cast<Signed>(raw));
    return true;
}

template <class Unsigned, class Floating>
bool append_float(std::string_view bytes, std::string& to) {
    Unsigned raw = 0;
    if (!sized(bytes, raw)) {
        return false;
    }
    auto const value = std::bit_cast<Floating>(raw);
    if (std::isnan(value)) {
        to += "NaN";
    } else if (std::isinf(value)) {
        to += value > 0 ? "Infinity" : "-Infinity";
    } else {
        fmt::format_to(std::back_inserter(to), "{}", value);
    }
    return true;
}

void append_hex(std::string_view bytes, std::string& to) {
    for (char const each : bytes) {
        fmt::format_to(std::back_inserter(to), "{:02x}", static_cast<unsigned char>(each));
    }
}

bool append_uuid(std::string_view bytes, std::string& to) {
    if (bytes.size() != 16) {
        return false;
    }
    std::size_t from = 0;
    for (std::size_t const part : {4U, 2U, 2U, 2U, 6U}) {
        if (from > 0) {
            to += '-';
        }
        append_hex(bytes.substr(from, part), to);
        from += part;
    }
    return true;
}

bool append_date(std::string_view bytes, std::string& to) {
    constexpr std::int64_t day_2000 = 10'957;
    std::uint32_t raw = 0;
    if (!sized(bytes, raw)) {
        return false;
    }
    auto const days = static_cast<std::int32_t>(raw);
    using limits = std::numeric_limits<std::int32_t>;
    if (days == limits::max() || days == limits::min()) {
        to += days > 0 ? "infinity" : "-infinity";
        return true;
    }
    auto const date = date_of(days + day_2000);
    bool const before_christ = date.year < 1;
    fmt::format_to(std::back_inserter(to), "{:04}-{:02}-{:02}{}",
                   before_christ ? 1 - date.year : date.year, date.month, date.day,
                   before_christ ? " BC" : "");
    return true;
}

void append_fraction(std::int64_t us, std::string& to) {
    if (us == 0) {
        return;
    }
    auto digits = fmt::format("{:06}", us);
    digits.erase(digits.find_last_not_of('0') + 1);
    to += '.' + digits;
}

bool append_time(std::string_view bytes, std::string& to) {
    constexpr std::int64_t us_per_second = 1'000'000;
    constexpr std::int64_t us_per_day = 86'400 * us_per_second;
    std::uint64_t raw = 0;
    if (!sized(bytes, raw) || raw > static_cast<std::uint64_t>(us_per_day)) {
        return false;
    }
    auto const us = static_cast<std::int64_t>(raw);
    auto const second = us / us_per_second;
    fmt::format_to(std::back_inserter(to), "{:02}:{:02}:{:02}", second / 3600, second / 60 % 60,
                   second % 60);
    append_fraction(us % us_per_second, to);
    return true;
}

bool append_instant(std::string_view bytes, bool with_zone, std::string& to) {
    std::uint64_t raw = 0;
    if (!sized(bytes, raw)) {
        return false;
    }
    auto text = to_string(pg_time{static_cast<std::int64_t>(raw)});
    auto const zone = text.find("+00");
    if (zone != std::string::npos) {
        auto const behind = text.substr(zone + 3);
        text.erase(zone);
        text.erase(text.find_last_not_of('0') + 1); // of the fraction
        text.erase(text.find_last_not_of('.') + 1);
        text += (with_zone ? "+00" : "") + behind;
    }
    to += text;
    return true;
}

// Groups of four digits: how many, the first one's weight, sign, digits behind the point, then the groups.
bool append_numeric(std::string_view bytes, std::string& to) {
    constexpr std::size_t head = 8;
    constexpr std::uint16_t negative = 0x4000;
    if (bytes.size() < head) {
        return false;
    }
    auto const half = [&bytes](std::size_t at) {
        return load_big_endian<std::uint16_t>(bytes.data() + at);
    };
    std::size_t const groups = half(0);
    auto const weight = static_cast<std::int16_t>(half(2));
    auto const sign = half(4);
    int const scale = half(6);
    if (sign != 0 && sign != negative) {
        to += sign == 0xC000 ? "NaN" : sign == 0xD000 ? "Infinity" : "-Infinity";
        return true;
    }
    if (bytes.size() != head + groups * 2) {
        return false;
    }
    auto const group = [&](int number) {
        auto const at = static_cast<std::size_t>(number);
        return number < 0 || at >= groups ? std::uint16_t{0} : half(head + at * 2);
    };
    std::string text = sign == negative ? "-" : "";
    if (weight < 0) {
        text += '0';
    }
    for (int place = 0; place <= weight; ++place) {
        text += place == 0 ? fmt::format("{}", group(place)) : fmt::format("{:04}", group(place));
    }
    if (scale > 0) {
        std::string behind;
        for (int place = weight + 1; static_cast<int>(behind.size()) < scale; ++place) {
            fmt::format_to(std::back_inserter(behind), "{:04}", group(place));
        }
        text += '.' + behind.substr(0, static_cast<std::size_t>(scale));
    }
    to += text;
    return true;
}

} // namespace

bool append_shown(send_form form, std::string_view bytes, std::string& to) {
    switch (form) {
    case send_form::none:
        return false;
    case send_form::boolean:
        if (bytes.size() != 1) {
            return false;
        }
        to += bytes[0] != '\0' ? 't' : 'f';
        return true;
    case send_form::int2:
        return append_integer<std::uint16_t, std::int16_t>(bytes, to);
    case send_form::int4:
        return append_integer<std::uint32_t, std::int32_t>(bytes, to);
    case send_form::int8:
        return append_integer<std::uint64_t, std::int64_t>(bytes, to);
    case send_form::float4:
        return append_float<std::uint32_t, float>(bytes, to);
    case send_form::float8:
        return append_float<std::uint64_t, double>(bytes, to);
    case send_form::numeric:
        return append_numeric(bytes, to);
    case send_form::same:
        to += bytes;
        return true;
    case send_form::jsonb:
        if (bytes.empty()) {
            return false;
        }
        to += bytes.substr(1); // behind its version
        return true;
    case send_form::bytea:
        to += "\\x";
        append_hex(bytes, to);
        return true;
    case send_form::uuid:
        return append_uuid(bytes, to);
    case send_form::date:
        return append_date(bytes, to);
    case send_form::time:
        return append_time(bytes, to);
    case send_form::timestamp:
        return append_instant(bytes, false, to);
    case send_form::timestamptz:
        return append_instant(bytes, true, to);
    }
    return false;
}

} // namespace tandem::values
