#include "codecs/event/connect_schema.hpp"

#include "codecs/event/json_string.hpp"
#include "codecs/event/row_plan.hpp"
#include "codecs/event/schema_blocks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace tandem::event {
namespace {

// A schema in the order in which JsonConverter writes its parts.
struct schema {
    std::string type; // or its parts as well: "array","items":{...}
    bool optional = true;
    std::string name; // and version, empty: none
    int version = 1;
    std::string doc;
    std::string parameters; // {"scale":"2"}

    [[nodiscard]] std::string body() const {
        std::string text = fmt::format(R"("type":{},"optional":{})", type, optional);
        if (!name.empty()) {
            text += fmt::format(R"(,"name":{})", json_string(name));
            text += version > 0 ? fmt::format(R"(,"version":{})", version) : "";
        }
        text += doc.empty() ? "" : fmt::format(R"(,"doc":{})", json_string(doc));
        text += parameters.empty() ? "" : fmt::format(R"(,"parameters":{})", parameters);
        return text;
    }
};

schema plain(char const* type) {
    schema made;
    made.type = json_string(type);
    return made;
}

schema named(char const* type, std::string name) {
    schema made = plain(type);
    made.name = std::move(name);
    return made;
}

std::string fields_type(std::vector<std::string> const& fields) {
    return fmt::format(R"("struct","fields":[{}])", fmt::join(fields, ","));
}

schema decimal_schema(resolved_type const& type, value_options const& options) {
    auto const [precision, scale] = numeric_of(type.modifier);
    switch (options.decimals) {
    case decimal_mode::string:
        return plain("string");
    case decimal_mode::double_:
        return plain("double");
    case decimal_mode::precise:
        break;
    }
    if (type.kind == value_kind::money) {
        schema made = named("bytes", "org.apache.kafka.connect.data.Decimal");
        made.parameters = fmt::format(R"({{"scale":"{}"}})", options.money_digits);
        return made;
    }
    if (precision > 0) {
        schema made = named("bytes", "org.apache.kafka.connect.data.Decimal");
        made.parameters =
            fmt::format(R"({{"scale":"{}","connect.decimal.precision":"{}"}})", scale, precision);
        return made;
    }
    schema made;
    made.type = fields_type({R"({"type":"int32","optional":false,"field":"scale"})",
                             R"({"type":"bytes","optional":false,"field":"value"})"});
    made.name = "io.debezium.data.VariableScaleDecimal";
    made.doc = "Variable scaled decimal";
    return made;
}

schema date_schema(value_options const& options) {
    if (options.times == time_mode::isostring) {
        return named("string", "io.debezium.time.IsoDate");
    }
    return named("int32", options.times == time_mode::connect ? "org.apache.kafka.connect.data.Date"
                                                              : "io.debezium.time.Date");
}

schema time_schema(resolved_type const& type, value_options const& options) {
    if (options.times == time_mode::connect) {
        return named("int32", "org.apache.kafka.connect.data.Time");
    }
    switch (time_unit_of(type, options.times)) {
    case time_unit::millis:
        return named("int32", "io.debezium.time.Time");
    case time_unit::micros:
        return named("int64", "io.debezium.time.MicroTime");
    case time_unit::nanos:
        return named("int64", "io.debezium.time.NanoTime");
    case time_unit::iso:
        break;
    }
    return named("string", "io.debezium.time.IsoTime");
}

schema timestamp_schema(resolved_type const& type, value_options const& options) {
    if (options.times == time_mode::connect) {
        return named("int64", "org.apache.kafka.connect.data.Timestamp");
    }
    switch (time_unit_of(type, options.times)) {
    case time_unit::millis:
        return named("int64", "io.debezium.time.Timestamp");
    case time_unit::micros:
        return named("int64", "io.debezium.time.MicroTimestamp");
    case time_unit::nanos:
        return named("int64", "io.debezium.time.NanoTimestamp");
    case time_unit::iso:
        break;
    }
    return named("string", "io.debezium.time.IsoTimestamp");
}

schema bits_schema(resolved_type const& type) {
    if (type.modifier == 1) {
        return plain("boolean");
    }
    schema made = named("bytes", "io.debezium.data.Bits");
    made.parameters =
        fmt::format(R"({{"length":"{}"}})", type.modifier < 0 ? 2'147'483'647 : type.modifier);
    return made;
}

schema enumeration_schema(resolved_type const& type) {
    schema made = named("string", "io.debezium.data.Enum");
    made.parameters = fmt::format(
        R"({{"allowed":{}}})", json_string(fmt::format("{}", fmt::join(type.named->labels, ","))));
    return made;
}

schema hstore_schema(value_options const& options) {
    if (options.hstores == hstore_mode::json) {
        return named("string", "io.debezium.data.Json");
    }
    schema made;
    made.type =
        R"("map","keys":{"type":"string","optional":false},"values":{"type":"string","optional":true})";
    return made;
}

schema point_schema() {
    schema made;
    made.type = fields_type({R"({"type":"double","optional":false,"field":"x"})",
                             R"({"type":"double","optional":false,"field":"y"})",
                             R"({"type":"bytes","optional":true,"field":"wkb"})",
                             R"({"type":"int32","optional":true,"field":"srid"})"});
    made.name = "io.debezium.data.geometry.Point";
    made.doc = "Geometry (POINT)";
    return made;
}

schema element_schema(resolved_type const& type, value_options const& options) {
    switch (type.kind) {
    case value_kind::boolean:
        return plain("boolean");
    case value_kind::int2:
        return plain("int16");
    case value_kind::int4:
        return plain("int32");
    case value_kind::int8:
        return plain("int64");
    case value_kind::float4:
        return plain("float");
    case value_kind::float8:
        return plain("double");
    case value_kind::numeric:
    case value_kind::money:
        return decimal_schema(type, options);
    case value_kind::json:
        return named("string", "io.debezium.data.Json");
    case value_kind::uuid:
        return named("string", "io.debezium.data.Uuid");
    case value_kind::xml:
        return named("string", "io.debezium.data.Xml");
    case value_kind::ltree:
        return named("string", "io.debezium.data.Ltree");
    case value_kind::tsvector:
        return named("string", "io.debezium.data.Tsvector");
    case value_kind::enumeration:
        return enumeration_schema(type);
    case value_kind::hstore:
        return hstore_schema(options);
    case value_kind::bytea:
        return plain(options.binaries == binary_mode::bytes ? "bytes" : "string");
    case value_kind::bit:
    case value_kind::varbit:
        return bits_schema(type);
    case value_kind::date:
        return date_schema(options);
    case value_kind::time:
        return time_schema(type, options);
    case value_kind::timetz:
        return named("string", "io.debezium.time.ZonedTime");
    case value_kind::timestamp:
        return timestamp_schema(type, options);
    case value_kind::timestamptz:
        return named("string", "io.debezium.time.ZonedTimestamp");
    case value_kind::interval:
        return options.intervals == interval_mode::numeric
                   ? named("int64", "io.debezium.time.MicroDuration")
                   : named("string", "io.debezium.time.Interval");
    case value_kind::point:
        return point_schema();
    case value_kind::text:
    case value_kind::range:
    case value_kind::multirange:
    case value_kind::composite:
    case value_kind::other:
        break;
    }
    return plain("string");
}

schema column_schema(resolved_type const& type, value_options const& options) {
    schema element = element_schema(type, options);
    if (!type.array) {
        return element;
    }
    element.optional = type.kind != value_kind::enumeration;
    schema made;
    made.type = fmt::format(R"("array","items":{{{}}})", element.body());
    return made;
}

// Columns as the row has them, or the key, which may be in another order.
std::vector<std::size_t> field_order(schema_source const& of, bool keys_only) {
    std::vector<std::size_t> made(of.shape.columns.size());
    std::iota(made.begin(), made.end(), std::size_t{0});
    if (keys_only && !of.key.empty()) {
        std::ranges::stable_sort(made, {}, [&of](std::size_t index) {
            return std::ranges::find(of.key, of.shape.columns[index].name) - of.key.begin();
        });
    }
    return made;
}

std::vector<std::string> row_fields(schema_source const& of, bool keys_only) {
    std::vector<std::string> fields;
    for (std::size_t const index : field_order(of, keys_only)) {
        auto const& column = of.shape.columns[index];
        auto const type = resolve(column.type, column.type_modifier, of.types);
        if (!has_debezium_form(type) || (keys_only && !is_key(column, of.key))) {
            continue;
        }
        bool const known = index < of.facts.size();
        schema made = column_schema(type, of.options);
        made.optional = known ? !of.facts[index].not_null : !is_key(column, of.key);
        if (known && !keys_only && !of.facts[index].parameters.empty()) {
            auto const own =
                std::string_view{made.parameters}.substr(0, made.parameters.rfind('}'));
            made.parameters = fmt::format("{}{}}}", own.empty() ? "{" : std::string{own} + ",",
                                          of.facts[index].parameters);
        }
        auto const fallback =
            known ? default_json(column.type, column.type_modifier,
                                 of.facts[index].default_expression, of.types, of.options)
                  : std::nullopt;
        fields.push_back(fmt::format(R"({{{}{},"field":{}}})", made.body(),
                                     fallback ? R"(,"default":)" + *fallback : "",
                                     json_string(column.name)));
    }
    return fields;
}

std::string row_schema(schema_source const& of, char const* field) {
    schema made;
    made.type = fields_type(row_fields(of, false));
    made.name = of.topic + ".Value";
    made.version = 0;
    return fmt::format(R"({{{},"field":"{}"}})", made.body(), field);
}

} // namespace

std::string key_schema(schema_source const& of) {
    schema made;
    made.type = fields_type(row_fields(of, true));
    made.optional = false;
    made.name = of.topic + ".Key";
    made.version = 0;
    return fmt::format(R"({{"schema":{{{}}})", made.body());
}

std::string envelope_schema(schema_source const& of) {
    schema made;
    made.type =
        fields_type({row_schema(of, "before"), row_schema(of, "after"), std::string{source_schema},
                     std::string{transaction_schema}, std::string{event_schemas}});
    made.optional = false;
    made.name = of.topic + ".Envelope";
    made.version = 2;
    return fmt::format(R"({{"schema":{{{}}})", made.body());
}

} // namespace tandem::event
