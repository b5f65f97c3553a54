#pragma once
// Schemas of Kafka Connect.
// https://kafka.apache.org/39/javadoc/org/apache/kafka/connect/data/Schema.html

#include "codecs/connect/value.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::connect {

enum class schema_type : std::uint8_t {
    int8,
    int16,
    int32,
    int64,
    float32,
    float64,
    boolean,
    string,
    bytes,
    array,
    map,
    structure,
};

struct schema;
// Shared by the records that have it, the schemas it is part of, and the caches that made it. Never changed.
using schema_ptr = std::shared_ptr<schema const>;

struct field {
    std::string name;
    schema_ptr of;
};

struct schema {
    schema_type type = schema_type::structure;
    bool optional = false;
    std::optional<std::string> name;
    std::optional<std::int32_t> version;
    std::optional<std::string> doc;
    std::vector<std::pair<std::string, std::string>> parameters; // in the order they were given
    std::vector<field> fields;                                   // structure
    schema_ptr key;                                              // map
    schema_ptr element;                                          // array and map
    value default_value;                                         // null: none
    arena memory;                                                // what the default points to

    [[nodiscard]] std::optional<std::size_t> index_of(std::string_view field_name) const noexcept;
    [[nodiscard]] std::string const* parameter(std::string_view parameter_name) const noexcept;
};

// Names of the logical types that converters treat by themselves.
inline constexpr std::string_view decimal_name = "org.apache.kafka.connect.data.Decimal";
inline constexpr std::string_view date_name = "org.apache.kafka.connect.data.Date";
inline constexpr std::string_view time_name = "org.apache.kafka.connect.data.Time";
inline constexpr std::string_view timestamp_name = "org.apache.kafka.connect.data.Timestamp";

// Plain ones, made once.
[[nodiscard]] schema_ptr plain_schema(schema_type type, bool optional = false);
// Date, Time or Timestamp.
[[nodiscard]] schema_ptr logical_schema(std::string_view name, bool optional = false);
[[nodiscard]] schema_ptr decimal_schema(std::int32_t scale);

// Type, name, version, doc and parameters of that one, without its fields, optionality and default, as the
// transformations begin a new schema.
[[nodiscard]] std::shared_ptr<schema> basics_of(schema const& original);

// Whether they are equal in all they have.
[[nodiscard]] bool same(schema const& left, schema const& right);

// "INT64"
[[nodiscard]] std::string_view java_name(schema_type type) noexcept;
// "Schema{STRING}" or "Schema{name:STRUCT}"
[[nodiscard]] std::string java_text(schema const& of);

// A structure's value, or its schema's default where it is null and `with_default`.
[[nodiscard]] inline value const& field_value(value const& structure, std::size_t index,
                                              bool with_default) noexcept {
    value const& own = structure.field(index);
    return own.is_null() && with_default ? structure.shape().fields[index].of->default_value : own;
}

} // namespace tandem::connect
