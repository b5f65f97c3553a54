// Types: enumerations, domains, composites, ranges.

#include "engine/ddl/shapes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::engine::ddl {
namespace {

class type_change {
public:
    type_change(object_change const& change, surroundings const& around)
        : change_{change},
          around_{around},
          kind_{text(change.known(), "kind")},
          word_{kind_ == "domain" ? "DOMAIN" : "TYPE"} {}

    decision decide() {
        if (change_.after.is_null()) {
            if (!around_.at_before.is_null()) {
                made_.statements.push_back(
                    fmt::format("DROP {} {}", word_, qualified(change_.before)));
            }
            return made_;
        }
        auto const& here = around_.at_before.is_null() ? around_.at_after : around_.at_before;
        if (here.is_null() && !change_.before.is_null()) {
            made_.against =
                fmt::format("{} was altered there and does not exist here: create it as it was "
                            "there, then 'tandem table resume'",
                            shown(change_.before));
        } else if (here.is_null()) {
            create();
        } else if (text(here, "kind") != kind_) {
            made_.against =
                fmt::format("{} is a {} here: drop or rename one of them, then 'tandem table "
                            "resume'",
                            shown(change_.after), text(here, "kind"));
        } else {
            change(here);
        }
        return made_;
    }

private:
    void create() {
        auto const& made = change_.after;
        auto const name = qualified(made);
        std::string parts;
        auto const add = [&parts](std::string const& one) {
            parts += (parts.empty() ? "" : ", ") + one;
        };
        if (kind_ == "enum") {
            for (auto const& each : list(made, "labels")) {
                add(sql::literal(text(each, "name")));
            }
            made_.statements.push_back(fmt::format("CREATE TYPE {} AS ENUM ({})", name, parts));
        } else if (kind_ == "range") {
            made_.statements.push_back(
                fmt::format("CREATE TYPE {} AS RANGE (SUBTYPE = {})", name, text(made, "subtype")));
        } else if (kind_ == "composite") {
            for (auto const& each : list(made, "columns")) {
                add(attribute(each));
            }
            made_.statements.push_back(fmt::format("CREATE TYPE {} AS ({})", name, parts));
        } else {
            auto const set = text(made, "default");
            std::string checks;
            for (auto const& each : list(made, "constraints")) {
                checks += fmt::format(" CONSTRAINT {} {}", sql::identifier(text(each, "name")),
                                      text(each, "def"));
            }
            made_.statements.push_back(
                fmt::format("CREATE DOMAIN {} AS {}{}{}{}", name, text(made, "base"),
                            set.empty() ? "" : " DEFAULT " + set,
                            flag(made, "not_null") ? " NOT NULL" : "", checks));
        }
    }

    static std::string attribute(shape const& of) {
        auto const collation = text(of, "collation");
        return fmt::format("{} {}{}", sql::identifier(text(of, "name")), text(of, "type"),
                           collation.empty() ? "" : " COLLATE " + collation);
    }

    void change(shape const& here) {
        name_ = qualified(here);
        auto const& now = change_.after;
        if (!change_.before.is_null() && &here == &around_.at_before) {
            if (text(here, "schema") != text(now, "schema")) {
                made_.statements.push_back(fmt::format("ALTER {} {} SET SCHEMA {}", word_, name_,
                                                       sql::identifier(text(now, "schema"))));
                name_ = sql::qualified(text(now, "schema"), text(here, "name"));
            }
            if (text(here, "name") != text(now, "name")) {
                made_.statements.push_back(fmt::format("ALTER {} {} RENAME TO {}", word_, name_,
                                                       sql::identifier(text(now, "name"))));
            }
            if (!made_.statements.empty()) {
                return;
            }
        }
        if (kind_ == "enum") {
            change_labels(here);
        } else if (kind_ == "composite") {
            change_attributes(here);
        } else if (kind_ == "domain") {
            change_domain(here);
        }
        if (made_.against.empty()) {
            decide_common(change_, here, fmt::format("{} {}", word_, name_), around_, made_);
        }
    }

    // A label stands in front of the next one that is here already.
    void change_labels(shape const& here) {
        auto const& mine = list(here, "labels");
        for (auto const& each : parts_of(change_, "labels")) {
            if (!each.removed() && each.renamed() &&
                named(mine, text(*each.after, "name")) == nullptr &&
                named(mine, text(*each.before, "name")) != nullptr) {
                made_.statements.push_back(fmt::format("ALTER TYPE {} RENAME VALUE {} TO {}", name_,
                                                       sql::literal(text(*each.before, "name")),
                                                       sql::literal(text(*each.after, "name"))));
            }
        }
        if (!made_.statements.empty()) {
            return;
        }
        std::string before; // of what comes next, from the end
        auto const& labels = list(change_.after, "labels");
        std::vector<std::string> added;
        for (auto each = labels.rbegin(); each != labels.rend(); ++each) {
            auto const label = text(*each, "name");
            if (named(mine, label) == nullptr) {
                added.push_back(
                    fmt::format("ALTER TYPE {} ADD VALUE {}{}", name_, sql::literal(label),
                                before.empty() ? "" : " BEFORE " + sql::literal(before)));
            }
            before = label;
        }
        made_.statements.insert(made_.statements.end(), added.begin(), added.end());
    }

