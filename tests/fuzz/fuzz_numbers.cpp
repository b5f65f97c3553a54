// Numerics, dates and times between PostgreSQL's text and numbers, against plain arithmetic: the same texts are
// accepted for the same numbers, and the same numbers have the same text. The first byte of the input chooses the
// kind, and whether the rest is a text or a number.
#include "codecs/values/decimal.hpp"
#include "codecs/values/time_text.hpp"
#include "tests/support/plain_decimal.hpp"
#include "tests/support/plain_time.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace tandem::values {
namespace {

using wire::plain_decimal;
using wire::plain_time;
using wide = plain_time::wide;

void expect(bool met) {
    if (!met) {
        std::abort();
    }
}

template <class Read>
void same(std::string_view input, Read const& read, std::optional<wide> plain) {
    expect(read.has_value() == plain.has_value());
    expect(read.has_value()
               ? *read == *plain
               : read.error().code == codec_errc::bad_value && read.error().offset <= input.size());
}

bool is_infinity(std::string_view text) {
    return text == "infinity" || text == "-infinity";
}

result<std::int64_t> micros(result<pg_time> const& read) {
    return read ? result<std::int64_t>{read->us} : result<std::int64_t>{read.error()};
}

void check_text(std::uint8_t which, std::string_view input) {
    switch (which) {
    case 0:
        if (!is_infinity(input)) {
            same(input, parse_date(input), plain_time::date(input));
        }
        return;
    case 1:
        return same(input, parse_time(input), plain_time::time(input));
    case 2: {
        auto const sign = std::min(input.find_first_of("+-"), input.size());
        auto const clock = plain_time::time(input.substr(0, sign));
        auto const zone = plain_time::zone(input.substr(sign));
        auto const read = parse_timetz(input);
        expect(read.has_value() == (clock && zone));
        expect(!read || (read->us == *clock && read->east == *zone));
        return;
    }
    case 3:
    case 4:
        if (!is_infinity(input)) {
            bool const zoned = which == 4;
            same(input, micros(zoned ? parse_timestamptz(input) : parse_timestamp(input)),
                 plain_time::timestamp(input, zoned));
        }
        return;
    default: {
        std::string_view const text = input.substr(0, 300); // the time grows with the square
        std::size_t const scale = which % 64;
        bool const negative = which >= 64;
        auto const signed_scale = static_cast<std::int32_t>(scale);
        std::string bytes = "before";
        auto const read = append_unscaled(text, negative ? -signed_scale : signed_scale, bytes);
        auto const plain =
            negative ? plain_decimal::shortened(text, scale) : plain_decimal::unscaled(text, scale);
        expect(read.has_value() == plain.has_value());
        expect(bytes == "before" + plain.value_or(""));
    }
    }
}

std::int64_t number_of(std::string_view input) {
    std::uint64_t value = 0;
    for (char const byte : input.substr(0, 8)) {
        value = value * 256 + static_cast<unsigned char>(byte);
    }
    return static_cast<std::int64_t>(value);
}

// Any number within [least, behind).
std::int64_t within(wide value, wide least, wide behind) {
    wide const span = behind - least;
    return static_cast<std::int64_t>(least + (value % span + span) % span);
}

void check_number(std::uint8_t which, std::string_view input) {
    switch (which) {
    case 0: {
        auto const days = within(number_of(input), plain_time::first_day, plain_time::last_day + 1);
        expect(date_text(days) == plain_time::date_text(days));
        return expect(parse_date(date_text(days)) == days);
    }
    case 1: {
        auto const us = within(number_of(input), 0, plain_time::us_per_day + 1);
        expect(time_text(us) == plain_time::time_text(us));
        return expect(parse_time(time_text(us)) == us);
    }
    case 2: {
        zoned_time value;
        value.us = within(number_of(input), 0, plain_time::us_per_day + 1);
        value.east = static_cast<std::int32_t>(within(
            number_of(input.substr(std::min<std::size_t>(input.size(), 8))), -57'599, 57'600));
        std::string const text = timetz_text(value);
        std::size_t const sign = text.find_first_of("+-");
        expect(text.substr(0, sign) == plain_time::time_text(value.us) &&
               plain_time::zone(text.substr(sign)) == wide{value.east});
        return expect(parse_timetz(text) == value);
    }
    case 3:
    case 4: {
        bool const zoned = which == 4;
        wide const least =
            (plain_time::first_day - plain_time::days_at_2000) * plain_time::us_per_day;
        wide const behind =
            (plain_time::behind_timestamp - plain_time::days_at_2000) * plain_time::us_per_day;
        pg_time const instant{within(number_of(input), least, behind)};
        std::string const text = timestamp_text(instant, zoned);
        expect(text == plain_time::timestamp_text(instant.us, zoned));
        return expect((zoned ? parse_timestamptz(text) : parse_timestamp(text)) == instant);
    }
    default: {
        std::string_view const bytes = input.substr(0, 120);
        std::size_t const scale = which % 64;
        std::string const text = decimal_text(bytes, static_cast<std::int32_t>(scale));
        expect(text == plain_decimal::text(bytes, scale));
        std::string again;
        expect(append_unscaled(text, static_cast<std::int32_t>(scale), again).has_value());
        return expect(again == plain_decimal::unscaled(text, scale));
    }
    }
}

} // namespace
} // namespace tandem::values

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 0) {
        std::string_view const input{reinterpret_cast<char const*>(data) + 1, size - 1};
        std::uint8_t const which = data[0] & 0x7FU;
        data[0] < 0x80 ? tandem::values::check_text(which, input)
                       : tandem::values::check_number(which, input);
    }
    return 0;
}
