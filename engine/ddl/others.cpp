// Schemas, sequences, views, functions, statistics: carried by their definitions.

#include "engine/ddl/shapes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace tandem::engine::ddl {
namespace {

std::string upper(std::string word) {
    std::ranges::transform(word, word.begin(), [](char each) {
        return each >= 'a' && each <= 'z' ? static_cast<char>(each - 'a' + 'A') : each;
    });
    return word;
}

// "VIEW "public"."v"", and with its arguments where it has some.
std::string target_of(shape const& of) {
    auto const word = upper(text(of, "kind"));
    if (word == "SCHEMA") {
        return fmt::format("SCHEMA {}", sql::identifier(text(of, "name")));
    }
    auto made = fmt::format("{} {}", word, qualified(of));
    return of.contains("arguments") ? fmt::format("{}({})", made, text(of, "arguments")) : made;
}

// What most kinds have in common: drop it, or give it its new name. True: there is nothing else to say yet.
bool moved(object_change const& change, surroundings const& around, decision& into) {
    if (change.after.is_null()) {
        if (!around.at_before.is_null()) {
            into.statements.push_back("DROP " + target_of(change.before));
        }
        return true;
    }
    if (change.before.is_null() || around.at_before.is_null()) {
        return false;
    }
    auto here = around.at_before;
    auto const& now = change.after;
    if (text(now, "kind") != "schema" && text(here, "schema") != text(now, "schema")) {
        into.statements.push_back(fmt::format("ALTER {} SET SCHEMA {}", target_of(here),
                                              sql::identifier(text(now, "schema"))));
        here["schema"] = text(now, "schema");
    }
    if (text(here, "name") != text(now, "name")) {
        into.statements.push_back(fmt::format("ALTER {} RENAME TO {}", target_of(here),
                                              sql::identifier(text(now, "name"))));
    }
    return !into.statements.empty();
}

shape const& here_of(surroundings const& around) {
    return around.at_before.is_null() ? around.at_after : around.at_before;
}

bool another_kind(object_change const& change, shape const& here, decision& into) {
    if (text(here, "kind") == text(change.after, "kind")) {
        return false;
    }
    into.against =
        fmt::format("{} is a {} here: drop or rename one of them, then 'tandem table resume'",
                    shown(change.after), text(here, "kind"));
    return true;
}

std::string number(shape const& of, char const* key) {
    auto const& found = value(of, key);
    return found.is_number() ? found.dump() : "1";
}

// Of a view as it may be replaced: its first columns stay as they are.
bool continues(shape const& now, shape const& here) {
    auto const starts = [](shape const& longer, shape const& shorter) {
        return longer.size() >= shorter.size() &&
               std::equal(shorter.begin(), shorter.end(), longer.begin());
    };
    return starts(list(now, "columns"), list(here, "columns")) &&
           starts(list(now, "types"), list(here, "types"));
}

// Columns that have other names now and are what they were; empty as well where a name would be taken.
std::vector<std::string> rename_columns(object_change const& change, shape const& here) {
    auto const now = list(change.after, "columns");
    auto const types = list(change.after, "types");
    auto const there = list(here, "columns");
    auto const types_there = list(here, "types");
    bool const same = !change.before.is_null() && list(change.before, "columns") == there &&
                      now.size() >= there.size() && types.size() >= types_there.size() &&
                      std::equal(types_there.begin(), types_there.end(), types.begin());
    std::vector<std::string> made;
    for (std::size_t at = 0; same && at < there.size(); ++at) {
        if (now[at] == there[at]) {
            continue;
        }
        if (std::ranges::find(there, now[at]) != there.end()) {
            return {};
        }
        made.push_back(fmt::format("ALTER {} RENAME COLUMN {} TO {}", target_of(here),
                                   sql::identifier(there[at].get<std::string>()),
                                   sql::identifier(now[at].get<std::string>())));
    }
    return made;
}

std::string create_view(shape const& made, bool replace) {
    std::vector<std::string> options;
    auto const& set = value(made, "options");
    for (auto const& [name, to] : set.items()) {
        options.push_back(fmt::format("{} = {}", name, sql::literal(to.get<std::string>())));
    }
    auto def = text(made, "def");
    if (def.ends_with(';')) {
        def.pop_back();
    }
    return fmt::format("CREATE {}{} {}{} AS{}", replace ? "OR REPLACE " : "",
                       upper(text(made, "kind")), qualified(made),
                       options.empty() ? "" : fmt::format(" WITH ({})", fmt::join(options, ", ")),
                       def);
}

} // namespace

decision decide_schema(object_change const& change, surroundings const& around) {
    decision made;
    if (moved(change, around, made)) {
        return made;
    }
    auto const& here = here_of(around);
    if (here.is_null()) {
        made.statements.push_back(
            fmt::format("CREATE SCHEMA {}", sql::identifier(text(change.after, "name"))));
        return made;
    }
    decide_common(change, here, target_of(here), around, made);
    return made;
}

