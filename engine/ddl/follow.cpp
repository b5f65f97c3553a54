#include "engine/ddl/follow.hpp"

#include "engine/ddl/shapes.hpp"

#include <utility>

namespace tandem::engine::ddl {
namespace {

void follow_columns(followed_table& table, object_change const& change) {
    for (auto const& part : parts_of(change, "columns")) {
        for (auto& column : table.columns) {
            if (part.added() || column.gone || column.name != text(*part.before, "name")) {
                continue;
            }
            if (part.removed()) {
                column.gone = true;
            } else {
                bool const other = text(*part.before, "type") != text(*part.after, "type");
                column.name = text(*part.after, "name");
                column.retyped = column.retyped || other;
                column.computed = column.computed || (other && change.by_using);
            }
            break;
        }
    }
}

} // namespace

followed_table follow(std::string schema, std::string name, std::vector<std::string> const& columns,
                      std::span<message const> own) {
    followed_table table{std::move(schema), std::move(name), false, {}};
    for (auto const& each : columns) {
        table.columns.push_back({each, false, false, false});
    }
    for (auto const& message : own) {
        for (auto const& change : message.changes) {
            if (auto const renamed = renamed_schema(change);
                renamed && renamed->first == table.schema) {
                table.schema = renamed->second;
                continue;
            }
            bool const same = change.is_table() && !change.before.is_null() &&
                              text(change.before, "schema") == table.schema &&
                              text(change.before, "name") == table.name;
            if (!same) {
                continue;
            }
            table.gone = change.after.is_null();
            if (table.gone) {
                continue; // one of that name may have come since
            }
            follow_columns(table, change);
            table.schema = text(change.after, "schema");
            table.name = text(change.after, "name");
        }
    }
    return table;
}

} // namespace tandem::engine::ddl
