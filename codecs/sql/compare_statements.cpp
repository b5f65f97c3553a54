#include "codecs/sql/compare_statements.hpp"

#include "codecs/sql/quote.hpp"
#include "codecs/sql/tombstone_statements.hpp"

#include <fmt/format.h>

namespace tandem::sql {
namespace {

// 64 bits of a text. Where the servers' encodings differ, of its UTF-8 form.
std::string text_hash(std::string const& text, bool same_encoding) {
    if (same_encoding) {
        return fmt::format("pg_catalog.hashtextextended(({}) COLLATE \"C\", 0)", text);
    }
    return fmt::format(
        "('x' || pg_catalog.substr(pg_catalog.md5(pg_catalog.convert_to({}, 'UTF8')), 1, "
        "16))::bit(64)::bigint",
        text);
}

std::string from(compared_table const& table) {
    return fmt::format("{}{} AS t", table.partitioned ? "" : "ONLY ",
                       qualified(table.schema, table.name));
}

std::string and_where(compared_table const& table) {
    return table.where.empty() ? std::string{} : fmt::format(" AND ({})", table.where);
}

// Of a scan of all rows. True for each of them.
std::string and_rests(compared_table const& table) {
    if (table.rests.rows <= 0) {
        return {};
    }
    return fmt::format(
        " AND CASE WHEN pg_catalog.random() * {:.0f} < 1 THEN pg_catalog.pg_sleep({:.4f}) "
        "IS NOT NULL ELSE true END",
        table.rests.rows, table.rests.seconds);
}

std::string text_of(compared_key const& column) {
    return key_text("t." + identifier(column.name), column.type_name);
}

// A whole number is hashed as it is, which takes a third of the time.
std::string key_hash(compared_table const& table) {
    if (table.key.size() == 1) {
        auto const& only = table.key.front();
        auto const name = "t." + identifier(only.name);
        if (only.type_name == "bigint" || only.type_name == "integer" ||
            only.type_name == "smallint") {
            return fmt::format("pg_catalog.hashint8extended({}, 0)", name);
        }
    }
    std::string texts;
    for (auto const& each : table.key) {
        texts.append(texts.empty() ? "" : ",").append(text_of(each));
    }
    return text_hash(fmt::format("ROW({})::text", texts), table.same_encoding);
}

} // namespace

std::string row_hash_of(compared_table const& table) {
    std::string columns;
    for (auto const& each : table.columns) {
        columns.append(columns.empty() ? "t." : ",t.").append(identifier(each));
    }
    return text_hash(fmt::format("ROW({})::text", columns), table.same_encoding);
}

std::string chunk_sums(compared_table const& table, std::int64_t chunks) {
    return fmt::format(
        "SELECT {} & {}, pg_catalog.count(*), pg_catalog.sum({}) FROM {} WHERE true{}{} GROUP BY 1",
        key_hash(table), chunks - 1, row_hash_of(table), from(table), and_where(table),
        and_rests(table));
}

std::string chunk_rows(compared_table const& table, std::int64_t chunks, std::string const& list) {
    auto const hash = key_hash(table);
    std::string texts;
    std::string order;
    for (std::size_t at = 0; at < table.key.size(); ++at) {
        texts += fmt::format(", {}", text_of(table.key[at]));
        order += fmt::format(", ({}) COLLATE \"C\"", text_of(table.key[at]));
    }
    auto const chosen =
        list.empty() ? std::string{"true"}
                     : fmt::format("{} & {} = ANY ('{{{}}}'::bigint[])", hash, chunks - 1, list);
    return fmt::format("SELECT {0}, {1}{2} FROM {3} WHERE {4}{5}{6} ORDER BY {0}{7}", hash,
                       row_hash_of(table), texts, from(table), chosen, and_where(table),
                       and_rests(table), order);
}

std::string look_at_rows(compared_table const& table, bool versions) {
    std::string arrays;
    std::string names;
    std::string match;
    for (std::size_t at = 0; at < table.key.size(); ++at) {
        auto const& column = table.key[at];
        arrays += fmt::format("{}${}::text[]", at == 0 ? "" : ", ", at + 1);
        names += fmt::format("tandem_k{}, ", at + 1);
        match += fmt::format("{}t.{} {} w.tandem_k{}::{}", at == 0 ? "" : " AND ",
                             identifier(column.name), column.equals, at + 1, column.type_name);
    }
    std::string const version =
        versions
            ? ", (extract(epoch FROM pg_catalog.pg_xact_commit_timestamp(t.xmin)) * 1000000)::bigint, "
              "coalesce((pg_catalog.pg_xact_commit_timestamp_origin(t.xmin)).roident, 0)"
            : "";
    return fmt::format("SELECT w.tandem_n, {}, t.xmin::text{} FROM unnest({}) WITH ORDINALITY AS "
                       "w({}tandem_n) JOIN {} ON {} WHERE true{}",
                       row_hash_of(table), version, arrays, names, from(table), match,
                       and_where(table));
}

std::string key_operators() {
    return "SELECT a.attname, format_type(a.atttypid, -1), (SELECT CASE WHEN s.nspname = 'pg_catalog' THEN "
           "o.oprname ELSE format('OPERATOR(%I.%s)', s.nspname, o.oprname) END FROM pg_opclass AS l "
           "JOIN pg_amop AS m ON m.amopfamily = l.opcfamily AND m.amoplefttype = l.opcintype AND "
           "m.amoprighttype = l.opcintype AND m.amopstrategy = 3 JOIN pg_operator AS o ON o.oid = m.amopopr "
           "JOIN pg_namespace AS s ON s.oid = o.oprnamespace "
           "WHERE l.oid = (i.indclass::oid[])[k.place - 1]) FROM pg_index AS i "
           "CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place) "
           "JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number "
           "WHERE i.indrelid = $1::regclass AND i.indisunique AND i.indisvalid AND k.place <= i.indnkeyatts "
           "ORDER BY i.indisprimary DESC, i.indexrelid, k.place";
}

} // namespace tandem::sql
