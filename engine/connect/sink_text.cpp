#include "engine/connect/sink_text.hpp"

#include "codecs/connect/java_text.hpp"
#include "codecs/connect/json_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>

namespace tandem::connect {
namespace {

using event::field_kind;
using event::field_value;
using event::time_mode;
using kind = event::value_kind;

constexpr std::int64_t day_ms = 86'400'000;

// A schema's name that says what its values are, and the way in which they are written.
struct meaning {
    std::string_view name;
    kind what;
    time_mode times = time_mode::adaptive;
    event::interval_mode intervals = event::interval_mode::string;
};
constexpr std::array<meaning, 19> meanings{{
    {date_name, kind::date, time_mode::connect},
    {time_name, kind::time, time_mode::connect},
    {timestamp_name, kind::timestamp, time_mode::connect},
    {"io.debezium.time.Date", kind::date},
    {"io.debezium.time.IsoDate", kind::date, time_mode::isostring},
    {"io.debezium.time.Time", kind::time, time_mode::connect},
    {"io.debezium.time.MicroTime", kind::time, time_mode::microseconds},
    {"io.debezium.time.NanoTime", kind::time, time_mode::nanoseconds},
    {"io.debezium.time.IsoTime", kind::time, time_mode::isostring},
    {"io.debezium.time.ZonedTime", kind::timetz},
    {"io.debezium.time.Timestamp", kind::timestamp, time_mode::connect},
    {"io.debezium.time.MicroTimestamp", kind::timestamp, time_mode::microseconds},
    {"io.debezium.time.NanoTimestamp", kind::timestamp, time_mode::nanoseconds},
    {"io.debezium.time.IsoTimestamp", kind::timestamp, time_mode::isostring},
    {"io.debezium.time.ZonedTimestamp", kind::timestamptz},
    {"io.debezium.time.MicroDuration", kind::interval, time_mode::adaptive,
     event::interval_mode::numeric},
    {"io.debezium.time.Interval", kind::interval},
    {"io.debezium.data.VariableScaleDecimal", kind::numeric},
    {"io.debezium.data.geometry.Point", kind::point},
}};

meaning const* meaning_of(schema const& of) noexcept {
    if (!of.name) {
        return nullptr;
    }
    auto const* const found =
        std::ranges::find(meanings, std::string_view{*of.name}, &meaning::name);
    return found == meanings.end() ? nullptr : found;
}

bool is_temporal(kind of) noexcept {
    return of == kind::date || of == kind::time || of == kind::timetz || of == kind::timestamp ||
           of == kind::timestamptz || of == kind::interval;
}

bool is_integer(value_kind of) noexcept {
    return of >= value_kind::int8 && of <= value_kind::int64;
}

void append_hex(std::string_view bytes, std::string& out) {
    out = "\\x";
    for (char const each : bytes) {
        fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned char>(each));
    }
}

std::string real_text(value const& what) {
    double const number = what.real();
    if (std::isnan(number)) {
        return "NaN";
    }
    if (std::isinf(number)) {
        return number < 0 ? "-Infinity" : "Infinity";
    }
    return what.kind() == value_kind::float32 ? fmt::format("{}", static_cast<float>(number))
                                              : fmt::format("{}", number);
}

// The number of Connect's Date, Time or Timestamp as their JSON has it.
std::int64_t counted(value const& what, kind as) noexcept {
    auto const number = what.number();
    auto const of_day = ((number % day_ms) + day_ms) % day_ms;
    return as == kind::date                         ? (number - of_day) / day_ms
           : as == kind::time || as == kind::timetz ? of_day
                                                    : number;
}

std::optional<std::string> scalar_json(value const& what, kind as) {
    switch (what.kind()) {
    case value_kind::date:
        return fmt::format("{}", counted(what, as));
    case value_kind::int8:
    case value_kind::int16:
    case value_kind::int32:
    case value_kind::int64:
        return fmt::format("{}", what.number());
    case value_kind::float32:
    case value_kind::float64:
        return real_text(what);
    case value_kind::boolean:
        return what.number() != 0 ? "true" : "false";
    case value_kind::string:
        return std::string{what.text()};
    default:
        return std::nullopt;
    }
}

field_kind field_kind_of(value const& what) noexcept {
    switch (what.kind()) {
    case value_kind::null:
        return field_kind::null;
    case value_kind::string:
    case value_kind::bytes:
    case value_kind::decimal:
        return field_kind::string;
    case value_kind::boolean:
        return field_kind::boolean;
    case value_kind::array:
    case value_kind::map:
    case value_kind::structure:
        return field_kind::nested;
    default:
        return field_kind::number;
    }
}

std::int32_t numeric_modifier_of(std::int32_t scale) noexcept {
    return ((1000 << 16) | (scale & 0x7ff)) + 4;
}

// What an array's elements are, by their schema.
event::resolved_type element_type(schema const& array, event::resolved_type column,
                                  event::value_options& options) {
    auto const& element = *array.element;
    if (auto const* const as = meaning_of(element)) {
        column.kind = as->what;
        column.modifier = -1;
        options.times = as->times;
        options.intervals = as->intervals;
    } else if (element.name == decimal_name) {
        column.kind = kind::numeric;
        column.modifier = numeric_modifier_of(scale_of(element).value_or(0));
    } else if (element.type == schema_type::string) {
        options.decimals = event::decimal_mode::string;
    }
    return column;
}

problem no_unit(schema const& of) {
    return data_problem(fmt::format(
        "a number ({}) that does not say what it counts, for a column of a date, a time or an "
        "interval: leave its schema as the source makes it, or let TimestampConverter make a "
        "Timestamp of it",
        java_text(of)));
}

} // namespace

