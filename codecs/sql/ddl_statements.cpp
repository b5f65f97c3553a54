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

// What the event triggers have taken down since carried_before.
constexpr char const* carried_here =
    "(SELECT jsonb_build_object('version', 1, 'tag', 'HERE', 'changes', c) FROM (SELECT nullif(current_setting('tandem.carried', "
    "true), '')::jsonb) AS x(c) WHERE c IS NOT NULL)";

// What waited until people had made it here themselves.
constexpr char const* cured = R"('{"version": 1, "tag": "CURED", "changes": []}')";

std::string literal_or_null(std::string_view text) {
    return text.empty() ? "NULL" : literal(text);
}

} // namespace

std::string note_ddl(ddl_note const& note) {
    return fmt::format(
        "INSERT INTO tandem.ddl (node, position, committed_at, tag, changes, ended, statements, error, here) VALUES ({}, {}, {}, {}, "
        "{}, {}, {}, {}, {})",
        literal(note.node), literal(note.position), literal(note.committed_at), literal(note.tag),
        literal(note.told), literal(note.ended), text_array(note.statements),
        literal_or_null(note.error), note.statements.empty() ? "NULL" : carried_here);
}

std::string say_by_using(bool by_using) {
    return fmt::format("SELECT pg_catalog.set_config('tandem.by_using', '{}', true)",
                       by_using ? "yes" : "no");
}

std::string send_again(std::string_view schema, std::string_view table, std::string_view which) {
    return fmt::format(
        "INSERT INTO tandem.rewriter (transaction, relation, again) SELECT 0, oid, {} FROM pg_class "
        "WHERE oid = to_regclass({})",
        literal(which), literal(qualified(schema, table)));
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
        "UPDATE tandem.ddl SET id = nextval(pg_get_serial_sequence('tandem.ddl', 'id')), ended = {}, statements = {}, error = NULL, here = {} WHERE node = {} AND "
        "position = {} AND ended = 'paused' AND changes = {}",
        literal(statements.empty() ? "nothing to do" : "applied"), text_array(statements),
        statements.empty() ? cured : carried_here, literal(node), literal(position), literal(told));
}

std::string tell_seen(std::vector<std::int64_t> const& ids) {
    // In the order of the log: that is all that counts.
    return fmt::format(
        "SELECT set_config('synchronous_commit', 'off', true), tandem.tell('{{\"version\": 1, \"tag\": \"SEEN\", \"ids\": [{}]}}')",
        fmt::join(ids, ", "));
}

std::string note_seen(std::vector<std::int64_t> const& ids, std::string_view position) {
    return fmt::format(
        "WITH noted AS (UPDATE tandem.ddl SET seen_at = {0} WHERE node IS NULL AND id IN ({1}) RETURNING 1) SELECT count(*) FROM "
        "tandem.ddl WHERE node IS NULL AND id IN ({1}) AND seen_at IS NOT NULL",
        literal(position), fmt::join(ids, ", "));
}

std::string parked_ddl_ids(std::vector<std::int64_t> const& parked) {
    return fmt::format(
        "SELECT coalesce((shape::jsonb ->> 'id')::bigint, 0) FROM tandem.parked WHERE op = 'ddl' AND id = ANY "
        "(ARRAY[{}]::bigint[])",
        fmt::join(parked, ", "));
}

std::string parked_concurrently(std::string_view node) {
    return fmt::format(
        "SELECT shape FROM tandem.parked WHERE stream = {} AND op = 'ddl' AND asked = 'retry' AND "
        "(shape::jsonb -> 'concurrently')::boolean ORDER BY position, idx",
        literal(node));
}

std::string lacking_columns(std::string_view schema, std::string_view table,
                            std::vector<described_column> const& columns) {
    constexpr std::uint32_t first_of_users = 16384;
    std::vector<std::string> rows;
    rows.reserve(columns.size());
    for (auto const& each : columns) {
        rows.push_back(fmt::format("({}, {}, {})", literal(each.name),
                                   each.type < first_of_users ? std::to_string(each.type) : "NULL",
                                   each.modifier));
    }
    auto const quoted = qualified(std::string{schema}, std::string{table});
    return fmt::format(
        "SELECT c.name, {} || ' ADD COLUMN IF NOT EXISTS ' || quote_ident(c.name) || ' ' || format_type(c.type::bigint::oid, "
        "c.modifier) FROM (VALUES {}) AS c (name, type, modifier) WHERE to_regclass({}) IS NOT NULL AND NOT EXISTS (SELECT "
        "FROM pg_attribute AS a WHERE a.attrelid = to_regclass({}) AND a.attname = c.name AND NOT a.attisdropped)",
        literal("ALTER TABLE " + quoted), fmt::join(rows, ", "), literal(quoted), literal(quoted));
}

} // namespace tandem::sql
