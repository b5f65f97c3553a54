#include "codecs/sql/ddl_statements.hpp"

#include "codecs/sql/quote.hpp"
#include "codecs/sql/schema.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tandem::sql {
namespace {

std::string text_array(std::vector<std::string> const& of) {
    std::vector<std::string> quoted;
    quoted.reserve(of.size());
    for (auto const& each : of) {
        quoted.push_back(literal(each));
    }
    return fmt::format("ARRAY[{}]::text[]", fmt::join(quoted, ", "));
}

std::string literal_or_null(std::string_view text) {
    return text.empty() ? "NULL" : literal(text);
}

} // namespace

std::string note_ddl(ddl_note const& note) {
    return fmt::format(
        "INSERT INTO tandem.ddl (node, position, committed_at, tag, changes, ended, statements, error) VALUES ({}, {}, {}, {}, "
        "{}, {}, {}, {})",
        literal(note.node), literal(note.position), literal(note.committed_at), literal(note.tag),
        literal(note.told), literal(note.ended), text_array(note.statements),
        literal_or_null(note.error));
}

std::string park_ddl(ddl_note const& note, parked_ddl const& where) {
    // Behind another one: both may do what one could not.
    auto const again =
        where.sqlstate == sqlstate::queued
            ? fmt::format(
                  ", again AS (UPDATE tandem.parked SET asked = 'retry' WHERE stream = {} AND "
                  "schema_name = {} AND table_name = {} AND op = 'ddl')",
                  literal(note.node), literal(where.schema), literal(where.name))
            : "";
    return fmt::format(
        "WITH noted AS ({}){} INSERT INTO tandem.parked (stream, position, idx, xid, committed_at, schema_name, table_name, "
        "whole_table, op, sqlstate, error, detail, shape) VALUES ({}, {}, {}, {}, {}, {}, {}, true, 'ddl', {}, {}, {}, {})",
        note_ddl(note), again, literal(note.node), literal(note.position), where.index,
        where.transaction, literal(note.committed_at), literal(where.schema), literal(where.name),
        literal(where.sqlstate), literal(note.error), literal_or_null(where.detail),
        literal(note.told));
}

std::string resumed_ddl(std::string_view node, std::string_view position, std::string_view told,
                        std::vector<std::string> const& statements) {
    return fmt::format(
        "UPDATE tandem.ddl SET ended = {}, statements = {}, error = NULL WHERE node = {} AND "
        "position = {} AND ended = 'paused' AND changes = {}",
        literal(statements.empty() ? "nothing to do" : "applied"), text_array(statements),
        literal(node), literal(position), literal(told));
}

} // namespace tandem::sql
