#pragma once
// What a column holds, as far as its JSON form depends on it: types seen through domains and arrays.

#include "codecs/base/lsn.hpp"
#include "codecs/event/value_options.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tandem::event {

enum class value_kind : std::uint8_t {
    other, // none of the below: range over a user's type, system types
    boolean,
    int2,
    int4,
    int8, // and oid
    float4,
    float8,
    numeric,
    money,
    text,       // char, varchar, bpchar, name, citext, inet, cidr, macaddr
    range,      // built-in
    multirange, // built-in
    composite,
    json,
    uuid,
    xml,
    ltree,
    tsvector,
    enumeration,
    hstore,
    bytea,
    bit,
    varbit,
    date,
    time,
    timetz,
    timestamp,
    timestamptz,
    interval,
    point,
};

// A type that is not built in, from pg_type of the source.
struct type_facts {
    enum class sort : std::uint8_t { base, domain, enumeration, array, composite };
    sort what = sort::base;
    std::string name;                // without schema: hstore, citext, ltree
    oid of;                          // a domain's base type, an array's element type
    std::int32_t modifier = -1;      // that a domain gives its base type
    std::vector<std::string> labels; // of an enumeration, in its order
};

class type_table {
public:
    void add(oid type, type_facts facts) { types_[type.value] = std::move(facts); }
    [[nodiscard]] type_facts const* find(oid type) const noexcept {
        auto const found = types_.find(type.value);
        return found == types_.end() ? nullptr : &found->second;
    }

private:
    std::map<std::uint32_t, type_facts> types_;
};

struct resolved_type {
    value_kind kind = value_kind::other; // of the elements when it is an array
    bool array = false;
    std::int32_t modifier = -1;        // pg_attribute.atttypmod
    type_facts const* named = nullptr; // for enumerations; lives in the table
};

// Domains become what they are domains over, at any depth.
[[nodiscard]] resolved_type resolve(oid type, std::int32_t modifier, type_table const& types);

// Whether Debezium's connector has a form for it; it leaves other columns out.
[[nodiscard]] bool has_debezium_form(resolved_type const& type) noexcept;

// Of the modifier of numeric, time and timestamp types.
struct numeric_modifier {
    std::int32_t precision = 0; // 0: none given
    std::int32_t scale = 0;
};
[[nodiscard]] numeric_modifier numeric_of(std::int32_t modifier) noexcept;
[[nodiscard]] std::int32_t second_digits_of(std::int32_t modifier) noexcept; // 6 when none is given

// How a date, time or timestamp without zone is written in that mode: what is written, its schema and what is
// read must agree. A date that counts counts days.
enum class time_unit : std::uint8_t { millis, micros, nanos, iso };
[[nodiscard]] time_unit time_unit_of(resolved_type const& type, time_mode mode) noexcept;

// What stands for an infinite timestamp, in microseconds: pgjdbc's, which Debezium passes on.
inline constexpr std::int64_t infinite_micros = 9'223'372'036'825'200'000;
inline constexpr std::int64_t minus_infinite_micros = -9'223'372'036'832'400'000;

} // namespace tandem::event
