#include "codecs/event/value_kind.hpp"

#include <algorithm>
#include <utility>

namespace tandem::event {
namespace {

struct builtin {
    std::uint32_t type;
    std::uint32_t array;
    value_kind kind;
};

// Object identifiers of pg_type.dat, the same on every server.
constexpr builtin builtins[] = {
    {16, 1000, value_kind::boolean},       {17, 1001, value_kind::bytea},
    {18, 1002, value_kind::text},          {19, 1003, value_kind::text},
    {20, 1016, value_kind::int8},          {21, 1005, value_kind::int2},
    {23, 1007, value_kind::int4},          {25, 1009, value_kind::text},
    {26, 1028, value_kind::int8},          {114, 199, value_kind::json},
    {142, 143, value_kind::xml},           {600, 1017, value_kind::point},
    {650, 651, value_kind::text},          {700, 1021, value_kind::float4},
    {701, 1022, value_kind::float8},       {774, 775, value_kind::text},
    {790, 791, value_kind::money},         {829, 1040, value_kind::text},
    {869, 1041, value_kind::text},         {1042, 1014, value_kind::text},
    {1043, 1015, value_kind::text},        {1082, 1182, value_kind::date},
    {1083, 1183, value_kind::time},        {1114, 1115, value_kind::timestamp},
    {1184, 1185, value_kind::timestamptz}, {1186, 1187, value_kind::interval},
    {1266, 1270, value_kind::timetz},      {1560, 1561, value_kind::bit},
    {1562, 1563, value_kind::varbit},      {1700, 1231, value_kind::numeric},
    {2950, 2951, value_kind::uuid},        {3614, 3643, value_kind::tsvector},
    {3802, 3807, value_kind::json},        {3904, 3905, value_kind::range},
    {3906, 3907, value_kind::range},       {3908, 3909, value_kind::range},
    {3910, 3911, value_kind::range},       {3912, 3913, value_kind::range},
    {3926, 3927, value_kind::range},       {4451, 6150, value_kind::multirange},
    {4532, 6151, value_kind::multirange},  {4533, 6152, value_kind::multirange},
    {4534, 6153, value_kind::multirange},  {4535, 6155, value_kind::multirange},
    {4536, 6157, value_kind::multirange},
};

value_kind kind_by_name(std::string const& name) noexcept {
    if (name == "hstore") {
        return value_kind::hstore;
    }
    if (name == "citext") {
        return value_kind::text;
    }
    return name == "ltree" ? value_kind::ltree : value_kind::other;
}

} // namespace

resolved_type resolve(oid type, std::int32_t modifier, type_table const& types) {
    constexpr int depth_most = 32; // domains over domains; the server has no loops
    resolved_type made;
    made.modifier = modifier;
    for (int depth = 0; depth < depth_most; ++depth) {
        for (builtin const& each : builtins) {
            if (each.type == type.value || each.array == type.value) {
                made.kind = each.kind;
                made.array = made.array || each.array == type.value;
                return made;
            }
        }
        type_facts const* const facts = types.find(type);
        if (facts == nullptr) {
            return made;
        }
        switch (facts->what) {
        case type_facts::sort::base:
            made.kind = kind_by_name(facts->name);
            return made;
        case type_facts::sort::composite:
            made.kind = value_kind::composite;
            return made;
        case type_facts::sort::enumeration:
            made.kind = value_kind::enumeration;
            made.named = facts;
            return made;
        case type_facts::sort::array:
            made.array = true;
            break;
        case type_facts::sort::domain:
            if (made.array) { // elements of a domain: Debezium knows no such arrays
                return {};
            }
            made.modifier = facts->modifier;
            break;
        }
        type = facts->of;
    }
    return {};
}

bool has_debezium_form(resolved_type const& type) noexcept {
    switch (type.kind) {
    case value_kind::other:
    case value_kind::multirange:
    case value_kind::composite:
        return false;
    case value_kind::money:
    case value_kind::interval:
    case value_kind::varbit:
    case value_kind::xml:
    case value_kind::point:
    case value_kind::tsvector:
        return !type.array;
    default:
        return true;
    }
}

numeric_modifier numeric_of(std::int32_t modifier) noexcept {
    constexpr std::int32_t header = 4; // VARHDRSZ
    if (modifier < header) {
        return {};
    }
    auto const bits = static_cast<std::uint32_t>(modifier - header);
    auto const precision = static_cast<std::int32_t>(bits >> 16U);
    // Since 15 the scale has 11 bits and a sign.
    auto const scale = static_cast<std::int32_t>((bits & 0x7FFU) ^ 1024U) - 1024;
    return {precision, scale};
}

time_unit time_unit_of(resolved_type const& type, time_mode mode) noexcept {
    bool const fine = second_digits_of(type.modifier) > 3;
    switch (mode) {
    case time_mode::connect:
        return time_unit::millis;
    case time_mode::microseconds:
        return time_unit::micros;
    case time_mode::nanoseconds:
        return time_unit::nanos;
    case time_mode::isostring:
        return time_unit::iso;
    case time_mode::adaptive_time_microseconds:
        return fine || type.kind == value_kind::time ? time_unit::micros : time_unit::millis;
    case time_mode::adaptive:
        break;
    }
    return fine ? time_unit::micros : time_unit::millis;
}

std::int32_t second_digits_of(std::int32_t modifier) noexcept {
    return modifier < 0 ? 6 : std::min<std::int32_t>(modifier, 6);
}

} // namespace tandem::event
