#include "engine/core/parked_keys.hpp"

#include "engine/core/batch_builder.hpp"

#include <utility>

namespace tandem::engine {

std::string table_name(table_plan const& plan) {
    return plan.schema + "." + plan.name;
}

parked_keys::key_values key_values_of(pgoutput::tuple_view row, table_plan const& plan,
                                      pgoutput::tuple_view before) {
    parked_keys::key_values values;
    pgoutput::tuple_view::cursor columns{row};
    pgoutput::tuple_view::cursor older{before};
    std::size_t next = 0;
    for (std::uint16_t at = 0; at < row.column_count() && next < plan.key.size(); ++at) {
        auto column = columns.next();
        if (!before.empty()) {
            auto const was = older.next();
            column = column.kind == pgoutput::column_kind::unchanged ? was : column;
        }
        if (at == plan.key[next]) {
            ++next;
            auto& value = values[plan.columns[at].name];
            if (column.kind != pgoutput::column_kind::null) {
                value = std::string{column.bytes};
            }
        }
    }
    return values;
}

pgoutput::tuple_view identifying_row(change const& what) noexcept {
    return what.old_kind == pgoutput::old_row_kind::none ? what.new_row : what.old_row;
}

void parked_keys::park_key(std::string const& table, key_values key) {
    tables_[table].keys.insert(std::move(key));
}

void parked_keys::park_table(std::string const& table) {
    tables_[table].whole = true;
}

bool parked_keys::behind(change const& what, table_plan const& plan) const {
    if (tables_.empty()) {
        return false;
    }
    if (as_described(plan)) {
        return true;
    }
    auto const at = tables_.find(table_name(plan));
    if (at == tables_.end()) {
        return false;
    }
    if (at->second.whole) {
        return true;
    }
    if (at->second.keys.contains(key_values_of(identifying_row(what), plan))) {
        return true;
    }
    return moves_key(what, plan) &&
           at->second.keys.contains(key_values_of(what.new_row, plan, what.old_row));
}

bool parked_keys::as_described(table_plan const& plan) const {
    if (plan.described == nullptr) {
        return false;
    }
    auto const at = tables_.find(plan.described->schema + "." + plan.described->name);
    return at != tables_.end() && at->second.whole;
}

void parked_keys::follow(change const& what, table_plan const& plan) {
    if (plan.usable && moves_key(what, plan)) {
        park_key(table_name(plan), key_values_of(identifying_row(what), plan));
        park_key(table_name(plan), key_values_of(what.new_row, plan, what.old_row));
    }
}

} // namespace tandem::engine
