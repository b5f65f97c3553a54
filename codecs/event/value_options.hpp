#pragma once
// How values are written for consumers of Debezium: its options, under its names, with its defaults.
// https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-data-types

#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::event {

// Which of the two ways to write values an event's are: exact_plan() or debezium_plan(), see row_plan.hpp. Its
// record says so in the header tandem.values, and in source.version, where exact events bear a mark.
enum class value_form : std::uint8_t { exact, debezium };
[[nodiscard]] constexpr std::string_view text_of(value_form form) noexcept {
    return form == value_form::exact ? "exact" : "debezium";
}
inline constexpr std::string_view exact_mark =
    "+exact"; // ends source.version; Debezium's have no such end

enum class decimal_mode : std::uint8_t { precise, string, double_ }; // decimal.handling.mode
// time.precision.mode; the last three came with Debezium 3.1.
enum class time_mode : std::uint8_t {
    adaptive,
    adaptive_time_microseconds,
    connect,
    microseconds,
    nanoseconds,
    isostring
};
enum class binary_mode : std::uint8_t {
    bytes,
    base64,
    base64_url_safe,
    hex
};                                                           // binary.handling.mode
enum class hstore_mode : std::uint8_t { json, map };         // hstore.handling.mode
enum class interval_mode : std::uint8_t { numeric, string }; // interval.handling.mode

struct value_options {
    decimal_mode decimals = decimal_mode::precise;
    time_mode times = time_mode::adaptive;
    binary_mode binaries = binary_mode::bytes;
    hstore_mode hstores = hstore_mode::json;
    interval_mode intervals = interval_mode::numeric;
    bool replace_nulls = true; // replace.null.with.default, of Kafka's JsonConverter
    int money_digits = 2;      // money.fraction.digits
    std::string unavailable = "__debezium_unavailable_value"; // unavailable.value.placeholder
};

} // namespace tandem::event
