// Tables: renamed first, then their columns, then everything that stands on columns.

#include "engine/ddl/shapes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <utility>

namespace tandem::engine::ddl {
namespace {

std::string parent_name(shape const& parent) {
    return sql::qualified(parent[0].get<std::string>(), parent[1].get<std::string>());
}

std::string options_text(shape const& options) {
    std::vector<std::string> parts;
    for (auto const& [name, set] : options.items()) {
        parts.push_back(fmt::format("{} = {}", name, sql::literal(set.get<std::string>())));
    }
    return fmt::format("{}", fmt::join(parts, ", "));
}

class table_change {
public:
    table_change(object_change const& change, surroundings const& around)
        : change_{change}, around_{around} {}

    decision decide() {
        if (change_.after.is_null()) {
            return dropped();
        }
        if (!find_itself()) {
            return made_;
        }
        if (here_ == nullptr) {
            create();
            return made_;
        }
        name_ = qualified(*here_);
        using stage = void (table_change::*)();
        constexpr std::array<stage, 6> stages{
            &table_change::move,           &table_change::detach,      &table_change::rename,
            &table_change::change_columns, &table_change::change_rest, &table_change::attach};
        for (auto const each : stages) {
            (this->*each)();
            if (!made_.against.empty() || !made_.statements.empty()) {
                break;
            }
        }
        return made_;
    }

private:
    decision dropped() {
        if (!around_.at_before.is_null() && text(around_.at_before, "kind") == "table") {
            made_.statements.push_back("DROP TABLE " + qualified(change_.before));
        }
        return made_;
    }

    // False: that is all there is to say.
    bool find_itself() {
        auto const& old_name = around_.at_before;
        auto const& new_name = around_.at_after;
        bool const renamed =
            !change_.before.is_null() && qualified(change_.before) != qualified(change_.after);
        if (renamed && !old_name.is_null() && !new_name.is_null()) {
            made_.against =
                fmt::format("{} was renamed to {} there, and here are both: rename or drop one "
                            "of them, then 'tandem table resume'",
                            shown(change_.before), shown(change_.after));
            return false;
        }
        here_ = !old_name.is_null() ? &old_name : !new_name.is_null() ? &new_name : nullptr;
        if (here_ != nullptr && text(*here_, "kind") != "table") {
            made_.against =
                fmt::format("{} is a {} here: rename or drop one of them, then 'tandem table "
                            "resume'",
                            shown(change_.after), text(*here_, "kind"));
            return false;
        }
        if (here_ == nullptr && renamed && !around_.table_here.empty()) {
            made_.against = fmt::format(
                "{} was renamed to {} there and to {} here: give it one name, then 'tandem table "
                "resume'",
                shown(change_.before), shown(change_.after), around_.table_here);
            return false;
        }
        if (here_ == nullptr && !change_.before.is_null()) {
            made_.against =
                fmt::format("{} was altered there and does not exist here: create it as it was "
                            "there, then 'tandem table resume'",
                            shown(change_.before));
            return false;
        }
        return true;
    }

    void create() {
        auto const& made = change_.after;
        auto const& parents = list(made, "parents");
        auto const bound = text(made, "bound");
        std::string columns;
        for (auto const& each : list(made, "columns")) {
            if (bound.empty() && (parents.empty() || flag(each, "local"))) {
                columns += (columns.empty() ? "" : ", ") + column_definition(each);
            }
        }
        std::string statement = fmt::format(
            "CREATE {}TABLE {}", flag(made, "unlogged") ? "UNLOGGED " : "", qualified(made));
        if (!bound.empty() && !parents.empty()) {
            statement += fmt::format(" PARTITION OF {} {}", parent_name(parents[0]), bound);
        } else {
            statement += fmt::format(" ({})", columns);
            std::vector<std::string> names;
            for (auto const& each : parents) {
                names.push_back(parent_name(each));
            }
            statement += names.empty() ? "" : fmt::format(" INHERITS ({})", fmt::join(names, ", "));
        }
        if (auto const by = text(made, "partition_by"); !by.empty()) {
            statement += " PARTITION BY " + by;
        }
        if (auto const& options = value(made, "options"); !options.is_null()) {
            statement += fmt::format(" WITH ({})", options_text(options));
        }
        made_.statements.push_back(std::move(statement));
    }

