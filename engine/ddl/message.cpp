#include "engine/ddl/message.hpp"

#include "engine/ddl/shapes.hpp"

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

bool is_shape(shape const& of) {
    return of.is_null() || (of.is_object() && !text(of, "kind").empty() &&
                            !text(of, "name").empty() && !text(of, "schema").empty());
}

} // namespace

std::string object_change::shown() const {
    return ddl::shown(known());
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
        made.changes.push_back(std::move(change));
    }
    if (made.tag.empty() || made.changes.empty()) {
        return message_error{"it has no tag or no change"};
    }
    made.changes = in_order(std::move(made.changes));
    return made;
}

void throw_exception_from_error(message_error const& error, boost::source_location const&) {
    throw std::runtime_error{error.what};
}

object_change in_the_end(object_change change, std::span<message const> later) {
    auto const same = [](shape const& one, shape const& other) {
        return text(one, "kind") == text(other, "kind") && qualified(one) == qualified(other) &&
               text(one, "arguments") == text(other, "arguments");
    };
    for (auto const& message : later) {
        for (auto const& each : message.changes) {
            if (!change.after.is_null() && !each.before.is_null() &&
                same(each.before, change.after)) {
                change.after = each.after;
            }
        }
    }
    return change;
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

} // namespace tandem::engine::ddl
