#pragma once
// How the rows of one source relation are written on the target.
//
// make_plan() compares the shape that the stream describes with the target's catalog and either
// gives a plan or says in words why the table cannot be applied. Pure.

#include "codecs/base/lsn.hpp"
#include "codecs/pgoutput/relation_cache.hpp"
#include "codecs/sql/conflict_rules.hpp"
#include "codecs/sql/foreign_key_statements.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tandem::engine {

struct target_column {
    std::string name;
    oid type;
    std::string type_name; // format_type without modifier: usable in a cast
    std::int32_t type_modifier = -1;
    bool generated = false;       // stored generated: the target computes it
    bool identity_always = false; // cannot be in an UPDATE's SET
    std::string equals{"="};      // the operator by which it finds rows, where it is in a key
};

// What the target's catalog says of a table.
struct target_relation {
    bool exists = false;
    std::vector<target_column> columns;
    std::vector<std::string> primary_key; // column names in key order; empty without one
    // Other unique, valid, total, immediate indexes on plain not-null columns.
    std::vector<std::vector<std::string>> unique_keys;
    std::vector<sql::foreign_key>
        referred_by;      // that the server does not enforce on what is applied
    std::string form;     // see sql::apply_table
    bool altered = false; // there is DDL of the target's own that the peer had not seen
};

struct plan_column {
    std::string name;
    std::string type_name;
    oid type;
    bool key = false;
    bool skip = false; // sent by the source, computed by the target
    bool identity_always = false;
    std::string equals;
};

// Columns stand in the order of the source's tuples.
struct table_plan {
    pgoutput::relation_ptr shape;
    pgoutput::relation_ptr
        described; // as the stream has it, where `shape` follows what was altered here since
    std::string schema;
    std::string name;
    std::vector<plan_column> columns;
    std::vector<std::uint16_t> key;            // source indexes of the match key, ascending
    std::vector<sql::foreign_key> referred_by; // by the match key
    std::string form;                          // see sql::apply_table
    sql::conflict_rules conflicts;
    bool key_is_number = false; // a single integer column: sorted as a number
    std::uint32_t number = 0;   // unique within the applier, names its prepared statements
    bool on_target = true;      // the table is there, whatever it looks like
    bool gone = false;          // this node dropped it: what still comes of it is gone as well
    std::vector<bool>
        kept; // by column: an update does not write it, see followed_column::computed; empty: none is
    bool usable = true;
    std::string why_not;  // cause and cure when not usable
    std::string sqlstate; // what the server would say of it
};

// By column of the shape: what this node's own DDL made of it since (engine/ddl/follow.hpp).
struct moved_columns {
    std::vector<bool> gone;    // the values go nowhere
    std::vector<bool> retyped; // the text is read as the type that the column has here
};

// `number` names the plan. The result is not usable (why_not set) when the target lacks the table, a
// column or the key, or has a column of another type.
[[nodiscard]] table_plan make_plan(pgoutput::relation_ptr shape, target_relation const& target,
                                   std::uint32_t number, moved_columns const* moved = nullptr);

// True when every value of that built-in type travels exactly in its send form between any two of
// the supported servers. User-defined types never do: their arrays and rows carry local oids.
[[nodiscard]] bool binary_safe(oid type) noexcept;
[[nodiscard]] bool binary_safe(pgoutput::relation_shape const& shape) noexcept;

} // namespace tandem::engine