    void move() {
        if (change_.before.is_null() || here_ != &around_.at_before) {
            return;
        }
        auto const& now = change_.after;
        auto name = name_;
        if (text(*here_, "schema") != text(now, "schema")) {
            made_.statements.push_back(fmt::format("ALTER TABLE {} SET SCHEMA {}", name,
                                                   sql::identifier(text(now, "schema"))));
            name = sql::qualified(text(now, "schema"), text(*here_, "name"));
        }
        if (text(*here_, "name") != text(now, "name")) {
            made_.statements.push_back(fmt::format("ALTER TABLE {} RENAME TO {}", name,
                                                   sql::identifier(text(now, "name"))));
        }
    }

    void rename() {
        auto const& columns = list(*here_, "columns");
        for (auto const& each : parts_of(change_, "columns")) {
            if (!each.renamed()) {
                continue;
            }
            auto const found = find_here(each, columns);
            auto const* const old = named(columns, text(*each.before, "name"));
            if (found.here == nullptr) {
                auto const now = around_.columns_here.find(text(*each.before, "name"));
                made_.against = fmt::format(
                    "column {} of {} was renamed to {} there, and {}, then 'tandem table resume'",
                    text(*each.before, "name"), shown(change_.before), text(*each.after, "name"),
                    now == around_.columns_here.end()
                        ? "here is neither: give it that name"
                        : fmt::format("to {} here: give it one name", now->second));
                return;
            }
            if (found.by_old_name) {
                made_.statements.push_back(fmt::format("ALTER TABLE {} RENAME COLUMN {} TO {}",
                                                       name_,
                                                       sql::identifier(text(*each.before, "name")),
                                                       sql::identifier(text(*each.after, "name"))));
            } else if (old != nullptr && !is_another(*each.before)) {
                made_.against = fmt::format(
                    "column {} of {} was renamed to {} there, and here are both: drop one of them, then "
                    "'tandem table resume'",
                    text(*each.before, "name"), shown(change_.before), text(*each.after, "name"));
                return;
            }
        }
        rename_parts(change_, *here_, made_);
    }

    // The name went to another column in the same command.
    [[nodiscard]] bool is_another(shape const& before) const {
        return named(list(change_.after, "columns"), text(before, "name")) != nullptr;
    }

    void change_columns() {
        remove_parts(change_, *here_, made_);
        for (auto const& each : parts_of(change_, "columns")) {
            if (!made_.against.empty()) {
                return;
            }
            if (each.removed()) {
                remove_column(*each.before);
            } else if (each.added()) {
                add_column(*each.after);
            } else {
                alter_column(each);
            }
        }
    }

    void remove_column(shape const& was) {
        auto const name = text(was, "name");
        auto const* const here = named(list(*here_, "columns"), name);
        auto const* const again = named(list(change_.after, "columns"), name);
        bool const inherited =
            here != nullptr && !flag(*here, "local"); // it goes with its parent's
        if (here == nullptr || inherited || (again != nullptr && same_column(*again, *here))) {
            return;
        }
        made_.statements.push_back(
            fmt::format("ALTER TABLE {} DROP COLUMN {}", name_, sql::identifier(name)));
        gone_.insert(name);
    }

    static bool same_column(shape const& one, shape const& other) {
        return text(one, "type") == text(other, "type") &&
               text(one, "collation") == text(other, "collation") &&
               text(one, "generated") == text(other, "generated") &&
               text(one, "identity") == text(other, "identity") &&
               value(one, "default") == value(other, "default") &&
               flag(one, "not_null") == flag(other, "not_null");
    }

