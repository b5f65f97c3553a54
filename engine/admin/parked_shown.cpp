// How parked changes, and what became of them, are shown.

#include "codecs/sql/schema.hpp"
#include "engine/admin/parked.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::engine {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t queued_shown_most = 10; // of one table or key, for people

struct parked_cure {
    std::string_view sqlstate; // five characters, or a class of two
    std::string_view text;     // {} is the target
};

constexpr parked_cure cures[] = {
    {"23505",
     "another row of node {} holds the value that the unique index wants: change or delete it there"},
    {"23514", "change the check constraint on node {}, or the row on the source"},
    {"23502", "drop the NOT NULL constraint on node {}, or give the column a value on the source"},
    {"23P01",
     "another row of node {} is in the way of the exclusion constraint: change or delete it there"},
    {"23", "change the constraint on node {}, or the rows that it holds against this one"},
    {"22",
     "make the column's type on node {} as wide as the source's, or change the row on the source"},
    {"42P01", "create the table on node {}"},
    {"3F", "create the schema and its table on node {}"},
    {"42703",
     "make the columns of the table on node {} those that the source has ('tandem doctor' shows what differs)"},
    {"42804",
     "give the column on node {} the source's type; what was changed before the source's own "
     "type was fits no more: write the row by hand and drop it here"},
    {"42501", "grant what is missing to tandem's role on node {}"},
    {"TD012",
     "raise the topic's limit and write the row again at its source, or write it on node {} "
     "by hand"},
    {"TD013", "write the row on node {} by hand"},
    {"TD015",
     "to keep the row of node {}: tandem parked drop --yes with what follows; to write this change over it"},
};

// For a shell: as it is where nothing in it means anything there.
std::string shell_word(std::string const& text) {
    auto const plain = [](unsigned char one) {
        return std::isalnum(one) != 0 || one == '_' || one == '.' || one == ':';
    };
    if (std::ranges::all_of(text, plain)) {
        return text;
    }
    std::string quoted = "'";
    for (char const one : text) {
        quoted += one == '\'' ? std::string{"'\\''"} : std::string{one};
    }
    return quoted + "'";
}

std::string cure_of(parked_entry const& one) {
    if (one.sqlstate == sql::sqlstate::queued) {
        return {}; // that of the change it waits for
    }
    std::string text = fmt::format("remove what node {} says against it", one.direction.target);
    for (auto const& each : cures) {
        if (one.sqlstate.starts_with(each.sqlstate)) {
            text = fmt::format(fmt::runtime(each.text), one.direction.target);
            break;
        }
    }
    if (one.key_hidden) {
        return text + ", then `tandem parked list` shows its key";
    }
    auto const& key = one.key;
    bool const lost =
        one.sqlstate == sql::sqlstate::oversize || one.sqlstate == sql::sqlstate::not_restored;
    bool const chosen = one.sqlstate == sql::sqlstate::conflict;
    return fmt::format("{}{} tandem parked {} --direction {}:{} --table {}{}", text,
                       chosen ? ":" : ", then", lost ? "drop --yes" : "retry", one.direction.source,
                       one.direction.target, shell_word(one.row.table),
                       key && !one.row.whole_table ? " --key " + shell_word(*key) : "");
}

json json_or_null(std::optional<std::string> const& text) {
    return text ? json::parse(*text, nullptr, false) : json(nullptr);
}

json text_or_null(std::optional<std::string> const& text) {
    return text ? json(*text) : json(nullptr);
}