decision decide_sequence(object_change const& change, surroundings const& around) {
    decision made;
    if (moved(change, around, made)) {
        return made;
    }
    auto const& now = change.after;
    auto const& here = here_of(around);
    auto const options = [](shape const& of) {
        return fmt::format("INCREMENT BY {} MINVALUE {} MAXVALUE {} CACHE {} {}CYCLE",
                           number(of, "increment"), number(of, "min"), number(of, "max"),
                           number(of, "cache"), flag(of, "cycle") ? "" : "NO ");
    };
    if (here.is_null()) {
        made.statements.push_back(fmt::format("CREATE SEQUENCE {} AS {} {} START WITH {}",
                                              qualified(now), text(now, "type"), options(now),
                                              number(now, "start")));
        return made;
    }
    if (another_kind(change, here, made)) {
        return made;
    }
    if (!change.before.is_null()) {
        if (three_way(value(change.before, "type"), value(now, "type"), value(here, "type")) ==
            way::change) {
            made.statements.push_back(
                fmt::format("ALTER {} AS {}", target_of(here), text(now, "type")));
        }
        struct option {
            char const* key;
            char const* word;
            bool of_steps;
        };
        for (auto const& [key, word, of_steps] : {option{"start", "START WITH", true},
                                                  {"increment", "INCREMENT BY", true},
                                                  {"min", "MINVALUE", false},
                                                  {"max", "MAXVALUE", false},
                                                  {"cache", "CACHE", false}}) {
            if (takes_option(of_steps, value(change.before, key), value(now, key),
                             value(here, key))) {
                made.statements.push_back(
                    fmt::format("ALTER {} {} {}", target_of(here), word, number(now, key)));
            }
        }
        if (three_way(value(change.before, "cycle"), value(now, "cycle"), value(here, "cycle")) ==
            way::change) {
            made.statements.push_back(
                fmt::format("ALTER {} {}CYCLE", target_of(here), flag(now, "cycle") ? "" : "NO "));
        }
    }
    auto const& owner = value(now, "owned_by");
    if (owner != value(change.before, "owned_by") && owner != value(here, "owned_by")) {
        made.statements.push_back(owner.is_null()
                                      ? fmt::format("ALTER {} OWNED BY NONE", target_of(here))
                                      : fmt::format("ALTER {} OWNED BY {}.{}", target_of(here),
                                                    sql::qualified(owner[0].get<std::string>(),
                                                                   owner[1].get<std::string>()),
                                                    sql::identifier(owner[2].get<std::string>())));
    }
    auto common = change;
    if (!owner.is_null()) { // it belongs to whom its table does
        common.after["owner"] = text(here, "owner");
        if (!common.before.is_null()) {
            common.before["owner"] = text(here, "owner");
        }
    }
    decide_common(common, here, target_of(here), around, made);
    return made;
}

decision decide_view(object_change const& change, surroundings const& around) {
    decision made;
    if (moved(change, around, made)) {
        return made;
    }
    auto const& now = change.after;
    auto const& here = here_of(around);
    if (here.is_null()) {
        made.statements.push_back(create_view(now, false));
        return made;
    }
    if (another_kind(change, here, made)) {
        return made;
    }
    bool const plain = text(now, "kind") == "view";
    auto const whole = [](shape const& of) {
        return of.is_null()
                   ? shape{}
                   : shape::array({value(of, "def"), value(of, "columns"), value(of, "options")});
    };
    // Servers of two majors write one view in two ways: what both changed is not told from what one did then.
    bool const alike = around.source_version / 10'000 == around.server_version / 10'000;
    // Where the definition follows what it reads, it is as it was.
    if (alike ? takes(whole(change.before), whole(now), whole(here))
              : whole(change.before) != whole(now) && whole(here) != whole(now)) {
        made.statements = rename_columns(change, here);
        if (!made.statements.empty()) {
            return made;
        }
        if (plain && continues(now, here)) {
            made.statements.push_back(create_view(now, true));
        } else {
            made.statements.push_back("DROP " + target_of(here));
            made.statements.push_back(create_view(now, false));
        }
        return made;
    }
    remove_parts(change, here, made);
    rename_parts(change, here, made);
    if (made.statements.empty()) {
        add_parts(change, here, made);
        decide_common(change, here, target_of(here), around, made);
    }
    return made;
}

decision decide_routine(object_change const& change, surroundings const& around) {
    decision made;
    if (moved(change, around, made)) {
        return made;
    }
    auto const& now = change.after;
    auto const& here = here_of(around);
    if (here.is_null()) {
        made.statements.push_back(text(now, "def"));
        return made;
    }
    if (another_kind(change, here, made)) {
        return made;
    }
    if (takes(value(change.before, "def"), value(now, "def"), value(here, "def"))) {
        if (text(here, "result") != text(now, "result")) {
            made.statements.push_back("DROP " + target_of(here));
        }
        made.statements.push_back(text(now, "def"));
        return made;
    }
    decide_common(change, here, target_of(here), around, made);
    return made;
}

decision decide_statistics(object_change const& change, surroundings const& around) {
    decision made;
    if (moved(change, around, made)) {
        return made;
    }
    if (here_of(around).is_null()) {
        made.statements.push_back(text(change.after, "def"));
    }
    return made;
}

decision decide(object_change const& change, surroundings const& around) {
    auto const kind = text(change.known(), "kind");
    if (kind == "table") {
        return decide_table(change, around);
    }
    if (kind == "sequence") {
        return decide_sequence(change, around);
    }
    if (kind == "view" || kind == "materialized view") {
        return decide_view(change, around);
    }
    if (kind == "function" || kind == "procedure") {
        return decide_routine(change, around);
    }
    if (kind == "schema") {
        return decide_schema(change, around);
    }
    if (kind == "statistics") {
        return decide_statistics(change, around);
    }
    if (kind == "enum" || kind == "domain" || kind == "range" || kind == "composite") {
        return decide_type(change, around);
    }
    decision made;
    made.left_out.push_back(
        fmt::format("{}: this build does not know such an object", change.shown()));
    return made;
}

} // namespace tandem::engine::ddl
