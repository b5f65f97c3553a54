#include "perf/harness/figures/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <string_view>

namespace tandem::perf {

namespace {

constexpr auto seeded_at = "timestamptz '2026-01-01' + n * interval '1 second'";
constexpr auto written_at = "clock_timestamp()";
constexpr int random_text_from = 1024;

// Of letters and digits, the same in every run; rows take theirs from it at different places.
std::string random_text(std::size_t length) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    std::mt19937 random(1);
    std::string text;
    while (text.size() < length) {
        text += letters[random() % letters.size()];
    }
    return text;
}

std::string body_of(profile const& what) {
    if (what.body < random_text_from) {
        return fmt::format("rpad('message ' || n, {}, 'x')", what.body);
    }
    auto const from = random_text(static_cast<std::size_t>(what.body) + 8000);
    return fmt::format("substr('{}', (n % 7993)::int + 1, {})", from, what.body);
}

// The kinds of columns a wide row has, in turn.
constexpr std::string_view wide_types[] = {"int",         "text",          "bigint",
                                           "timestamptz", "numeric(12,2)", "boolean"};

std::string wide_value(int column, char const* at) {
    switch ((column - 1) % 6) {
    case 0:
        return fmt::format("((n + {}) % 1000000)::int", column);
    case 1:
        return fmt::format("'text {} of ' || n", column);
    case 2:
        return fmt::format("n * {}", column);
    case 3:
        return at;
    case 4:
        return fmt::format("((n + {}) % 100000 / 100.0)::numeric(12,2)", column);
    default:
        return fmt::format("(n + {}) % 2 = 0", column);
    }
}

std::string row_of(profile const& what, char const* at) {
    if (what.columns == 7) {
        return fmt::format("n, (n % 100)::int, 'user_' || n % 5000, {}, {}, (n % 7)::int, "
                           "jsonb_build_object('client', 'web', 'edited', false, 'n', n)",
                           body_of(what), at);
    }
    std::string row = "n";
    for (int column = 1; column < what.columns; ++column) {
        row += ", " + wide_value(column, at);
    }
    return row;
}

std::string changes_of(profile const& what) {
    return what.columns == 7
               ? fmt::format(
                     "likes = likes + 1, sent_at = clock_timestamp(), body = rpad('edited ' || likes, {}, 'y')",
                     std::min(what.body, random_text_from))
               : std::string("c1 = c1 + 1");
}

std::string fill_head(profile const& what) {
    return fmt::format(R"(
CREATE PROCEDURE perf_fill(first bigint, rows bigint, side int) LANGUAGE plpgsql AS $fill$
DECLARE
    done bigint := 0; turn bigint := 0; made bigint := first; gone bigint := first; step bigint := 0;
    per bigint; ins bigint; upd bigint; del bigint; drawn int;
BEGIN
    WHILE done < rows LOOP
        per := least({0}, rows - done);
        IF per = 1 THEN
            drawn := (turn * 37 % 100)::int;
            ins := (drawn < {1})::int; upd := (drawn >= {1} AND drawn < {1} + {2})::int; del := 1 - ins - upd;
        ELSE
            upd := per * {2} / 100; del := per * {3} / 100; ins := per - upd - del;
        END IF;
        IF del > made - gone THEN
            ins := ins + del; del := 0;
        END IF;
)",
                       what.rows_per_transaction, what.inserts, what.updates, what.deletes);
}

// Updates go through a side's keys in an order that neighbours don't share; deletes take its oldest rows.
std::string fill_one(profile const& what) {
    auto const keys = std::max<std::int64_t>(what.shared ? what.keys : what.keys / 2, 1);
    auto const key = what.shared ? fmt::format("(k * 2654435761) % {} + 1", keys)
                                 : fmt::format("2 * ((k * 2654435761) % {}) + 1 + side", keys);
    return fmt::format(R"(
        IF ins > 0 THEN
            INSERT INTO {0} SELECT {1} FROM generate_series(made, made + ins - 1) AS n;
            made := made + ins;
        END IF;
        IF upd > 0 THEN
            UPDATE {0} SET {2} WHERE id = ANY (
                (SELECT array_agg({3} ORDER BY {3}) FROM generate_series(step, step + upd - 1) AS k)::bigint[]);
            step := step + upd;
        END IF;
        IF del > 0 THEN
            DELETE FROM {0} WHERE id BETWEEN gone AND gone + del - 1;
            gone := gone + del;
        END IF;
)",
                       what.table, row_of(what, written_at), changes_of(what), key);
}

// Inserts alone, one table after the other.
std::string fill_several(profile const& what, int tables) {
    return fmt::format(R"(
        EXECUTE 'INSERT INTO ' || CASE WHEN turn % {0} = 0 THEN '{1}' ELSE '{1}_' || turn % {0} END ||
            $row$ SELECT {2} FROM generate_series($1, $2) AS n $row$ USING made, made + ins - 1;
        made := made + ins;
)",
                       tables, what.table, row_of(what, written_at));
}

} // namespace

std::string table_name(profile const& what, int number) {
    return number == 0 ? what.table : fmt::format("{}_{}", what.table, number);
}

std::string create_table(profile const& what, int number) {
    auto const name = table_name(what, number);
    if (what.columns == 7) {
        return fmt::format(
            "CREATE TABLE {} (id bigint PRIMARY KEY, room_id int, user_id text, body text, "
            "sent_at timestamptz, likes int, meta jsonb)",
            name);
    }
    std::string columns = "id bigint PRIMARY KEY";
    for (int column = 1; column < what.columns; ++column) {
        columns += fmt::format(", c{} {}", column, wide_types[(column - 1) % 6]);
    }
    return fmt::format("CREATE TABLE {} ({})", name, columns);
}

std::string seed_rows(profile const& what) {
    if (what.keys == 0) {
        return {};
    }
    return fmt::format("INSERT INTO {} SELECT {} FROM generate_series(1, {}::bigint) AS n",
                       what.table, row_of(what, seeded_at), what.keys);
}

statements statements_of(profile const& what, int number) {
    auto const name = table_name(what, number);
    return {
        fmt::format("INSERT INTO {} SELECT {} FROM generate_series($1::bigint, $2::bigint) AS n",
                    name, row_of(what, written_at)),
        fmt::format("UPDATE {} SET {} WHERE id = ANY($1::bigint[])", name, changes_of(what)),
        fmt::format("DELETE FROM {} WHERE id BETWEEN $1::bigint AND $2::bigint", name)};
}

std::string fill_procedure(profile const& what, int tables) {
    return fill_head(what) + (tables == 1 ? fill_one(what) : fill_several(what, tables)) +
           "        COMMIT;\n        done := done + per; turn := turn + 1;\n    END LOOP;\nEND $fill$";
}

} // namespace tandem::perf