std::string dump(json const& list) {
    return list.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

char const* name_of(parked_request asked) {
    return asked == parked_request::retry ? "retry" : "drop";
}

char const* name_of(parked_state state) {
    switch (state) {
    case parked_state::applied:
        return "applied";
    case parked_state::dropped:
        return "dropped";
    case parked_state::failing:
        return "failing";
    case parked_state::waiting:
        break;
    }
    return "waiting";
}

// "public.person id=1", "public.person (table)"; what is no table by what it is: "view public.v".
std::string object_of(std::string const& table, std::optional<std::string> const& key) {
    constexpr std::string_view kinds[] = {
        "schema ",   "sequence ",  "view ",       "materialized view ",
        "function ", "procedure ", "statistics ", "enum ",
        "domain ",   "range ",     "composite "};
    auto const name = table.substr(table.find('.') + 1);
    bool const other =
        std::ranges::any_of(kinds, [&](std::string_view kind) { return name.starts_with(kind); });
    return other ? name : fmt::format("{} {}", table, key.value_or("(table)"));
}

std::string entry_text(parked_entry const& one) {
    auto text =
        fmt::format("{}:{} {}: {}, since {}, position {} index {}, {} behind it\n",
                    one.direction.source, one.direction.target, object_of(one.row.table, one.key),
                    one.operation, one.since, one.position, one.index, one.behind);
    text += fmt::format("    {} {}\n", one.sqlstate, one.error);
    if (one.detail) {
        text += fmt::format("    {}\n", *one.detail);
    }
    if (one.values) {
        text += fmt::format("    row {}\n", *one.values);
    }
    if (one.old_key) {
        text += fmt::format("    old key {}\n", *one.old_key);
    }
    if (one.tried_at) {
        text += fmt::format("    last retry {}\n", *one.tried_at);
    }
    if (one.row.asked != parked_request::none) {
        text += fmt::format("    {} is asked for, not carried out yet\n", name_of(one.row.asked));
    }
    if (auto const cure = cure_of(one); !cure.empty()) {
        text += fmt::format("    cure: {}\n", cure);
    }
    return text;
}

} // namespace

std::string parked_text(std::vector<parked_entry> const& entries) {
    std::string text;
    std::map<std::string, std::size_t> waiting; // behind something, by direction and lane
    for (auto const& one : entries) {
        auto const lane = fmt::format("{}:{} {}", one.direction.source, one.direction.target,
                                      object_of(one.row.table, one.key));
        bool const queued = one.sqlstate == sql::sqlstate::queued;
        if (!queued || ++waiting[lane] <= queued_shown_most) {
            text += entry_text(one);
        }
    }
    for (auto const& [lane, changes] : waiting) {
        if (changes > queued_shown_most) {
            text += fmt::format("{}: {} more wait behind these; --json shows all\n", lane,
                                changes - queued_shown_most);
        }
    }
    return text;
}

std::string parked_json(std::vector<parked_entry> const& entries) {
    json list = json::array();
    for (auto const& one : entries) {
        json shown;
        shown["direction"] = fmt::format("{}:{}", one.direction.source, one.direction.target);
        shown["position"] = one.position;
        shown["index"] = one.index;
        shown["table"] = one.row.table;
        shown["key"] = json_or_null(one.key);
        if (one.key_hidden) {
            shown["key_hidden"] = true;
        }
        shown["operation"] = one.operation;
        shown["whole_table"] = one.row.whole_table;
        shown["sqlstate"] = one.sqlstate;
        shown["error"] = one.error;
        shown["since"] = one.since;
        shown["behind"] = one.behind;
        shown["tried_at"] = text_or_null(one.tried_at);
        shown["asked"] =
            one.row.asked == parked_request::none ? json(nullptr) : json(name_of(one.row.asked));
        auto const cure = cure_of(one);
        shown["cure"] = cure.empty() ? json(nullptr) : json(cure);
        if (one.with_values) {
            shown["row"] = json_or_null(one.values);
            shown["old_key"] = json_or_null(one.old_key);
            shown["detail"] = text_or_null(one.detail);
            shown["escaped"] = one.escaped;
        }
        list.push_back(std::move(shown));
    }
    return dump(list);
}

std::string outcomes_text(std::vector<parked_outcome> const& outcomes) {
    std::string text;
    for (auto const& one : outcomes) {
        text += fmt::format("{}:{} {}: {} change{} {}", one.direction.source, one.direction.target,
                            object_of(one.table, one.key), one.changes, one.changes == 1 ? "" : "s",
                            name_of(one.state));
        if (!one.reason.empty()) {
            text +=
                fmt::format(": {}{}{}", one.sqlstate, one.sqlstate.empty() ? "" : " ", one.reason);
        }
        text += '\n';
    }
    return text;
}

std::string outcomes_json(std::vector<parked_outcome> const& outcomes) {
    json list = json::array();
    for (auto const& one : outcomes) {
        json shown;
        shown["direction"] = fmt::format("{}:{}", one.direction.source, one.direction.target);
        shown["table"] = one.table;
        shown["key"] = json_or_null(one.key);
        shown["changes"] = one.changes;
        shown["outcome"] = name_of(one.state);
        shown["sqlstate"] = one.sqlstate.empty() ? json(nullptr) : json(one.sqlstate);
        shown["reason"] = one.reason.empty() ? json(nullptr) : json(one.reason);
        list.push_back(std::move(shown));
    }
    return dump(list);
}

} // namespace tandem::engine
