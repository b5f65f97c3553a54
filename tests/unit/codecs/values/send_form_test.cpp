#include "codecs/values/send_form.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::values {
namespace {

// In hexadecimal, written into a block of exactly the size that is promised to be enough.
std::string written(std::uint32_t type, std::string_view text) {
    auto const most = send_form_most(text.size());
    auto const room = std::make_unique<char[]>(most);
    auto const* const end = write_send_form(send_form_of(oid{type}), text, room.get());
    if (end == nullptr) {
        return "text";
    }
    std::string shown;
    for (auto const* at = room.get(); at != end; ++at) {
        shown += fmt::format("{:02x}", static_cast<unsigned char>(*at));
    }
    return shown;
}

struct conversion {
    char const* name;
    std::uint32_t type;
    std::string text;
    std::string bytes; // as PostgreSQL 15 sends them; or text: it is not converted
};

class SendForm : public testing::TestWithParam<conversion> {};

TEST_P(SendForm, IsTheServers) {
    EXPECT_EQ(written(GetParam().type, GetParam().text), GetParam().bytes) << GetParam().text;
}

conversion const conversions[] = {
    {"true", 16, "t", "01"},
    {"false", 16, "f", "00"},
    {"true_spelled", 16, "true", "text"},
    {"int2", 21, "-32768", "8000"},
    {"int2_too_great", 21, "32768", "text"},
    {"int4", 23, "2147483647", "7fffffff"},
    {"int4_below", 23, "-1", "ffffffff"},
    {"int4_spaced", 23, " 1", "text"},
    {"int4_signed", 23, "+1", "text"},
    {"int4_empty", 23, "", "text"},
    {"int8", 20, "-9223372036854775808", "8000000000000000"},
    {"int8_too_great", 20, "9223372036854775808", "text"},
    {"int8_fraction", 20, "1.5", "text"},
    {"float4", 700, "0.1", "3dcccccd"},
    {"float4_subnormal", 700, "1e-45", "00000001"},
    {"float4_too_great", 700, "1e+39", "text"},
    {"float8", 701, "-0", "8000000000000000"},
    {"float8_exponent", 701, "1.7976931348623157e+308", "7fefffffffffffff"},
    {"float8_infinity", 701, "Infinity", "text"},
    {"float8_nan", 701, "NaN", "text"},
    {"float8_empty", 701, "", "text"},
    {"float8_two", 701, "1 2", "text"},
    {"numeric", 1700, "12345.678", "0003000100000003000109291a7c"},
    {"numeric_below", 1700, "-0.0001", "000200004000000400000001"},
    {"numeric_zero", 1700, "0.00", "000200000000000200000000"},
    {"numeric_group", 1700, "99990000", "0002000100000000270f0000"},
    {"numeric_nan", 1700, "NaN", "text"},
    {"numeric_infinity", 1700, "-Infinity", "text"},
    {"numeric_exponent", 1700, "1e5", "text"},
    {"numeric_two_points", 1700, "1.2.3", "text"},
    {"numeric_open", 1700, "1.", "text"},
    {"numeric_headless", 1700, ".5", "text"},
    {"numeric_minus", 1700, "-", "text"},
    {"numeric_twice_minus", 1700, "--1", "text"},
    {"numeric_long", 1700, std::string(100'001, '1'), "text"},
    {"numeric_fine", 1700, "0." + std::string(16'384, '1'), "text"},
    {"text", 25, "a\tb", "610962"},
    {"text_empty", 25, "", ""},
    {"varchar", 1043, "\xc3\xb6", "c3b6"},
    {"bpchar", 1042, "a ", "6120"},
    {"json", 114, "{ }", "7b207d"},
    {"jsonb", 3802, "{}", "017b7d"},
    {"bytea", 17, "\\x00ff", "00ff"},
    {"bytea_empty", 17, "\\x", ""},
    {"bytea_escape", 17, "\\000", "text"},
    {"uuid", 2950, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc999c0b4ef8bb6d6bb9bd380a11"},
    {"uuid_plain", 2950, "a0eebc999c0b4ef8bb6d6bb9bd380a11", "text"},
    {"uuid_shifted", 2950, "a0eebc9-99c0b-4ef8-bb6d-6bb9bd380a11", "text"},
    {"uuid_no_digit", 2950, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g", "text"},
    {"date", 1082, "2000-01-02", "00000001"},
    {"date_before", 1082, "1999-12-31", "ffffffff"},
    {"date_infinity", 1082, "infinity", "7fffffff"},
    {"date_minus_infinity", 1082, "-infinity", "80000000"},
    {"date_first", 1082, "4714-11-24 BC", "ffda97a7"},
    {"date_other_style", 1082, "01/02/2000", "text"},
    {"time", 1083, "24:00:00", "000000141dd76000"},
    {"time_fraction", 1083, "00:00:00.000001", "0000000000000001"},
    {"time_zone", 1083, "00:00:00+00", "text"},
    {"timestamp", 1114, "2000-01-01 00:00:01", "00000000000f4240"},
    {"timestamp_infinity", 1114, "infinity", "7fffffffffffffff"},
    {"timestamp_zone", 1114, "2000-01-01 00:00:01+00", "text"},
    {"timestamptz", 1184, "2000-01-01 01:00:00+01", "0000000000000000"},
    {"timestamptz_minus_infinity", 1184, "-infinity", "8000000000000000"},
    {"timestamptz_no_zone", 1184, "2000-01-01 01:00:00", "text"},
    {"name", 19, "a", "text"},
    {"array", 1007, "{1}", "text"},
    {"own_type", 16'500, "a", "text"},
};

INSTANTIATE_TEST_SUITE_P(Values, SendForm, testing::ValuesIn(conversions),
                         [](auto const& of) { return std::string{of.param.name}; });

} // namespace
} // namespace tandem::values
