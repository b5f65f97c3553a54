// What a column has beside its type, default and NOT NULL.

#include "engine/ddl/shapes.hpp"

#include <fmt/format.h>

#include <array>

namespace tandem::engine::ddl {
namespace {

constexpr int compression_since = 140'000;

// As tandem.column_shapes() has them, in that order; behind them whether it cycles.
constexpr std::array option_words{"START WITH", "INCREMENT BY", "MINVALUE", "MAXVALUE", "CACHE"};

bool has_sequence(shape const& column) {
    return list(column, "sequence").size() == option_words.size() + 1;
}

std::string sequence_options(shape const& column) {
    if (!has_sequence(column)) {
        return {};
    }
    auto const& given = list(column, "sequence");
    std::string made;
    for (std::size_t at = 0; at < option_words.size(); ++at) {
        made += fmt::format("{}{} {}", at == 0 ? "" : " ", option_words[at], given[at].dump());
    }
    return fmt::format(" ({}{})", made, given[option_words.size()] == true ? " CYCLE" : "");
}

// What differs here counts in steps of its own (--ids stride).
void change_sequence(part const& of, shape const& here, std::string const& column, decision& into) {
    if (!has_sequence(*of.before) || !has_sequence(*of.after) || !has_sequence(here)) {
        return;
    }
    auto const& before = list(*of.before, "sequence");
    auto const& after = list(*of.after, "sequence");
    auto const& mine = list(here, "sequence");
    std::string set;
    for (std::size_t at = 0; at < option_words.size(); ++at) {
        bool const of_steps = at < 2; // its start and increment
        if (takes_option(of_steps, before[at], after[at], mine[at])) {
            set += fmt::format(" SET {} {}", option_words[at], after[at].dump());
        }
    }
    auto const cycle = option_words.size();
    if (three_way(before[cycle], after[cycle], mine[cycle]) == way::change) {
        set += after[cycle] == true ? " SET CYCLE" : " SET NO CYCLE";
    }
    if (!set.empty()) {
        into.statements.push_back(column + set);
    }
}

char const* storage_word(std::string const& letter) {
    return letter == "p"   ? "PLAIN"
           : letter == "e" ? "EXTERNAL"
           : letter == "m" ? "MAIN"
                           : "EXTENDED";
}

char const* compression_word(std::string const& letter) {
    return letter == "p" ? "pglz" : letter == "l" ? "lz4" : "DEFAULT";
}

} // namespace

std::string column_definition(shape const& column) {
    auto made = fmt::format("{} {}", sql::identifier(text(column, "name")), text(column, "type"));
    if (auto const collation = text(column, "collation"); !collation.empty()) {
        made += " COLLATE " + collation;
    }
    auto const set = text(column, "default");
    auto const identity = text(column, "identity");
    if (auto const generated = text(column, "generated"); !generated.empty()) {
        made += fmt::format(" GENERATED ALWAYS AS ({}) {}", set,
                            generated == "v" ? "VIRTUAL" : "STORED");
    } else if (!identity.empty()) {
        made += fmt::format(" GENERATED {} AS IDENTITY{}",
                            identity == "a" ? "ALWAYS" : "BY DEFAULT", sequence_options(column));
    } else if (!set.empty()) {
        made += " DEFAULT " + set;
    }
    return made + (flag(column, "not_null") ? " NOT NULL" : "");
}

void change_identity(part const& of, shape const& here, std::string const& column,
                     std::string const& table, decision& into) {
    auto const was = text(here, "identity");
    auto const now = text(*of.after, "identity");
    auto const what = three_way(value(*of.before, "identity"), value(*of.after, "identity"),
                                value(here, "identity"));
    if (what == way::clash) {
        into.against = clash_text(
            fmt::format("the identity of column {} of {}", text(*of.after, "name"), table),
            value(*of.before, "identity"), value(*of.after, "identity"), value(here, "identity"));
    } else if (what == way::change && now.empty()) {
        into.statements.push_back(column + " DROP IDENTITY");
    } else if (what == way::change && was.empty()) {
        into.statements.push_back(fmt::format("{} ADD GENERATED {} AS IDENTITY{}", column,
                                              now == "a" ? "ALWAYS" : "BY DEFAULT",
                                              sequence_options(*of.after)));
    } else {
        if (what == way::change) {
            into.statements.push_back(
                fmt::format("{} SET GENERATED {}", column, now == "a" ? "ALWAYS" : "BY DEFAULT"));
        }
        change_sequence(of, here, column, into);
    }
}

void change_column_details(part const& of, shape const& here, std::string const& table,
                           surroundings const& around, decision& into) {
    auto const& after = *of.after;
    auto const name = sql::identifier(text(here, "name"));
    auto const changed = [&](char const* key) {
        auto const& before = of.before == nullptr ? value({}, key) : value(*of.before, key);
        return takes(before, value(after, key), value(here, key));
    };
    // Partitions and children are told of by themselves.
    auto const alter = [&](std::string const& how) {
        into.statements.push_back(
            fmt::format("ALTER TABLE ONLY {} ALTER COLUMN {} SET {}", table, name, how));
    };
    if (changed("comment")) {
        into.statements.push_back(
            fmt::format("COMMENT ON COLUMN {}.{} IS {}", table, name,
                        after.contains("comment") ? sql::literal(text(after, "comment")) : "NULL"));
    }
    // A new column is stored as its type is, until somebody says otherwise.
    auto const storage = text(after, "storage");
    if (!storage.empty() && (of.added() ? storage != text(here, "storage") : changed("storage"))) {
        alter(fmt::format("STORAGE {}", storage_word(storage)));
    }
    if (changed("statistics")) {
        auto const& kept = value(after, "statistics");
        alter(fmt::format("STATISTICS {}", kept.is_null() ? "-1" : kept.dump()));
    }
    if (changed("compression")) {
        if (around.server_version < compression_since) {
            into.left_out.push_back(fmt::format(
                "the compression of column {} of {}: this server has none", name, table));
        } else {
            alter(fmt::format("COMPRESSION {}", compression_word(text(after, "compression"))));
        }
    }
}

} // namespace tandem::engine::ddl
