#include "engine/admin/row_difference.hpp"

namespace tandem::engine {
namespace {

using event::field_kind;
using event::field_value;

field_value at(bool there, event::row_values const& row, std::size_t index) noexcept {
    return there && index < row.size() ? row[index] : field_value{};
}

column_difference::kind kind_of(field_value const& before, field_value const& after,
                                bool deleted) noexcept {
    using kind = column_difference::kind;
    if (after.kind == field_kind::absent) {
        return deleted ? kind::removed : kind::same;
    }
    if (before.kind == field_kind::absent) {
        return kind::set;
    }
    return before.kind == after.kind && before.text == after.text ? kind::same : kind::changed;
}

} // namespace

std::vector<column_difference> difference(event::event_view const& of,
                                          event::field_names const& names) {
    std::vector<column_difference> found;
    for (std::size_t index = 0; index < names.size(); ++index) {
        column_difference one;
        one.before = at(of.has_before, of.before, index);
        one.after = at(of.has_after, of.after, index);
        if (one.before.kind == field_kind::absent && one.after.kind == field_kind::absent) {
            continue;
        }
        one.name = names[index];
        one.what = kind_of(one.before, one.after, !of.has_after);
        found.push_back(std::move(one));
    }
    return found;
}

} // namespace tandem::engine
