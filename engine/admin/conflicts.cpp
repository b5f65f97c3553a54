#include "engine/admin/conflicts.hpp"

#include "codecs/sql/quote.hpp"
#include "engine/admin/failure.hpp"
#include "engine/config/error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>
#include <utility>

namespace tandem::engine {
namespace {

constexpr char const* reading = "reading tandem.conflict";
constexpr std::size_t rows_at_once = 1'000;

// A row as JSON; and with `characters`, its longer values cut.
std::string row_text(std::string_view row, std::size_t characters) {
    if (characters == 0) {
        return fmt::format("{}::text", row);
    }
    return fmt::format(
        "CASE WHEN length({0}::text) <= {1} THEN {0}::text ELSE (SELECT jsonb_object_agg(e.key, CASE WHEN "
        "length(e.value::text) <= {1} THEN e.value ELSE to_jsonb(left(e.value #>> '{{}}', {1}) || '...') END)::text FROM "
        "jsonb_each({0}) AS e) END",
        row, characters);
}

std::string columns(std::size_t characters) {
    auto const longer = [&](std::string_view row) {
        return fmt::format(
            "EXISTS (SELECT FROM jsonb_each({}) AS e WHERE length(e.value::text) > {})", row,
            characters);
    };
    return fmt::format(
        "SELECT id, at, type, schema_name, table_name, key::text, {}, {}, incoming_at, existing_at, incoming_node, "
        "coalesce(existing_node, ''), coalesce(position::text, ''), policy, winner, to_jsonb(conflict) ->> 'about', {} "
        "FROM tandem.conflict ",
        row_text("incoming", characters), row_text("existing", characters),
        characters == 0 ? "false" : longer("incoming") + " OR " + longer("existing"));
}

constexpr std::string_view chosen_of =
    "WHERE ($1 = '' OR $1 IN (table_name, schema_name || '.' || table_name)) AND ($2 = '' OR type = $2) ";
constexpr std::string_view chosen =
    "WHERE ($1 = '' OR $1 IN (table_name, schema_name || '.' || table_name)) AND ($2 = '' OR type = $2) AND "
    "($3 = '' OR id = nullif($3, '')::bigint) ";

constexpr char const* differences_of =
    "SELECT key, e.value::text, i.value::text FROM (SELECT (jsonb_each(existing)).* FROM tandem.conflict WHERE id = $1) AS "
    "e FULL JOIN (SELECT (jsonb_each(incoming)).* FROM tandem.conflict WHERE id = $1) AS i USING (key) WHERE e.value IS "
    "DISTINCT FROM i.value AND (SELECT existing IS NOT NULL AND incoming IS NOT NULL FROM tandem.conflict WHERE id = $1) "
    "ORDER BY 1";

constexpr char const* columns_of_table =
    "SELECT attname, attgenerated = '' FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT "
    "attisdropped";

awaitable<session> open_set_up(io::asio::any_io_executor executor, node_options node) {
    session opened = co_await session::open(std::move(executor), std::move(node));
    auto const there =
        co_await opened.run("SELECT to_regclass('tandem.conflict') IS NOT NULL", reading);
    if (!there.boolean(0, 0)) {
        throw command_failed{
            exit_status::usage,
            fmt::format("node {} is not set up; there are no conflicts in it", opened.node())};
    }
    co_return opened;
}

std::vector<conflict_entry> entries_in(io::pg::rows const& from, std::string const& node) {
    std::vector<conflict_entry> made;
    for (int row = 0; row < from.size(); ++row) {
        auto const text = [&](int column) { return std::string{from.text(row, column)}; };
        conflict_entry one;
        one.place = {node, from.integer(row, 0)};
        one.at = text(1);
        one.type = text(2);
        one.schema = text(3);
        one.table = text(4);
        one.key = text(5);
        one.incoming = from.optional(row, 6);
        one.existing = from.optional(row, 7);
        one.incoming_at = from.optional(row, 8);
        one.existing_at = from.optional(row, 9);
        one.incoming_node = text(10);
        one.existing_node = text(11);
        one.position = text(12);
        one.policy = text(13);
        one.winner = text(14);
        one.about = from.optional(row, 15);
        one.cut = from.boolean(row, 16);
        made.push_back(std::move(one));
    }
    return made;
}

io::pg::parameters values_of(conflict_choice const& choice) {
    io::pg::parameters made;
    made.emplace_back(choice.table);
    made.emplace_back(choice.type);
    return made;
}

constexpr char const* behind_place = "AND (at, id) < ($4::timestamptz, $5::bigint) ";

std::vector<node_options> nodes_of(options const& set, conflict_choice const& choice) {
    if (choice.only) {
        return {*set.node(choice.only->node)};
    }
    return set.nodes;
}

io::pg::parameters list_values(conflict_choice const& choice, std::string const& from, bool own,
                               bool passed) {
    auto made = values_of(choice);
    made.emplace_back(choice.only ? std::to_string(choice.only->id) : std::string{});
    if (choice.before) {
        made.emplace_back(from);
        auto const none = passed ? std::numeric_limits<std::int64_t>::max() : 0;
        made.emplace_back(std::to_string(own ? choice.before->id : none));
    }
    return made;
}

awaitable<conflict_entry> read_one(session& node, std::int64_t id) {
    io::pg::parameters values;
    values.emplace_back(std::to_string(id));
    auto const found = co_await node.ask(columns(0) + "WHERE id = $1", values, reading);
    if (found.empty()) {
        throw command_failed{
            exit_status::check,
            fmt::format("node {} has no conflict {}; `tandem conflict list` shows what there is",
                        node.node(), id)};
    }
    co_return std::move(entries_in(found, node.node()).front());
}

std::vector<std::string> names_in(std::string const& object) {
    std::vector<std::string> made;
    auto const read = nlohmann::json::parse(object, nullptr, false);
    for (auto const& [name, value] : read.items()) {
        made.push_back(name);
    }
    return made;
}

// $1 is the losing row, or the key of the one that was deleted.
std::string restoring(conflict_entry const& of, std::vector<std::string> const& writable) {
    auto const table = sql::qualified(of.schema, of.table);
    auto const keys = names_in(of.key);
    std::vector<std::string> key;
    std::ranges::transform(keys, std::back_inserter(key), sql::identifier);
    auto const& row = of.loser();
    if (!row) {
        std::vector<std::string> match;
        for (auto const& each : key) {
            match.push_back(fmt::format("t.{0} = r.{0}", each));
        }
        return fmt::format(
            "DELETE FROM {0} AS t USING jsonb_populate_record(NULL::{0}, $1::jsonb) AS r WHERE {1}",
            table, fmt::join(match, " AND "));
    }
    auto const has = names_in(*row);
    std::vector<std::string> names;
    std::vector<std::string> set;
    for (auto const& each : writable) {
        if (std::ranges::find(has, each) == has.end()) {
            continue; // it was not sent, or is of another time
        }
        names.push_back(sql::identifier(each));
        if (std::ranges::find(keys, each) == keys.end()) {
            set.push_back(fmt::format("{0} = excluded.{0}", names.back()));
        }
    }
    return fmt::format("INSERT INTO {0} ({1}) OVERRIDING SYSTEM VALUE SELECT {1} FROM "
                       "jsonb_populate_record(NULL::{0}, $1::jsonb) ON CONFLICT ({2}) DO {3}{4}",
                       table, fmt::join(names, ", "), fmt::join(key, ", "),
                       set.empty() ? "NOTHING" : "UPDATE SET ", fmt::join(set, ", "));
}

} // namespace

conflict_place parse_conflict_place(options const& set, std::string const& text) {
    auto const colon = text.find(':');
    conflict_place made;
    made.node = text.substr(0, colon);
    auto const* const first = text.data() + std::min(colon, text.size() - 1) + 1;
    auto const* const last = text.data() + text.size();
    auto const read = std::from_chars(first, last, made.id);
    if (colon == std::string::npos || read.ec != std::errc{} || read.ptr != last) {
        throw config_error{fmt::format(
            "'{}': expected NODE:NUMBER, as `tandem conflict list` shows it: b:17", text)};
    }
    if (set.node(made.node) == nullptr) {
        throw config_error{
            fmt::format("'{}': there is no node '{}'; name it with --node", text, made.node)};
    }
    return made;
}

awaitable<std::vector<conflict_entry>> list_conflicts(io::asio::any_io_executor executor,
                                                      options set, conflict_choice choice) {
    std::vector<conflict_entry> all;
    auto const limit = choice.most == 0 ? std::string{} : fmt::format("LIMIT {}", choice.most);
    auto const statement =
        fmt::format("{}{}{}ORDER BY at DESC, id DESC {}", columns(choice.characters), chosen,
                    choice.before ? behind_place : "", limit);
    std::string from; // time of the one that those behind it are wanted of
    if (choice.before) {
        session node = co_await open_set_up(executor, *set.node(choice.before->node));
        auto const found = co_await read_one(node, choice.before->id);
        from = found.at;
    }
    auto const nodes = nodes_of(set, choice);
    bool passed = false; // of two of one time that of the earlier node comes first
    for (node_options const& each : nodes) {
        session node = co_await open_set_up(executor, each);
        bool const own = choice.before && choice.before->node == each.name;
        passed = passed || own;
        auto const values = list_values(choice, from, own, passed);
        auto const found = co_await node.ask(statement, values, reading);
        auto entries = entries_in(found, node.node());
        std::ranges::move(entries, std::back_inserter(all));
    }
    std::ranges::stable_sort(all, std::ranges::greater{}, &conflict_entry::at); // all in UTC
    if (choice.most != 0 && all.size() > choice.most) {
        all.resize(choice.most);
    }
    co_return all;
}

awaitable<std::size_t> export_conflicts(io::asio::any_io_executor executor, options set,
                                        conflict_choice choice,
                                        std::function<void(std::string const&)> line) {
    std::size_t count = 0;
    for (node_options const& each : set.nodes) {
        session node = co_await open_set_up(executor, each);
        std::int64_t behind = 0;
        for (bool more = true; more;) {
            auto values = values_of(choice);
            values.emplace_back(std::to_string(behind));
            auto const found = co_await node.ask(fmt::format("{}{}AND id > $3 ORDER BY id LIMIT {}",
                                                             columns(0), chosen_of, rows_at_once),
                                                 values, reading);
            for (auto const& one : entries_in(found, node.node())) {
                line(conflict_json_line(one));
                behind = one.place.id;
                ++count;
            }
            more = static_cast<std::size_t>(found.size()) == rows_at_once;
        }
    }
    co_return count;
}

awaitable<conflict_entry> read_conflict(io::asio::any_io_executor executor, options set,
                                        conflict_place place) {
    session node = co_await open_set_up(executor, *set.node(place.node));
    auto made = co_await read_one(node, place.id);
    io::pg::parameters values;
    values.emplace_back(std::to_string(place.id));
    auto const found = co_await node.ask(differences_of, std::move(values), reading);
    for (int row = 0; row < found.size(); ++row) {
        made.differences.push_back(
            {std::string{found.text(row, 0)}, found.optional(row, 1), found.optional(row, 2)});
    }
    co_return made;
}

awaitable<restored_conflict> restore_conflict(io::asio::any_io_executor executor, options set,
                                              conflict_place place) {
    session node = co_await open_set_up(executor, *set.node(place.node));
    auto const entry = co_await read_one(node, place.id);
    auto const doing = fmt::format("putting back conflict {}:{}", place.node, place.id);
    if (entry.type == "foreign_key_missing" && entry.winner != entry.incoming_node) {
        throw command_failed{
            exit_status::check,
            fmt::format("{}:{}: the row of {}.{} is there; what it refers to is missing",
                        place.node, place.id, entry.schema, entry.table)};
    }
    if (names_in(entry.key).empty()) {
        throw command_failed{
            exit_status::check,
            fmt::format(
                "{}:{}: a TRUNCATE of {}.{} lost against rows that are newer; it is not of one row: "
                "to have it all the same, run it again",
                place.node, place.id, entry.schema, entry.table)};
    }
    io::pg::parameters table;
    table.emplace_back(sql::qualified(entry.schema, entry.table));
    auto const found = co_await node.ask(columns_of_table, std::move(table), doing);
    std::vector<std::string> writable;
    std::set<std::string> all;
    for (int row = 0; row < found.size(); ++row) {
        all.emplace(found.text(row, 0));
        if (found.boolean(row, 1)) {
            writable.emplace_back(found.text(row, 0));
        }
    }
    io::pg::parameters values;
    values.emplace_back(entry.loser() ? *entry.loser() : entry.key);
    auto statement = restoring(entry, writable);
    co_await node.ask(std::move(statement), std::move(values), doing);
    restored_conflict made;
    for (auto const& each : entry.loser() ? names_in(*entry.loser()) : std::vector<std::string>{}) {
        if (!all.contains(each)) {
            made.left_out.push_back(each);
        }
    }
    made.of = entry;
    co_return made;
}

} // namespace tandem::engine
