// What stands on columns: constraints, indexes, triggers, policies. And what all kinds have: owner, comment, rights.

#include "engine/ddl/shapes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tandem::engine::ddl {
namespace {

struct part_kind {
    char const* key;
    char const* word; // DROP word name
    char const* said;
};
constexpr part_kind constraints{"constraints", "CONSTRAINT", "constraint"};
constexpr part_kind indexes{"indexes", "INDEX", "index"};
constexpr part_kind triggers{"triggers", "TRIGGER", "trigger"};
constexpr part_kind policies{"policies", "POLICY", "policy"};
constexpr std::array kinds{constraints, indexes, triggers, policies};

bool is(part_kind const& one, part_kind const& other) {
    return one.key == other.key;
}

std::string drop(part_kind const& kind, shape const& of, std::string const& name) {
    auto const quoted = sql::identifier(name);
    if (is(kind, constraints)) {
        return fmt::format("ALTER TABLE {} DROP CONSTRAINT {}", qualified(of), quoted);
    }
    if (is(kind, indexes)) {
        return fmt::format("DROP INDEX {}", sql::qualified(text(of, "schema"), name));
    }
    return fmt::format("DROP {} {} ON {}", kind.word, quoted, qualified(of));
}

std::string create(part_kind const& kind, shape const& of, shape const& one) {
    auto const def = text(one, "def");
    if (is(kind, constraints)) {
        return fmt::format("ALTER TABLE {} ADD CONSTRAINT {} {}", qualified(of),
                           sql::identifier(text(one, "name")), def);
    }
    if (is(kind, policies)) {
        return fmt::format("CREATE POLICY {} ON {}{}", sql::identifier(text(one, "name")),
                           qualified(of), def);
    }
    return def;
}

void set_enabled(shape const& of, shape const& one, decision& into) {
    auto const now = text(one, "enabled");
    into.statements.push_back(fmt::format("ALTER TABLE {} {} TRIGGER {}", qualified(of),
                                          now == "D"   ? "DISABLE"
                                          : now == "R" ? "ENABLE REPLICA"
                                          : now == "A" ? "ENABLE ALWAYS"
                                                       : "ENABLE",
                                          sql::identifier(text(one, "name"))));
}

void comment_part(part_kind const& kind, shape const& of, part const& each, shape const* here,
                  decision& into) {
    auto const& was = each.before == nullptr ? shape{} : value(*each.before, "comment");
    auto const& now = value(*each.after, "comment");
    if (!takes(was, now, here == nullptr ? shape{} : value(*here, "comment"))) {
        return;
    }
    auto const said = now.is_null() ? "NULL" : sql::literal(now.get<std::string>());
    auto const name = text(*each.after, "name");
    into.statements.push_back(is(kind, indexes)
                                  ? fmt::format("COMMENT ON INDEX {} IS {}",
                                                sql::qualified(text(of, "schema"), name), said)
                                  : fmt::format("COMMENT ON CONSTRAINT {} ON {} IS {}",
                                                sql::identifier(name), qualified(of), said));
}

// A primary key or the like that has another name here is the same.
bool is_there(shape const& one, shape const& elements) {
    return text(one, "kind") == "p" && std::ranges::any_of(elements, [&](shape const& each) {
               return text(each, "def") == text(one, "def");
           });
}

// An index's names its table, which is another matter.
std::string definition(part_kind const& kind, shape const& of) {
    auto def = text(of, "def");
    if (auto const place = is(kind, indexes) ? place_of_table(def) : std::nullopt) {
        def.erase(place->first, place->second);
    }
    return def;
}

void change_part(part_kind const& kind, part const& each, shape const& here, shape const& mine,
                 decision& into) {
    auto const was = definition(kind, *each.before);
    auto const now = definition(kind, *each.after);
    auto const is_here = definition(kind, mine);
    if (was != now && is_here != now) {
        if (is(kind, constraints) && is_here == now + " NOT VALID") {
            into.statements.push_back(fmt::format("ALTER TABLE {} VALIDATE CONSTRAINT {}",
                                                  qualified(here),
                                                  sql::identifier(text(mine, "name"))));
        } else if (is_here == was) {
            into.statements.push_back(drop(kind, here, text(mine, "name")));
            into.statements.push_back(create(kind, here, *each.after));
        } else {
            into.against = clash_text(
                fmt::format("{} {} of {}", kind.said, text(mine, "name"), shown(here)),
                value(*each.before, "def"), value(*each.after, "def"), value(mine, "def"));
        }
    }
    if (takes(value(*each.before, "enabled"), value(*each.after, "enabled"),
              value(mine, "enabled"))) {
        set_enabled(here, *each.after, into);
    }
}

void add_part(part_kind const& kind, part const& each, shape const& here, decision& into) {
    auto const& now = *each.after;
    auto const& elements = list(here, kind.key);
    auto const* const mine = named(elements, text(now, "name"));
    if (mine == nullptr) {
        if (is_there(now, elements)) {
            return;
        }
        into.statements.push_back(create(kind, here, now));
        if (is(kind, triggers) && text(now, "enabled") != "O") {
            set_enabled(here, now, into);
        }
    } else if (definition(kind, *mine) != definition(kind, now)) {
        into.against = fmt::format("{} {} of {} is '{}' there and '{}' here: make them equal, then "
                                   "'tandem table resume'",
                                   kind.said, text(now, "name"), shown(here), text(now, "def"),
                                   text(*mine, "def"));
    }
    if (is(kind, constraints) || is(kind, indexes)) {
        comment_part(kind, here, each, mine, into);
    }
}

// Tables' columns are objects, those of views names.
bool has_column(shape const& of, std::string const& name) {
    return std::ranges::any_of(list(of, "columns"), [&](shape const& each) {
        return each.is_string() ? each == name : text(each, "name") == name;
    });
}

// Of the whole ("grants") or of single columns ("column_grants": the column stands in the fourth place).
void decide_grants(char const* key, object_change const& change, shape const& here,
                   std::string const& target, surroundings const& around, decision& into) {
    auto const& before = list(change.before, key);
    auto const& after = list(change.after, key);
    auto const& mine = list(here, key);
    auto const holds = [](shape const& in, shape const& one) {
        return std::ranges::find(in, one) != in.end();
    };
    auto const each_of = [&](shape const& from, shape const& but, bool give) {
        for (auto const& one : from) {
            if (holds(but, one) || holds(mine, one) == give || one.size() < 3) {
                continue;
            }
            auto const who = one[0].get<std::string>();
            if (!give && who == text(change.after, "owner")) {
                continue; // what it had beside others it has as the owner
            }
            if (who != "public" && !around.roles.contains(who)) {
                into.left_out.push_back(fmt::format("{} of {}: there is no role {} here",
                                                    give ? "a grant" : "a revoke", shown(here),
                                                    who));
                continue;
            }
            auto const role = who == "public" ? "PUBLIC" : who;
            std::string column;
            if (one.size() > 3) {
                auto const name = one[3].get<std::string>();
                if (!has_column(here, name)) {
                    into.left_out.push_back(fmt::format("{} of column {} of {}: there is none here",
                                                        give ? "a grant" : "a revoke", name,
                                                        shown(here)));
                    continue;
                }
                column = fmt::format(" ({})", sql::identifier(name));
            }
            into.statements.push_back(
                fmt::format("{} {}{} ON {} {} {}{}", give ? "GRANT" : "REVOKE",
                            one[1].get<std::string>(), column, target, give ? "TO" : "FROM", role,
                            give && one[2] == true ? " WITH GRANT OPTION" : ""));
        }
    };
    each_of(before, after, false);
    each_of(after, before, true);
}

} // namespace

