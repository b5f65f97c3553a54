#pragma once
// What the source's catalog says of a column beyond its type, and what Debezium makes of it: defaults in schemas,
// and values where a row has none.

#include "codecs/event/value_kind.hpp"
#include "codecs/event/value_options.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace tandem::event {

// What a relation message does not say of a column.
struct column_facts {
    bool not_null = false;          // pg_attribute.attnotnull
    std::string default_expression; // pg_get_expr(adbin, adrelid) of pg_attrdef; empty: none
    std::string parameters{};       // more of its schema: "name":"text",..; empty: none
};

// The default of a column as JSON in the column's form, as it stands in Debezium's schemas. A constant's value; for
// a function that makes values, the empty one of the type, as Debezium has it. None: there is no default, or none
// that Debezium knows of (an expression, a type without a form for defaults, a value that is a struct).
[[nodiscard]] std::optional<std::string> default_json(oid type, std::int32_t modifier,
                                                      std::string_view expression,
                                                      type_table const& types,
                                                      value_options const& options);

// What Debezium writes for a null: `null`; the default where there is one and options.replace_nulls; in a column
// that is NOT NULL, where it stands for a value that was not sent, the default or else the type's zero.
[[nodiscard]] std::string null_json(oid type, std::int32_t modifier, column_facts const& facts,
                                    type_table const& types, value_options const& options);

} // namespace tandem::event
