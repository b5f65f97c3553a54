#include "engine/connect/import_config.hpp"

#include "engine/config/error.hpp"
#include "engine/connect/connector_settings.hpp"
#include "engine/connect/names_in.hpp"
#include "engine/connect/row_transforms.hpp"
#include "engine/connect/secrets.hpp"
#include "engine/connect/source_settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace tandem::connect {
namespace {

struct database {
    std::string place; // host:port/database: what it is told apart by
    std::string user;
    std::string password; // a reference to a variable; empty: none
    std::string options;  // "?sslmode=require"; empty: none
    bool is_source = false;
    bool is_target = false;
};

// A source's transformations and predicates, by their names there.
struct source_chain {
    std::string place; // of its database
    std::vector<std::pair<std::string, property_map>> transforms;
    std::vector<std::pair<std::string, property_map>> predicates;
};

struct import_state {
    std::vector<database> databases; // in the order of their first mention
    std::vector<source_chain> chains;
    std::vector<std::string> tables;
    std::vector<std::string> excluded;
    std::vector<std::string> notes;
};

bool is_source(property_map const& config) {
    return text_in(config, "connector.class").ends_with("PostgresConnector");
}

// What both sides have for themselves, so that nobody misses it.
bool is_idle(std::string_view key) noexcept {
    constexpr std::array<std::string_view, 26> names{"name",
                                                     "connector.class",
                                                     "tasks.max",
                                                     "topic.prefix",
                                                     "slot.name",
                                                     "database.server.name",
                                                     "publication.name",
                                                     "plugin.name",
                                                     "topics",
                                                     "topics.regex",
                                                     "table.name.format",
                                                     "collection.name.format",
                                                     "primary.key.mode",
                                                     "primary.key.fields",
                                                     "pk.mode",
                                                     "pk.fields",
                                                     "batch.size",
                                                     "max.batch.size",
                                                     "max.queue.size",
                                                     "poll.interval.ms",
                                                     "tombstones.on.delete",
                                                     "publication.autocreate.mode",
                                                     "slot.drop.on.stop",
                                                     "insert.mode",
                                                     "delete.enabled",
                                                     "heartbeat.interval.ms"};
    constexpr std::array<std::string_view, 6> beginnings{"key.converter",    "value.converter",
                                                         "header.converter", "topic.creation.",
                                                         "connection.pool.", "flush."};
    return std::ranges::find(names, key) != names.end() ||
           std::ranges::any_of(beginnings, [key](auto each) { return key.starts_with(each); });
}

void note(import_state& into, named_config const& of, std::string_view key, std::string_view why) {
    auto const hidden = shown({{std::string{key}, text_in(of.config, key)}});
    auto text = fmt::format("{}: {}={}: {}", of.name, key, hidden.begin()->second, why);
    std::ranges::replace_if( // it stands in a comment
        text, [](char each) { return static_cast<unsigned char>(each) < 0x20; }, ' ');
    into.notes.push_back(std::move(text));
}

database& at_place(import_state& into, database found) {
    auto const known = std::ranges::find(into.databases, found.place, &database::place);
    if (known != into.databases.end()) {
        return *known;
    }
    into.databases.push_back(std::move(found));
    return into.databases.back();
}

// "${env:X}" as it is; anything else becomes a variable to be set.
std::string password_of(import_state& into, named_config const& of, std::string_view key) {
    auto const given = text_in(of.config, key);
    if (given.empty() || given.starts_with("${env:")) {
        return given;
    }
    auto const variable = fmt::format("PASSWORD_{}", into.databases.size() + 1);
    note(into, of, key, fmt::format("set the variable {} to it", variable));
    return fmt::format("${{env:{}}}", variable);
}

// Debezium's expressions that are names, and those of all tables of a schema; others have no form here.
std::optional<std::string> pattern_of(std::string_view expression) {
    std::string made;
    for (std::size_t at = 0; at < expression.size(); ++at) {
        char const each = expression[at];
        if (each == '\\' && at + 1 < expression.size() && expression[at + 1] == '.') {
            made += '.';
            ++at;
        } else if (each == '.' && at + 1 < expression.size() && expression[at + 1] == '*') {
            made += '*';
            ++at;
        } else if (each == '.' || each == '_' || (each >= '0' && each <= '9') ||
                   (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z')) {
            made += each;
        } else {
            return std::nullopt;
        }
    }
    auto const dot = made.find('.');
    bool const two = dot != std::string::npos && made.find('.', dot + 1) == std::string::npos;
    return two ? std::optional{made} : std::nullopt;
}

void add_tables(import_state& state, named_config const& of, std::string_view key,
                std::vector<std::string>& into) {
    for (auto const& one : names_in(text_in(of.config, key))) {
        auto pattern = pattern_of(key.starts_with("schema.") ? fmt::format("{}.*", one) : one);
        if (!pattern) {
            note(state, of, key,
                 fmt::format("{} is no name: tables takes names with * and ?", one));
        } else if (std::ranges::find(into, *pattern) == into.end()) {
            into.push_back(std::move(*pattern));
        }
    }
}

bool is_of_chain(std::string_view key) noexcept {
    return key == "transforms" || key.starts_with("transforms.") || key == "predicates" ||
           key.starts_with("predicates.");
}

// tandem run does it by itself, where nothing behind it needs rows.
bool only_unwraps(std::vector<std::pair<std::string, property_map>> const& chain) {
    return std::ranges::all_of(chain, [](auto const& each) {
        return text_in(each.second, "type") == "io.debezium.transforms.ExtractNewRecordState";
    });
}

std::vector<std::pair<std::string, property_map>> chain_in(named_config const& of,
                                                           std::string_view kind) {
    std::vector<std::pair<std::string, property_map>> made;
    for (auto const& name : names_in(text_in(of.config, kind))) {
        made.emplace_back(name, with_prefix(of.config, fmt::format("{}.{}.", kind, name)));
    }
    return made;
}

// Of the last one, behind those that were taken. Empty: `tandem run` can carry it out.
std::string refusal_of(std::vector<std::pair<std::string, property_map>> const& chain,
                       source_chain const& of) {
    constexpr std::string_view where = "it: ";
    engine::options set;
    for (auto const& [name, keys] : chain) {
        set.row_transforms.transforms.push_back({name, "it", {}, {}, keys});
    }
    for (auto const& [name, those] : of.predicates) {
        set.row_transforms.predicates.emplace(name, those);
    }
    try {
        check_row_transforms(set);
        return {};
    } catch (engine::config_error const& why) {
        std::string text = why.what();
        return text.starts_with(where) ? text.substr(where.size()) : text;
    }
}

void take_chain(import_state& into, named_config const& of, std::string place) {
    source_chain made{std::move(place), chain_in(of, "transforms"), chain_in(of, "predicates")};
    if (only_unwraps(made.transforms)) {
        return;
    }
    for (auto& [name, keys] : made.transforms) { // a sink that deletes is what a sync stands for
        if (text_in(keys, "type") == "io.debezium.transforms.ExtractNewRecordState" &&
            !keys.contains("delete.handling.mode")) {
            keys.emplace("delete.tombstone.handling.mode", "tombstone");
        }
    }
    std::vector<std::pair<std::string, property_map>> taken;
    for (auto& each : made.transforms) {
        taken.push_back(std::move(each));
        if (auto const why = refusal_of(taken, made); !why.empty()) {
            note(into, of, fmt::format("transforms.{}.type", taken.back().first), why);
            taken.pop_back();
        }
    }
    made.transforms = std::move(taken);
    for (auto const& [name, keys] : made.predicates) {
        if (text_in(keys, "type").ends_with(".TopicNameMatches")) {
            note(
                into, of, fmt::format("predicates.{}.pattern", name),
                "it is taken over as it is, and topics are called NODE.SCHEMA.TABLE here: look at it");
        }
    }
    into.chains.push_back(std::move(made));
}

void take_source(import_state& into, named_config const& of) {
    auto const port = text_in(of.config, "database.port", "5432");
    database found;
    found.place = fmt::format("{}:{}/{}", text_in(of.config, "database.hostname"), port,
                              text_in(of.config, "database.dbname"));
    found.user = text_in(of.config, "database.user");
    found.password = password_of(into, of, "database.password");
    if (auto const mode = text_in(of.config, "database.sslmode"); !mode.empty()) {
        found.options = fmt::format("?sslmode={}", mode);
    }
    take_chain(into, of, found.place);
    at_place(into, std::move(found)).is_source = true;
    add_tables(into, of, "table.include.list", into.tables);
    add_tables(into, of, "schema.include.list", into.tables);
    add_tables(into, of, "table.exclude.list", into.excluded);
    add_tables(into, of, "schema.exclude.list", into.excluded);
    for (auto const& [key, value] : of.config) {
        constexpr std::array<std::string_view, 10> taken{
            "database.hostname",  "database.port",      "database.dbname",    "database.user",
            "database.password",  "database.sslmode",   "table.include.list", "schema.include.list",
            "table.exclude.list", "schema.exclude.list"};
        if (std::ranges::find(taken, key) == taken.end() && !is_idle(key) && !is_of_chain(key)) {
            note(into, of, key, "nothing of tandem run's is the same");
        }
    }
}

outcome<void> take_sink(import_state& into, named_config const& of) {
    constexpr std::string_view scheme = "jdbc:postgresql://";
    auto const url = text_in(of.config, "connection.url");
    if (!url.starts_with(scheme)) {
        return problem{problem_kind::config,
                       fmt::format("{}: connection.url is not of PostgreSQL", of.name)};
    }
    auto const question = std::min(url.find('?'), url.size());
    database found;
    found.place = url.substr(scheme.size(), question - scheme.size());
    if (found.place.find(':') == std::string::npos) {
        auto const slash = std::min(found.place.find('/'), found.place.size());
        found.place.insert(slash, ":5432");
    }
    bool const known =
        std::ranges::find(into.databases, found.place, &database::place) != into.databases.end();
    auto const user = text_in(of.config, "connection.username");
    found.user = user.empty() ? text_in(of.config, "connection.user") : user;
    found.password = known ? std::string{} : password_of(into, of, "connection.password");
    at_place(into, std::move(found)).is_target = true;
    if (auto const mode = text_in(of.config, "insert.mode", "insert"); mode != "upsert") {
        note(into, of, "insert.mode", "tandem run applies what the source did, as an upsert does");
    }
    if (!only_unwraps(chain_in(of, "transforms"))) {
        note(into, of, "transforms",
             "tandem run changes rows where they are read: give them to [[transform]] with from = "
             "the other node");
    }
    for (auto const& [key, value] : of.config) {
        constexpr std::array<std::string_view, 4> taken{"connection.url", "connection.username",
                                                        "connection.user", "connection.password"};
        if (std::ranges::find(taken, key) == taken.end() && !is_idle(key) && !is_of_chain(key)) {
            note(into, of, key, "nothing of tandem run's is the same");
        }
    }
    return {};
}

std::string quoted(std::string_view text) {
    std::string made = "\"";
    for (char const each : text) {
        if (static_cast<unsigned char>(each) < 0x20 || each == '\x7f') {
            made += fmt::format("\\u{:04x}", static_cast<unsigned>(each));
        } else {
            made += each == '"' || each == '\\' ? std::string{'\\', each} : std::string(1, each);
        }
    }
    return made + '"';
}

std::string list_of(std::vector<std::string> const& texts) {
    std::string made;
    for (auto const& each : texts) {
        made += (made.empty() ? "" : ", ") + quoted(each);
    }
    return "[" + made + "]";
}

// Of the node's changes; names are the node's too, since both sides may use the same ones.
std::string chain_toml(source_chain const& of, std::string_view node) {
    std::string made;
    auto const add = [&](property_map const& keys) {
        for (auto const& [key, text] : keys) {
            made +=
                fmt::format("{} = {}\n", quoted(key),
                            quoted(key == "predicate" ? fmt::format("{}_{}", node, text) : text));
        }
    };
    for (auto const& [name, keys] : of.transforms) {
        made += fmt::format("\n[[transform]]\nname = {}\nfrom = \"{}\"\n",
                            quoted(fmt::format("{}_{}", node, name)), node);
        add(keys);
    }
    for (auto const& [name, keys] : of.predicates) {
        made += fmt::format("\n[predicate.{}]\n", quoted(fmt::format("{}_{}", node, name)));
        add(keys);
    }
    return made;
}

} // namespace

outcome<imported> import_connectors(std::span<named_config const> connectors) {
    import_state state;
    std::vector<std::string> names;
    for (auto const& each : connectors) {
        auto renamed = each;
        renamed.config = with_new_names(each.config);
        if (is_source(each.config)) {
            take_source(state, renamed);
        } else if (text_in(each.config, "connector.class").ends_with("JdbcSinkConnector")) {
            if (auto const taken = take_sink(state, renamed); !taken) {
                return taken.error();
            }
        } else {
            note(state, each, "connector.class",
                 "only PostgresConnector and JdbcSinkConnector are taken");
            continue;
        }
        names.push_back(each.name);
    }
    if (state.databases.size() != 2) {
        std::vector<std::string> places;
        places.reserve(state.databases.size());
        for (auto const& each : state.databases) {
            places.push_back(each.place);
        }
        return problem{
            problem_kind::config,
            fmt::format("these connectors are of {} databases ({}): tandem run keeps two in "
                        "sync; give the files of both sides",
                        places.size(), fmt::join(places, ", "))};
    }
    imported made;
    made.toml = fmt::format("# From the connectors {}.\n", fmt::join(names, ", "));
    for (auto const& each : state.notes) {
        made.toml += fmt::format("# not taken over: {}\n", each);
    }
    auto const& [a, b] = std::pair{state.databases[0], state.databases[1]};
    bool const there = a.is_source && b.is_target;
    bool const back = b.is_source && a.is_target;
    if (there != back) {
        made.toml += fmt::format("one-way = \"{}\"\n", there ? "a:b" : "b:a");
    }
    if (!state.tables.empty()) {
        made.toml += fmt::format("tables = {}\n", list_of(state.tables));
    }
    if (!state.excluded.empty()) {
        made.toml += fmt::format("exclude = {}\n", list_of(state.excluded));
    }
    for (auto const& [name, each] : {std::pair{"a", &a}, std::pair{"b", &b}}) {
        made.toml += fmt::format("\n[[node]]\nname = \"{}\"\nuri = {}\n", name,
                                 quoted(fmt::format("postgresql://{}{}{}@{}{}", each->user,
                                                    each->password.empty() ? "" : ":",
                                                    each->password, each->place, each->options)));
    }
    for (auto const& each : state.chains) {
        made.toml += chain_toml(each, each.place == a.place ? "a" : "b");
    }
    made.notes = std::move(state.notes);
    return made;
}

} // namespace tandem::connect
