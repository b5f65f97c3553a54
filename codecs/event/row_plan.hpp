#pragma once
// How the rows of a relation are written, decided once from its shape.

#include "codecs/event/column_default.hpp"
#include "codecs/event/row_json.hpp"
#include "codecs/event/value_kind.hpp"
#include "codecs/event/value_options.hpp"
#include "codecs/pgoutput/relation_cache.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tandem::event {

// Names of the columns that make the record's key. None: those of the replica identity, which with identity
// full are all columns, so that the primary key has to be given.
using key_columns = std::vector<std::string>;

[[nodiscard]] bool is_key(pgoutput::column_shape const& column, key_columns const& key) noexcept;

// How exact_plan() writes a value of that type: `real` as a number, or as a string what is no finite one.
[[nodiscard]] json_form exact_form(oid type) noexcept;

// Values go as they must come back: PostgreSQL's own text, bit for bit. Booleans, integers and finite
// floats are JSON's where their text is; everything else is that text as a string, arrays and composites
// included. A value that was not sent is not in the object.
[[nodiscard]] row_plan exact_plan(pgoutput::relation_shape const& shape,
                                  key_columns const& key = {});

// Values go as Debezium's connector writes them. Columns of types that it does not know are left out, as it
// does; an unchanged value that was not sent becomes the placeholder; a null becomes what null_json() says, also in
// an old row that was sent by its key only, where it stands for what was not sent. `facts` has an entry for every
// column, or none at all: then nulls are null. docs/events.md lists where this differs from Debezium.
[[nodiscard]] row_plan debezium_plan(pgoutput::relation_shape const& shape, type_table const& types,
                                     value_options const& options, key_columns const& key = {},
                                     std::vector<column_facts> const& facts = {});

// Where a key's fields come in another order than the row's columns.
struct key_order {
    row_plan plan;                      // of the key's columns alone, in its order
    std::vector<std::uint16_t> columns; // of the row; empty: the row's own order, and no plan
};
// In Debezium's keys they come as in the primary key. Arguments as debezium_plan()'s; `key` of columns that there are.
[[nodiscard]] key_order debezium_key_order(pgoutput::relation_shape const& shape,
                                           type_table const& types, value_options const& options,
                                           key_columns const& key,
                                           std::vector<column_facts> const& facts = {});

// The part of debezium_plan() that depends on the type alone: form and conversion.
[[nodiscard]] column_plan plan_column(resolved_type const& type, value_options const& options);

// Bytes that one byte of an array's text becomes, at most: an element of one digit and its comma become
// {"scale":0,"value":"AQ=="} and its own.
inline constexpr std::size_t array_growth = 32;

} // namespace tandem::event
