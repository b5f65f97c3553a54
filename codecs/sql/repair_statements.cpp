#include "codecs/sql/repair_statements.hpp"

#include "codecs/sql/quote.hpp"

#include <fmt/format.h>

namespace tandem::sql {
namespace {

std::string one_side(compared_table const& table) {
    return fmt::format("{}{} AS t", table.partitioned ? "" : "ONLY ",
                       qualified(table.schema, table.name));
}

// (VALUES ('7', '123')) AS w(k1, writer)
std::string values_of(compared_table const& table, std::span<seen_row const> rows) {
    std::string text;
    for (auto const& row : rows) {
        text += text.empty() ? "(" : ", (";
        for (auto const& value : row.key) {
            text.append(literal(value)).append(", ");
        }
        text.append(literal(row.writer)).append(")");
    }
    std::string names;
    for (std::size_t at = 0; at < table.key.size(); ++at) {
        names += fmt::format("tandem_k{}, ", at + 1);
    }
    return fmt::format("(VALUES {}) AS w({}tandem_writer)", text, names);
}

std::string match_of(compared_table const& table) {
    std::string match;
    for (std::size_t at = 0; at < table.key.size(); ++at) {
        auto const& column = table.key[at];
        match += fmt::format("t.{} {} w.tandem_k{}::{} AND ", identifier(column.name),
                             column.equals, at + 1, column.type_name);
    }
    return match + "t.xmin = w.tandem_writer::xid";
}

std::string seen_match(compared_table const& table, seen_row const& row) {
    std::string match;
    for (std::size_t at = 0; at < table.key.size(); ++at) {
        auto const& column = table.key[at];
        match += fmt::format("t.{} {} {}::{} AND ", identifier(column.name), column.equals,
                             literal(row.key[at]), column.type_name);
    }
    return match + fmt::format("t.xmin = {}::xid", literal(row.writer));
}

std::string here(std::string const& node) {
    return fmt::format("(SELECT node FROM tandem.meta) = {}", literal(node));
}

std::string value_of(repaired_column const& column) {
    return fmt::format("{}::{}", column.value ? literal(*column.value) : "NULL", column.type_name);
}

} // namespace

std::string set_version(std::optional<std::int64_t> unix_us) {
    auto const at = unix_us.value_or(oldest_us);
    return fmt::format("SELECT pg_catalog.pg_replication_origin_xact_setup('0/1', "
                       "'epoch'::timestamptz + {} * interval '1 microsecond')",
                       at);
}

std::string resend_rows(compared_table const& table, std::string const& column,
                        std::span<seen_row const> rows, resent_version const& version) {
    return fmt::format("BEGIN; {}UPDATE {} SET {} = t.{} FROM {} WHERE {}; COMMIT; ",
                       version.as_new ? std::string{} : set_version(version.unix_us) + "; ",
                       one_side(table), identifier(column), identifier(column),
                       values_of(table, rows), match_of(table));
}

std::string remove_seen_rows(compared_table const& table, std::span<seen_row const> rows) {
    return fmt::format("BEGIN; {}; DELETE FROM {} USING {} WHERE {}; COMMIT; ",
                       set_version(std::nullopt), one_side(table), values_of(table, rows),
                       match_of(table));
}

std::string note_losing_rows(compared_table const& table, std::span<seen_row const> rows,
                             repair_note const& note) {
    std::string key;
    for (auto const& column : table.key) {
        key += fmt::format("{}pg_catalog.jsonb_build_object({}, t.{})", key.empty() ? "" : " || ",
                           literal(column.name), identifier(column.name));
    }
    return fmt::format(
        "INSERT INTO tandem.conflict (type, schema_name, table_name, key, existing, incoming_node, "
        "existing_node, policy, winner) SELECT 'repaired', {}, {}, {}, pg_catalog.to_jsonb(t.*), {}, {}, "
        "'verify', {} FROM {}, {} WHERE {}",
        literal(table.schema), literal(table.name), key, literal(note.winner), literal(note.loser),
        literal(note.winner), one_side(table), values_of(table, rows), match_of(table));
}

std::string insert_row_on(std::string const& node, compared_table const& table,
                          std::span<repaired_column const> row) {
    std::string names;
    std::string values;
    for (auto const& column : row) {
        names.append(names.empty() ? "" : ", ").append(identifier(column.name));
        values.append(values.empty() ? "" : ", ").append(value_of(column));
    }
    return fmt::format(
        "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} WHERE {} ON CONFLICT DO NOTHING;\n",
        qualified(table.schema, table.name), names, values, here(node));
}

std::string update_row_on(std::string const& node, compared_table const& table,
                          std::span<repaired_column const> row, seen_row const& seen) {
    std::string set;
    for (auto const& column : row) {
        if (!column.key && !column.fixed) {
            set.append(set.empty() ? "" : ", ")
                .append(fmt::format("{} = {}", identifier(column.name), value_of(column)));
        }
    }
    return fmt::format("UPDATE {} SET {} WHERE {} AND {};\n", one_side(table), set,
                       seen_match(table, seen), here(node));
}

std::string remove_row_on(std::string const& node, compared_table const& table,
                          seen_row const& seen) {
    return fmt::format("DELETE FROM {} WHERE {} AND {};\n", one_side(table),
                       seen_match(table, seen), here(node));
}

std::string read_row(compared_table const& table, seen_row const& row) {
    std::string columns;
    for (auto const& each : table.columns) {
        columns += fmt::format("{}t.{}::text", columns.empty() ? "" : ", ", identifier(each));
    }
    return fmt::format("SELECT {} FROM {} WHERE {}", columns, one_side(table),
                       seen_match(table, row));
}

} // namespace tandem::sql