void remove_parts(object_change const& change, shape const& here, decision& into) {
    for (auto const& kind : kinds) {
        for (auto const& each : parts_of(change, kind.key)) {
            if (!each.removed()) {
                continue;
            }
            auto const name = text(*each.before, "name");
            auto const* const mine = named(list(here, kind.key), name);
            auto const* const again = named(list(change.after, kind.key), name);
            if (mine != nullptr &&
                (again == nullptr || text(*again, "def") != text(*mine, "def"))) {
                into.statements.push_back(drop(kind, here, name));
            }
        }
    }
}

void rename_parts(object_change const& change, shape const& here, decision& into) {
    for (auto const& kind : kinds) {
        for (auto const& each : parts_of(change, kind.key)) {
            if (!each.renamed() || !find_here(each, list(here, kind.key)).by_old_name ||
                named(list(here, kind.key), text(*each.before, "name")) == nullptr) {
                continue;
            }
            auto const from = text(*each.before, "name");
            auto const to = sql::identifier(text(*each.after, "name"));
            into.statements.push_back(
                is(kind, constraints) ? fmt::format("ALTER TABLE {} RENAME CONSTRAINT {} TO {}",
                                                    qualified(here), sql::identifier(from), to)
                : is(kind, indexes)   ? fmt::format("ALTER INDEX {} RENAME TO {}",
                                                    sql::qualified(text(here, "schema"), from), to)
                                      : fmt::format("ALTER {} {} ON {} RENAME TO {}", kind.word,
                                                    sql::identifier(from), qualified(here), to));
        }
    }
}

void add_parts(object_change const& change, shape const& here, decision& into) {
    for (auto const& kind : kinds) {
        for (auto const& each : parts_of(change, kind.key)) {
            if (each.removed()) {
                continue;
            }
            auto const found = find_here(each, list(here, kind.key));
            if (each.added()) {
                add_part(kind, each, here, into);
            } else if (found.here != nullptr) {
                change_part(kind, each, here, *found.here, into);
                if (is(kind, constraints) || is(kind, indexes)) {
                    comment_part(kind, here, each, found.here, into);
                }
            }
            if (!into.against.empty()) {
                return;
            }
        }
    }
}

void decide_common(object_change const& change, shape const& here, std::string const& target,
                   surroundings const& around, decision& into) {
    auto const owner = text(change.after, "owner");
    // What was made for a new object belongs to who carried that out.
    auto const& was =
        change.before.is_null() ? value(here, "owner") : value(change.before, "owner");
    if (!owner.empty() && takes(was, owner, value(here, "owner"))) {
        if (around.roles.contains(owner)) {
            into.statements.push_back(fmt::format("ALTER {} OWNER TO {}", target, owner));
        } else {
            into.left_out.push_back(
                fmt::format("the owner of {}: there is no role {} here", shown(here), owner));
        }
    }
    auto const& comment = value(change.after, "comment");
    if (takes(value(change.before, "comment"), comment, value(here, "comment"))) {
        into.statements.push_back(
            fmt::format("COMMENT ON {} IS {}", target,
                        comment.is_null() ? "NULL" : sql::literal(comment.get<std::string>())));
    }
    auto const kind = text(change.after, "kind");
    bool const relation = kind == "view" || kind == "materialized view";
    auto granted = target;
    if (relation) {
        granted = "TABLE " + qualified(here);
    } else if (kind == "enum" || kind == "domain" || kind == "range" || kind == "composite") {
        granted = "TYPE " + qualified(here);
    }
    decide_grants("grants", change, here, granted, around, into);
    decide_grants("column_grants", change, here, granted, around, into);
}

} // namespace tandem::engine::ddl