// As records without a schema are read: from JSON, by the type of the column.
outcome<sink_cell> sink_text::read(schema const* of, value const& what,
                                   event::resolved_type const& as,
                                   event::value_options const& options, std::string& out) {
    auto const is = field_kind_of(what);
    if (auto scalar = scalar_json(what, as.kind)) {
        json_ = std::move(*scalar);
    } else {
        json_.clear();
        auto const written =
            append_json(of, what, {false, decimal_format::base64, options.replace_nulls}, json_);
        if (!written) {
            return written.error();
        }
        if (is == field_kind::string) { // base64 in quotes
            json_ = json_.substr(1, json_.size() - 2);
        }
    }
    auto const made = reader_.text({is, json_}, as, options, out);
    if (made) {
        return sink_cell::text;
    }
    if (made.error().code == event::event_errc::unavailable) {
        return sink_cell::unsent;
    }
    return data_problem(made.error().message());
}

outcome<sink_cell> sink_text::plain(schema const& of, value const& what,
                                    event::resolved_type const& column, std::string& out) {
    switch (what.kind()) {
    case value_kind::decimal:
        out.clear();
        append_java_decimal(what.text(), what.scale(), out);
        return sink_cell::text;
    case value_kind::bytes:
        if (what.text() == values_.unavailable) {
            return sink_cell::unsent;
        }
        append_hex(what.text(), out);
        return sink_cell::text;
    case value_kind::string:
        if (what.text() == values_.unavailable) {
            return sink_cell::unsent;
        }
        if (column.kind == kind::bytea) {
            return data_problem("a string for a column of type bytea: whether it is base64 or "
                                "hexadecimal is not known; write it with "
                                "binary.handling.mode=bytes at the source");
        }
        out = what.text();
        return sink_cell::text;
    case value_kind::boolean:
        out = column.kind == kind::bit || column.kind == kind::varbit
                  ? (what.number() != 0 ? "1" : "0")
                  : (what.number() != 0 ? "t" : "f");
        return sink_cell::text;
    case value_kind::float32:
    case value_kind::float64:
        out = real_text(what);
        return sink_cell::text;
    default:
        break;
    }
    if (is_integer(what.kind())) {
        if (is_temporal(column.kind)) {
            return no_unit(of);
        }
        fmt::format_int const number{what.number()};
        out.assign(number.data(), number.size());
        return sink_cell::text;
    }
    return data_problem(fmt::format("{} cannot be written to a column", java_text(of)));
}

// Without a schema: a Date that a transformation made says what it is, all else is as the source's modes have it.
outcome<sink_cell> sink_text::bare(value const& what, event::resolved_type const& column,
                                   std::string& out) {
    if (what.kind() == value_kind::date) {
        auto as = column;
        as.kind = is_temporal(column.kind) && column.kind != kind::timestamptz ? column.kind
                                                                               : kind::timestamp;
        as.array = false;
        as.modifier = -1;
        auto options = values_;
        options.times = time_mode::connect;
        auto made = read(nullptr, what, as, options, out);
        if (made && *made == sink_cell::text && column.kind == kind::timestamptz) {
            out += "+00";
        }
        return made;
    }
    if (what.kind() == value_kind::decimal) {
        out.clear();
        append_java_decimal(what.text(), what.scale(), out);
        return sink_cell::text;
    }
    auto made = read(nullptr, what, column, values_, out);
    if (!made && what.kind() == value_kind::string && is_temporal(column.kind)) {
        out = what.text(); // of another form; PostgreSQL refuses what it does not read
        return sink_cell::text;
    }
    return made;
}

outcome<sink_cell> sink_text::of(schema const* of, value const& what,
                                 event::resolved_type const& column, std::string& out) {
    if (what.is_null()) {
        return sink_cell::null;
    }
    if (of == nullptr) {
        return bare(what, column, out);
    }
    if (!of->name && what.kind() < value_kind::array) {
        return plain(*of, what, column, out);
    }
    as_said_.times = values_.times;
    as_said_.intervals = values_.intervals;
    as_said_.decimals = values_.decimals;
    as_said_.hstores = values_.hstores;
    if (what.kind() == value_kind::array && of->element != nullptr && column.array) {
        return read(of, what, element_type(*of, column, as_said_), as_said_, out);
    }
    auto as = column;
    if (auto const* const known = meaning_of(*of)) {
        as.kind = known->what;
        as.array = false;
        as.modifier = -1;
        as_said_.times = known->times;
        as_said_.intervals = known->intervals;
        auto made = read(of, what, as, as_said_, out);
        bool const in_utc = as.kind == kind::timestamp && column.kind == kind::timestamptz;
        if (made && *made == sink_cell::text && in_utc && !out.ends_with("infinity")) {
            auto const era = out.ends_with(" BC") ? out.size() - 3 : out.size();
            out.insert(era, "+00");
        }
        return made;
    }
    if (of->name == "io.debezium.data.Bits") {
        auto const* const length = of->parameter("length");
        as.kind = length == nullptr || *length == "2147483647" ? kind::varbit : column.kind;
        return read(of, what, as, as_said_, out);
    }
    if (what.kind() == value_kind::map || what.kind() == value_kind::structure) {
        as_said_.hstores = event::hstore_mode::map;
        return read(of, what, column, as_said_, out);
    }
    return plain(*of, what, column, out);
}

} // namespace tandem::connect