    void add_column(shape const& now) {
        auto const name = text(now, "name");
        auto const* const here = named(list(*here_, "columns"), name);
        if (here == nullptr || gone_.contains(name)) {
            auto defined = now;
            auto const first = text(change_.first, name.c_str());
            if (!first.empty()) {
                defined["default"] = fmt::format("{}::{}", sql::literal(first), text(now, "type"));
            }
            made_.statements.push_back(
                fmt::format("ALTER TABLE {} ADD COLUMN {}", name_, column_definition(defined)));
            if (!first.empty()) {
                made_.statements.push_back(
                    fmt::format("ALTER TABLE {} ALTER COLUMN {} SET DEFAULT {}", name_,
                                sql::identifier(name), text(now, "default")));
            }
        } else if (!same_column(now, *here)) {
            made_.against = fmt::format(
                "column {} of {} is {} there and {} here: make them equal, then 'tandem table resume'",
                name, shown(change_.after), column_definition(now), column_definition(*here));
        }
    }

    void alter_column(part const& of) {
        auto const name = text(*of.after, "name");
        auto const* const here = find_here(of, list(*here_, "columns")).here;
        if (here == nullptr) {
            if (*of.before != *of.after) {
                made_.against = fmt::format(
                    "column {} of {} was altered there and does not exist here: add it, "
                    "then 'tandem table resume'",
                    name, shown(change_.after));
            }
            return;
        }
        column_ = fmt::format("ALTER TABLE {} ALTER COLUMN {}", name_, sql::identifier(name));
        bool const typed = change_type(of, *here);
        change_default(of, *here, typed);
        change_null(of, *here);
        if (made_.against.empty()) {
            change_identity(of, *here, column_, shown(change_.after), made_);
        }
    }

    // True: the column gets another type.
    bool change_type(part const& of, shape const& here) {
        auto const whole = [](shape const& column) {
            return shape::array({value(column, "type"), value(column, "collation")});
        };
        switch (three_way(whole(*of.before), whole(*of.after), whole(here))) {
        case way::stays:
            return false;
        case way::clash:
            clash(of, "type", here);
            return false;
        case way::change:
            break;
        }
        auto const type = text(*of.after, "type");
        auto const collation = text(*of.after, "collation");
        if (value(here, "default") != value(*of.after, "default") && here.contains("default") &&
            text(here, "generated").empty()) {
            made_.statements.push_back(column_ + " DROP DEFAULT");
        }
        made_.statements.push_back(fmt::format(
            "{} TYPE {}{}{}", column_, type, collation.empty() ? "" : " COLLATE " + collation,
            text(here, "generated").empty()
                ? fmt::format(" USING {}::{}", sql::identifier(text(*of.after, "name")), type)
                : ""));
        return true;
    }

    void change_default(part const& of, shape const& here, bool typed) {
        auto const generated = text(*of.after, "generated");
        if (!text(*of.before, "generated").empty() && generated.empty()) {
            if (!text(here, "generated").empty()) {
                made_.statements.push_back(column_ + " DROP EXPRESSION");
            }
            return;
        }
        auto const& now = value(*of.after, "default");
        auto what = three_way(value(*of.before, "default"), now, value(here, "default"));
        if (typed && value(here, "default") != now) {
            what = way::change;
        }
        if (what == way::clash) {
            clash(of, "default", here);
        } else if (what == way::change) {
            made_.statements.push_back(
                now.is_null()
                    ? column_ + " DROP DEFAULT"
                    : fmt::format("{} SET {} {}", column_,
                                  generated.empty() ? "DEFAULT" : "EXPRESSION AS",
                                  generated.empty() ? now.get<std::string>()
                                                    : fmt::format("({})", now.get<std::string>())));
        }
    }

    void change_null(part const& of, shape const& here) {
        if (three_way(value(*of.before, "not_null"), value(*of.after, "not_null"),
                      value(here, "not_null")) == way::change) {
            made_.statements.push_back(
                column_ + (flag(*of.after, "not_null") ? " SET NOT NULL" : " DROP NOT NULL"));
        }
    }

    void clash(part const& of, char const* what, shape const& here) {
        made_.against =
            clash_text(fmt::format("the {} of column {} of {}", what, text(*of.after, "name"),
                                   shown(change_.after)),
                       value(*of.before, what), value(*of.after, what), value(here, what));
    }

