#include "engine/ddl/message.hpp"

#include "engine/ddl/shapes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <stdexcept>

namespace tandem::engine::ddl {
namespace {

// What is made first; a sequence belongs to a column, so its owner is set when all else is there.
constexpr std::array<std::string_view, 11> making_order{
    "schema",   "enum",      "domain", "range", "composite",        "sequence",
    "function", "procedure", "table",  "view",  "materialized view"};

std::size_t place_of(object_change const& change) {
    auto const kind = text(change.known(), "kind");
    return static_cast<std::size_t>(std::ranges::find(making_order, kind) - making_order.begin());
}

// The event triggers name what is dropped before what hangs on it. A sequence goes with its table.
std::vector<object_change> in_order(std::vector<object_change> changes) {
    std::vector<object_change> ordered;
    std::vector<object_change> dropped;
    std::vector<object_change> sequences;
    std::vector<object_change> owned;
    for (auto& each : changes) {
        bool const sequence = text(each.known(), "kind") == "sequence";
        if (each.after.is_null()) {
            (sequence ? sequences : dropped).push_back(std::move(each));
            continue;
        }
        if (sequence && value(each.before, "owned_by") != value(each.after, "owned_by")) {
            owned.push_back(each);
            auto& first = each.after;
            if (each.before.is_null()) {
                first.erase("owned_by");
            } else if (each.before.contains("owned_by")) {
                first["owned_by"] = each.before["owned_by"];
            } else {
                first.erase("owned_by");
            }
            owned.back().before = first;
        }
        ordered.push_back(std::move(each));
    }
    std::ranges::stable_sort(ordered, {}, place_of);
    std::ranges::move(owned, std::back_inserter(ordered));
    std::move(dropped.rbegin(), dropped.rend(), std::back_inserter(ordered));
    std::ranges::move(sequences, std::back_inserter(ordered));
    return ordered;
}

// Where one command gives the name of a column that it drops to another one, what it drops comes first, as a change by itself: what
// is asked of the peer's catalog is asked by name.
std::vector<object_change> column_by_column(object_change change) {
    std::vector<object_change> made;
    if (!change.is_table() || change.before.is_null() || change.after.is_null() ||
        !value(change.before, "columns").is_array()) {
        made.push_back(std::move(change));
        return made;
    }
    auto const has = [](shape const& of, char const* parts, shape const& part) {
        return std::ranges::any_of(list(of, parts), [&](shape const& each) {
            return value(each, "oid") == value(part, "oid");
        });
    };
    auto middle = change.before;
    auto const taken = [&](shape const& column) {
        return !has(change.after, "columns", column) &&
               std::ranges::any_of(list(change.after, "columns"), [&](shape const& each) {
                   return text(each, "name") == text(column, "name") &&
                          !has(change.before, "columns", each);
               });
    };
    auto& columns = middle["columns"].get_ref<shape::array_t&>();
    if (std::erase_if(columns, taken) == 0) {
        made.push_back(std::move(change));
        return made;
    }
    for (auto const* const parts : {"indexes", "constraints", "triggers", "policies"}) {
        if (value(middle, parts).is_array()) { // what went with them is gone
            std::erase_if(middle[parts].get_ref<shape::array_t&>(),
                          [&](shape const& each) { return !has(change.after, parts, each); });
        }
    }
    made.push_back({change.before, middle});
    change.before = std::move(middle);
    made.push_back(std::move(change));
    return made;
}

bool is_shape(shape const& of) {
    return of.is_null() || (of.is_object() && !text(of, "kind").empty() &&
                            !text(of, "name").empty() && !text(of, "schema").empty());
}

} // namespace

std::string object_change::shown() const {
    return ddl::shown(known());
}

std::optional<std::pair<std::string, std::string>> renamed_schema(object_change const& change) {
    if (text(change.before, "kind") != "schema" || text(change.after, "kind") != "schema") {
        return std::nullopt;
    }
    auto from = text(change.before, "name");
    auto to = text(change.after, "name");
    return from == to ? std::nullopt : std::optional{std::pair{std::move(from), std::move(to)}};
}

bool object_change::is_table() const {
    return text(known(), "kind") == "table";
}

boost::system::result<message, message_error> read_message(std::string_view from) {
    auto const read = shape::parse(from, nullptr, false);
    if (!read.is_object() || value(read, "version") != 1) {
        return message_error{read.is_object() ? "it is of another version than 1"
                                              : "it is no JSON object"};
    }
    message made;
    made.tag = text(read, "tag");
    made.id = value(read, "id").is_number_integer() ? value(read, "id").get<std::int64_t>() : 0;
    if (made.tag == "SEEN") {
        for (auto const& each : list(read, "ids")) {
            if (each.is_number_integer()) {
                made.sees.push_back(each.get<std::int64_t>());
            }
        }
        return made.sees.empty() ? boost::system::result<message, message_error>{message_error{
                                       "it says of no DDL that it was seen"}}
                                 : made;
    }
    made.concurrently = flag(read, "concurrently");
    if (made.tag == "TOUCH") {
        made.touches = true;
        if (read.contains("table")) {
            made.touched = touched_table{text(read, "schema"), text(read, "table"), {}};
            for (auto const& each : list(read, "columns")) {
                made.touched->columns.push_back(each.is_string() ? each.get<std::string>() : "");
            }
        }
        return made;
    }
    for (auto const& each : list(read, "changes")) {
        object_change change{value(each, "before"), value(each, "after")};
        if (!is_shape(change.before) || !is_shape(change.after) || change.known().is_null()) {
            return message_error{"one of its changes names no object"};
        }
        constexpr std::int64_t type_changed = 4; // pg_event_trigger_table_rewrite_reason()
        auto const& rewritten = value(each, "rewritten");
        change.by_using = flag(each, "by_using") && rewritten.is_number_integer() &&
                          (rewritten.get<std::int64_t>() & type_changed) != 0;
        change.first = value(each, "first");
        for (auto& one : column_by_column(std::move(change))) {
            made.changes.push_back(std::move(one));
        }
    }
    if (made.tag.empty() || made.changes.empty()) {
        return message_error{"it has no tag or no change"};
    }
    made.changes = in_order(std::move(made.changes));
    return made;
}

std::vector<std::string> apart(std::string_view from) {
    auto const tag = [&](std::string_view is) {
        return from.find(fmt::format(R"("{}")", is)) != std::string_view::npos;
    };
    if (!tag("GRANT") && !tag("REVOKE")) {
        return {std::string{from}};
    }
    auto read = shape::parse(from, nullptr, false);
    auto const changes = read.is_object() ? value(read, "changes") : shape{};
    bool const altered =
        (text(read, "tag") == "GRANT" || text(read, "tag") == "REVOKE") && changes.is_array() &&
        changes.size() > 1 && std::ranges::all_of(changes, [](shape const& each) {
            return is_shape(value(each, "before")) && is_shape(value(each, "after")) &&
                   !value(each, "before").is_null() && !value(each, "after").is_null();
        });
    if (!altered) {
        return {std::string{from}};
    }
    std::vector<std::string> made;
    auto const id = value(read, "id");
    for (auto const& each : changes) { // it is carried out when the last one is
        read["changes"] = shape::array({each});
        read.erase("id");
        if (&each == &changes.back() && !id.is_null()) {
            read["id"] = id;
        }
        made.push_back(read.dump());
    }
    return made;
}

void throw_exception_from_error(message_error const& error, boost::source_location const&) {
    throw std::runtime_error{error.what};
}

namespace {

// That the one goes on where the other ended.
bool follows(object_change const& one, object_change const& other) {
    return !other.after.is_null() && !one.before.is_null() &&
           text(one.before, "kind") == text(other.after, "kind") &&
           qualified(one.before) == qualified(other.after) &&
           text(one.before, "arguments") == text(other.after, "arguments");
}

} // namespace

object_change in_the_end(object_change change, std::span<message const> later) {
    for (auto const& message : later) {
        for (auto const& each : message.changes) {
            if (follows(each, change)) {
                change.after = each.after;
            }
        }
    }
    return change;
}

void leave_ended(message& next, std::vector<object_change>& ended) {
    std::erase_if(next.changes, [&](object_change const& each) {
        auto const found = std::ranges::find_if(
            ended, [&](object_change const& one) { return follows(each, one); });
        if (found != ended.end()) {
            found->after = each.after;
        }
        return found != ended.end();
    });
}

std::pair<std::string, std::string> table_of(message const& from) {
    for (auto const& each : from.changes) {
        if (each.is_table()) {
            auto const& known = each.before.is_null() ? each.after : each.before;
            return {text(known, "schema"), text(known, "name")};
        }
    }
    return {};
}

std::pair<std::string, std::string> waits_as(message const& from) {
    auto of = table_of(from);
    if (of.second.empty() && !from.changes.empty()) {
        auto const& first = from.changes.front();
        return {text(first.known(), "schema"), first.shown()};
    }
    return of;
}

} // namespace tandem::engine::ddl
