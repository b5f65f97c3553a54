#include "engine/connect/sink_columns.hpp"

#include "codecs/sql/quote.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace tandem::connect {
namespace {

using names = std::pair<std::string_view, std::string_view>;

// By the schema's name, as Debezium's sink makes them.
constexpr std::array<names, 27> debezium_types{{
    {date_name, "date"},
    {time_name, "time(6)"},
    {timestamp_name, "timestamp(6)"},
    {"io.debezium.time.Date", "date"},
    {"io.debezium.time.IsoDate", "date"},
    {"io.debezium.time.Time", "time(6)"},
    {"io.debezium.time.MicroTime", "time(6)"},
    {"io.debezium.time.NanoTime", "time(6)"},
    {"io.debezium.time.IsoTime", "time(6)"},
    {"io.debezium.time.ZonedTime", "time(6) with time zone"},
    {"io.debezium.time.Timestamp", "timestamp(6)"},
    {"io.debezium.time.MicroTimestamp", "timestamp(6)"},
    {"io.debezium.time.NanoTimestamp", "timestamp(6)"},
    {"io.debezium.time.IsoTimestamp", "timestamp(6)"},
    {"io.debezium.time.ZonedTimestamp", "timestamp(6) with time zone"},
    {"io.debezium.time.MicroDuration", "interval"},
    {"io.debezium.time.Interval", "interval"},
    {"io.debezium.data.VariableScaleDecimal",
     "numeric"}, // theirs is double precision, which loses digits
    {"io.debezium.data.Json", "json"},
    {"io.debezium.data.Uuid", "uuid"},
    {"io.debezium.data.Xml", "xml"},
    {"io.debezium.data.Ltree", "ltree"},
    {"io.debezium.data.Tsvector", "tsvector"},
    {"io.debezium.data.Enum", "text"},
    {"io.debezium.data.geometry.Point", "point"},
    {"io.debezium.data.geometry.Geometry", "geometry"},
    {"io.debezium.data.geometry.Geography", "geography"},
}};
// Of Connect's own kinds, as Confluent's sink makes them; others it does not know.
constexpr std::array<names, 3> confluent_types{
    {{date_name, "date"}, {time_name, "time"}, {timestamp_name, "timestamp"}}};

std::optional<std::string_view> named_type(schema const& of, bool of_confluent) {
    if (!of.name) {
        return std::nullopt;
    }
    auto const types = of_confluent ? std::span<names const>{confluent_types}
                                    : std::span<names const>{debezium_types};
    auto const found = std::ranges::find(types, std::string_view{*of.name}, &names::first);
    return found == types.end() ? std::nullopt : std::optional{found->second};
}

std::optional<int> number_in(schema const& of, std::string_view name) {
    auto const* const text = of.parameter(name);
    int number = 0;
    if (text == nullptr ||
        std::from_chars(text->data(), text->data() + text->size(), number).ec != std::errc{}) {
        return std::nullopt;
    }
    return number;
}

std::string_view plain_type(schema_type of) {
    switch (of) {
    case schema_type::int8:
    case schema_type::int16:
        return "smallint";
    case schema_type::int32:
        return "integer";
    case schema_type::int64:
        return "bigint";
    case schema_type::float32:
        return "real";
    case schema_type::float64:
        return "double precision";
    case schema_type::boolean:
        return "boolean";
    case schema_type::string:
        return "text";
    case schema_type::bytes:
        return "bytea";
    default:
        return {};
    }
}

// Of the schema's default, when it is a plain value; otherwise empty.
std::string default_text(schema const& of) {
    auto const& what = of.default_value;
    if (of.name) { // a number that counts something
        return {};
    }
    switch (what.kind()) {
    case value_kind::int8:
    case value_kind::int16:
    case value_kind::int32:
    case value_kind::int64:
        return fmt::format(" DEFAULT {}", what.number());
    case value_kind::boolean:
        return what.number() != 0 ? " DEFAULT true" : " DEFAULT false";
    case value_kind::string:
        return " DEFAULT " + sql::literal(what.text());
    default:
        return {};
    }
}

outcome<std::string> column_text(wanted_column const& column, bool of_confluent) {
    if (column.of == nullptr) {
        return problem{problem_kind::connect,
                       fmt::format("field {} has no schema, and a column is made from one: let the "
                                   "source write schemas (value.converter.schemas.enable=true), or "
                                   "make the column by hand",
                                   column.name)};
    }
    auto type = column_type_of(*column.of, of_confluent);
    if (!type) {
        return problem{type.error().kind,
                       fmt::format("field {}: {}", column.name, type.error().what)};
    }
    bool const required = column.key || !column.of->optional;
    return fmt::format("{} {}{}{}", sql::identifier(column.name), *type,
                       column.key ? std::string{} : default_text(*column.of),
                       required ? " NOT NULL" : "");
}

} // namespace

outcome<std::string> column_type_of(schema const& of, bool of_confluent) {
    if (of.name == decimal_name) {
        auto const scale = number_in(of, "scale").value_or(0);
        auto const precision = number_in(of, "connect.decimal.precision");
        return !of_confluent && precision && *precision >= scale && scale >= 0
                   ? fmt::format("numeric({}, {})", *precision, scale)
                   : std::string{"numeric"};
    }
    if (of.name == "io.debezium.data.Bits" && !of_confluent) {
        auto const length = number_in(of, "length");
        return length && *length < 83'886'080 ? fmt::format("bit varying({})", *length)
                                              : std::string{"bit varying"};
    }
    if (auto const known = named_type(of, of_confluent)) {
        return std::string{*known};
    }
    if (of.type == schema_type::array) {
        auto element = column_type_of(*of.element, of_confluent);
        return element ? outcome<std::string>{*element + "[]"} : element;
    }
    auto const plain = plain_type(of.type);
    if (plain.empty()) {
        return problem{problem_kind::connect,
                       fmt::format("no type of PostgreSQL is known for {}: make the column by hand",
                                   java_text(of))};
    }
    return std::string{plain};
}

outcome<std::string> create_table(sink_table_name const& name,
                                  std::span<wanted_column const> columns, bool of_confluent) {
    std::string made;
    std::string keys;
    for (bool const key : {true, false}) {
        for (auto const& each : columns) {
            if (each.key != key) {
                continue;
            }
            auto text = column_text(each, of_confluent);
            if (!text) {
                return text;
            }
            made += (made.empty() ? "" : ", ") + *text;
            if (key) {
                keys += fmt::format("{}{}", keys.empty() ? "" : ", ", sql::identifier(each.name));
            }
        }
    }
    return fmt::format("CREATE TABLE IF NOT EXISTS {} ({}{})",
                       sql::qualified(name.schema, name.table), made,
                       keys.empty() ? "" : fmt::format(", PRIMARY KEY ({})", keys));
}

outcome<std::string> add_columns(sink_table_name const& name,
                                 std::span<wanted_column const> columns, bool of_confluent) {
    std::string made;
    for (auto const& each : columns) {
        auto text = column_text(each, of_confluent);
        if (!text) {
            return text;
        }
        if (!each.of->optional && default_text(*each.of).empty()) {
            return problem{
                problem_kind::connect,
                fmt::format("Cannot ALTER table '{}.{}' because field '{}' is not optional but has "
                            "no default value: add the column by hand",
                            name.schema, name.table, each.name)};
        }
        made += fmt::format("{}ADD COLUMN IF NOT EXISTS {}", made.empty() ? "" : ", ", *text);
    }
    return fmt::format("ALTER TABLE {} {}", sql::qualified(name.schema, name.table), made);
}

} // namespace tandem::connect
