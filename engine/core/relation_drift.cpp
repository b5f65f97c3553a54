#include "engine/core/relation_drift.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace tandem::engine {
namespace {

pgoutput::column_shape const* find(pgoutput::relation_shape const& in, std::string_view name) {
    auto const at = std::ranges::find_if(
        in.columns, [name](pgoutput::column_shape const& each) { return each.name == name; });
    return at == in.columns.end() ? nullptr : &*at;
}

std::string shown(pgoutput::relation_shape const& of) {
    return fmt::format("table {}.{}", of.schema, of.name);
}

} // namespace

std::vector<std::string> relation_drift(pgoutput::relation_shape const& before,
                                        pgoutput::relation_shape const& after) {
    std::vector<std::string> found;
    if (before.schema != after.schema || before.name != after.name) {
        found.push_back(
            fmt::format("{} is called {}.{} now", shown(before), after.schema, after.name));
    }
    for (auto const& column : before.columns) {
        auto const* const now = find(after, column.name);
        if (now == nullptr) {
            found.push_back(
                fmt::format("column {} of {} is not there any more", column.name, shown(after)));
        } else if (now->type != column.type || now->type_modifier != column.type_modifier) {
            found.push_back(
                fmt::format("column {} of {} has another type now", column.name, shown(after)));
        }
    }
    for (auto const& column : after.columns) {
        if (find(before, column.name) == nullptr) {
            found.push_back(fmt::format("column {} of {} is new", column.name, shown(after)));
        }
    }
    if (before.replica_identity != after.replica_identity) {
        found.push_back(fmt::format("the replica identity of {} is another one now", shown(after)));
    }
    return found;
}

} // namespace tandem::engine