    void change_rest() {
        auto const table = "ALTER TABLE " + name_;
        auto const set = [&](char const* key, char const* on, char const* off) {
            if (three_way(value(change_.before, key), value(change_.after, key),
                          value(*here_, key)) != way::stays) {
                made_.statements.push_back(
                    fmt::format("{} {}", table, flag(change_.after, key) ? on : off));
            }
        };
        set("unlogged", "SET UNLOGGED", "SET LOGGED");
        add_parts(change_, *here_, made_);
        set("row_security", "ENABLE ROW LEVEL SECURITY", "DISABLE ROW LEVEL SECURITY");
        set("force_row_security", "FORCE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY");
        change_options(table);
        if (!made_.against.empty()) {
            return;
        }
        change_replica_identity(table);
        for (auto const& each : parts_of(change_, "columns")) {
            auto const* const mine = find_here(each, list(*here_, "columns")).here;
            if (!each.removed() && mine != nullptr) {
                change_column_details(each, *mine, name_, around_, made_);
            }
        }
        decide_common(change_, *here_, "TABLE " + name_, around_, made_);
    }

    void change_options(std::string const& table) {
        auto const& before = value(change_.before, "options");
        auto const& after = value(change_.after, "options");
        auto const& here = value(*here_, "options");
        for (auto const& [name, set] : after.items()) {
            if (takes(value(before, name.c_str()), set, value(here, name.c_str()))) {
                made_.statements.push_back(fmt::format("{} SET ({} = {})", table, name,
                                                       sql::literal(set.get<std::string>())));
            }
        }
        for (auto const& [name, set] : before.items()) {
            if (!after.contains(name) && here.contains(name)) {
                made_.statements.push_back(fmt::format("{} RESET ({})", table, name));
            }
        }
    }

    void change_replica_identity(std::string const& table) {
        auto const now = text(change_.after, "identity");
        auto const was = change_.before.is_null() ? "d" : text(change_.before, "identity");
        if (now.empty() || !takes(was, now, text(*here_, "identity"))) {
            return;
        }
        made_.statements.push_back(
            fmt::format("{} REPLICA IDENTITY {}", table,
                        now[0] == 'f'   ? "FULL"
                        : now[0] == 'n' ? "NOTHING"
                        : now[0] == 'd' ? "DEFAULT"
                                        : "USING INDEX " + sql::identifier(now.substr(1))));
    }

    static bool holds(shape const& in, shape const& one) {
        return std::ranges::find(in, one) != in.end();
    }

    // From what it belonged to: from then on it has columns and keys of its own.
    void detach() {
        for (auto const& each : list(change_.before, "parents")) {
            if (!holds(list(change_.after, "parents"), each) &&
                holds(list(*here_, "parents"), each)) {
                made_.statements.push_back(
                    text(*here_, "bound").empty()
                        ? fmt::format("ALTER TABLE {} NO INHERIT {}", name_, parent_name(each))
                        : fmt::format("ALTER TABLE {} DETACH PARTITION {}", parent_name(each),
                                      name_));
            }
        }
    }

    void attach() {
        auto const bound = text(change_.after, "bound");
        for (auto const& each : list(change_.after, "parents")) {
            if (!holds(list(change_.before, "parents"), each) &&
                !holds(list(*here_, "parents"), each)) {
                made_.statements.push_back(
                    bound.empty()
                        ? fmt::format("ALTER TABLE {} INHERIT {}", name_, parent_name(each))
                        : fmt::format("ALTER TABLE {} ATTACH PARTITION {} {}", parent_name(each),
                                      name_, bound));
            }
        }
    }

    object_change const& change_;
    surroundings const& around_;
    shape const* here_ = nullptr;
    std::string name_;
    std::string column_; // ALTER TABLE ... ALTER COLUMN ...
    std::set<std::string> gone_;
    decision made_;
};

} // namespace

decision decide_table(object_change const& change, surroundings const& around) {
    return table_change{change, around}.decide();
}

} // namespace tandem::engine::ddl
