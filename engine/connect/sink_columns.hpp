#pragma once
// The tables and columns that a sink makes for fields that have none, from the fields' schemas. Pure.
// https://debezium.io/documentation/reference/3.0/connectors/jdbc.html#jdbc-schema-evolution

#include "codecs/connect/problem.hpp"
#include "codecs/connect/schema.hpp"
#include "engine/connect/sink_settings.hpp"

#include <span>
#include <string>
#include <vector>

namespace tandem::connect {

struct wanted_column {
    std::string name; // as PostgreSQL has it
    schema const* of = nullptr;
    bool key = false;
};

// PostgreSQL's name of the type that the writer of that sink would give it. Error: connect, no type is known for it.
[[nodiscard]] outcome<std::string> column_type_of(schema const& of, bool of_confluent);

// Columns of the key first. Errors: connect, of a column without a schema or a type.
[[nodiscard]] outcome<std::string> create_table(sink_table_name const& name,
                                                std::span<wanted_column const> columns,
                                                bool of_confluent);
// Errors: as above, and of a column that must not be null and has no default.
[[nodiscard]] outcome<std::string> add_columns(sink_table_name const& name,
                                               std::span<wanted_column const> columns,
                                               bool of_confluent);

} // namespace tandem::connect