    void change_attributes(shape const& here) {
        auto const& mine = list(here, "columns");
        for (auto const& each : parts_of(change_, "columns")) {
            auto const found = find_here(each, mine);
            auto const old = each.before == nullptr ? std::string{} : text(*each.before, "name");
            if (each.removed()) {
                if (named(mine, old) != nullptr) {
                    alter("DROP ATTRIBUTE " + sql::identifier(old));
                }
            } else if (found.here == nullptr) {
                alter("ADD ATTRIBUTE " + attribute(*each.after));
            } else if (each.renamed() && found.by_old_name) {
                alter(fmt::format("RENAME ATTRIBUTE {} TO {}", sql::identifier(old),
                                  sql::identifier(text(*each.after, "name"))));
            } else if (text(*found.here, "type") != text(*each.after, "type")) {
                bool const as_it_was = each.before != nullptr &&
                                       text(*found.here, "type") == text(*each.before, "type");
                if (!as_it_was) {
                    made_.against = clash_text(
                        fmt::format("attribute {} of {}", text(*each.after, "name"), shown(here)),
                        each.before == nullptr ? shape{} : *each.before, *each.after, *found.here);
                    return;
                }
                alter(fmt::format("ALTER ATTRIBUTE {} TYPE {}",
                                  sql::identifier(text(*each.after, "name")),
                                  text(*each.after, "type")));
            }
        }
    }

    void change_domain(shape const& here) {
        auto const& was = change_.before;
        auto const& now = change_.after;
        if (value(now, "base") != value(here, "base")) {
            made_.against = clash_text(fmt::format("the type of {}", shown(here)),
                                       value(was, "base"), value(now, "base"), value(here, "base"));
            return;
        }
        auto const set =
            three_way(value(was, "default"), value(now, "default"), value(here, "default"));
        if (set == way::clash) {
            made_.against =
                clash_text(fmt::format("the default of {}", shown(here)), value(was, "default"),
                           value(now, "default"), value(here, "default"));
            return;
        }
        if (set == way::change) {
            alter(now.contains("default") ? "SET DEFAULT " + text(now, "default") : "DROP DEFAULT");
        }
        if (three_way(value(was, "not_null"), value(now, "not_null"), value(here, "not_null")) ==
            way::change) {
            alter(flag(now, "not_null") ? "SET NOT NULL" : "DROP NOT NULL");
        }
        auto const& mine = list(here, "constraints");
        for (auto const& each : parts_of(change_, "constraints")) {
            auto const* const found = find_here(each, mine).here;
            if (each.removed()) {
                if (named(mine, text(*each.before, "name")) != nullptr) {
                    alter("DROP CONSTRAINT " + sql::identifier(text(*each.before, "name")));
                }
            } else if (found == nullptr) {
                alter(fmt::format("ADD CONSTRAINT {} {}",
                                  sql::identifier(text(*each.after, "name")),
                                  text(*each.after, "def")));
            } else if (each.renamed() && find_here(each, mine).by_old_name) {
                alter(fmt::format("RENAME CONSTRAINT {} TO {}",
                                  sql::identifier(text(*each.before, "name")),
                                  sql::identifier(text(*each.after, "name"))));
            } else if (each.added() && text(*found, "def") != text(*each.after, "def")) {
                made_.against = fmt::format(
                    "constraint {} of {} is '{}' there and '{}' here: make them equal, then 'tandem table resume'",
                    text(*each.after, "name"), shown(here), text(*each.after, "def"),
                    text(*found, "def"));
                return;
            } else if (text(*found, "def") == text(*each.after, "def") + " NOT VALID") {
                alter("VALIDATE CONSTRAINT " + sql::identifier(text(*found, "name")));
            }
        }
    }

    void alter(std::string const& how) {
        made_.statements.push_back(fmt::format("ALTER {} {} {}", word_, name_, how));
    }

    object_change const& change_;
    surroundings const& around_;
    std::string kind_;
    std::string word_;
    std::string name_;
    decision made_;
};

} // namespace

decision decide_type(object_change const& change, surroundings const& around) {
    return type_change{change, around}.decide();
}

} // namespace tandem::engine::ddl
