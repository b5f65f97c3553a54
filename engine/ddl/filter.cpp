#include "engine/ddl/filter.hpp"

#include "engine/config/pattern.hpp"
#include "engine/ddl/shapes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tandem::engine::ddl {
namespace {

struct skipped_part {
    std::string_view kind;
    char const* key; // of what an object has
};
constexpr std::array parts_to_skip{
    skipped_part{"index", "indexes"},    skipped_part{"constraint", "constraints"},
    skipped_part{"trigger", "triggers"}, skipped_part{"policy", "policies"},
    skipped_part{"grant", "grants"},     skipped_part{"comment", "comment"},
    skipped_part{"owner", "owner"}};

bool skips(filter const& by, std::string_view kind) {
    return std::ranges::find(by.kinds, kind) != by.kinds.end();
}

// Without a primary key nothing could be synced.
void keep_primary_key(shape const& from, shape& into) {
    for (auto const& each : from) {
        if (text(each, "kind") == "p" && std::ranges::find(into, each) == into.end()) {
            into.push_back(each);
        }
    }
}

// The object becomes what it was, as far as these go. True: that makes a difference.
bool as_before(shape const& before, shape& after, skipped_part const& part) {
    auto const was = value(before, part.key);
    auto const made = value(after, part.key);
    auto kept = was;
    if (part.kind == "constraint" && made.is_array()) {
        kept = was.is_array() ? was : shape::array();
        keep_primary_key(made, kept);
    }
    if (kept == made || (kept.is_null() && made.is_array() && made.empty())) {
        return false;
    }
    if (kept.is_null()) {
        after.erase(part.key);
    } else {
        after[part.key] = kept;
    }
    return true;
}

bool column_comments_as_before(shape const& before, shape& after) {
    bool differs = false;
    if (!after.contains("columns")) {
        return differs;
    }
    for (auto& column : after["columns"]) {
        if (!column.is_object()) { // of a view
            return differs;
        }
        auto const& columns = list(before, "columns");
        auto const was = std::ranges::find_if(
            columns, [&](shape const& each) { return value(each, "oid") == value(column, "oid"); });
        auto const said = was == columns.end() ? shape{} : value(*was, "comment");
        if (said != value(column, "comment")) {
            differs = true;
            column["comment"] = said;
        }
    }
    return differs;
}

bool object_left_out(filter const& by, shape const& known) {
    if (skips(by, text(known, "kind"))) {
        return true;
    }
    auto const name = text(known, "name");
    auto const schema = text(known, "kind") == "schema" ? name : text(known, "schema");
    return std::ranges::any_of(by.objects, [&](object_pattern const& each) {
        return glob_matches(each.schema, schema) && glob_matches(each.name, name);
    });
}

void leave_parts_out(filter const& by, object_change& change, std::vector<std::string>& said) {
    if (change.after.is_null()) {
        return;
    }
    for (auto const& part : parts_to_skip) {
        if (!skips(by, part.kind)) {
            continue;
        }
        bool differs = as_before(change.before, change.after, part);
        if (part.kind == "comment") {
            differs = column_comments_as_before(change.before, change.after) || differs;
        }
        if (differs) {
            said.push_back(fmt::format("{} of {}", part.kind, change.shown()));
        }
    }
}

} // namespace

std::vector<std::string> leave_out(filter const& by, message& from) {
    std::vector<std::string> said;
    if (by.empty() || from.touches || !from.sees.empty()) {
        return said;
    }
    bool const command = std::ranges::any_of(
        by.commands, [&](std::string const& each) { return glob_matches(each, from.tag); });
    std::vector<object_change> kept;
    for (auto& change : from.changes) {
        if (command || object_left_out(by, change.known())) {
            said.push_back(change.shown());
            continue;
        }
        leave_parts_out(by, change, said);
        kept.push_back(std::move(change));
    }
    from.changes = std::move(kept);
    return said;
}

boost::system::result<message, message_error> read_carried(std::string_view text, filter const& by,
                                                           std::string& left_out) {
    auto read = read_message(text);
    if (read) {
        auto const said = leave_out(by, *read);
        if (!said.empty()) {
            left_out = fmt::format("left out, as [ddl] says: {}", fmt::join(said, ", "));
        }
    }
    return read;
}

} // namespace tandem::engine::ddl
