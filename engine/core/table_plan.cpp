#include "engine/core/table_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace tandem::engine {
namespace {

constexpr std::uint32_t first_user_oid = 16384;

// int2 int4 int8 bool float4 float8 text varchar bpchar "char" name bytea date time timestamp
// timestamptz uuid json jsonb numeric and their one-dimensional use; sorted.
constexpr std::array<std::uint32_t, 20> safe_types{16,   17,   18,   19,   20,   21,   23,
                                                   25,   114,  700,  701,  1042, 1043, 1082,
                                                   1083, 1114, 1184, 1700, 2950, 3802};

// Types whose modifier silently changes a value on assignment: it must be the same on both sides.
constexpr std::array<std::uint32_t, 6> rounding_types{1083, 1114, 1184, 1186, 1266, 1700};

template <std::size_t Size>
bool among(std::array<std::uint32_t, Size> const& sorted, oid type) noexcept {
    return std::binary_search(sorted.begin(), sorted.end(), type.value);
}

bool is_integer(oid type) noexcept {
    return type.value == 20 || type.value == 21 || type.value == 23 || type.value == 26;
}

std::string quoted_table(pgoutput::relation_shape const& shape) {
    return fmt::format("{}.{}", shape.schema, shape.name);
}

target_column const* find(target_relation const& target, std::string_view name) noexcept {
    auto const at = std::ranges::find(target.columns, name, &target_column::name);
    return at == target.columns.end() ? nullptr : &*at;
}

// Empty when the target's column can hold exactly what the source's sends.
std::string type_difference(pgoutput::column_shape const& source, target_column const& target) {
    bool const built_in = source.type.value < first_user_oid;
    bool const target_built_in = target.type.value < first_user_oid;
    if (built_in != target_built_in || (built_in && source.type != target.type)) {
        return fmt::format("column {} has type {} on the target and another one (oid {}) on the "
                           "source: make them equal",
                           source.name, target.type_name, source.type.value);
    }
    if (among(rounding_types, source.type) && source.type_modifier != target.type_modifier) {
        return fmt::format("column {} has another precision on the target than on the source "
                           "({}): values would be rounded; make them equal",
                           source.name, target.type_name);
    }
    return {};
}

// The columns rows are found by: the replica identity's, or for FULL the target's own key.
std::vector<std::string> match_key(pgoutput::relation_shape const& shape,
                                   target_relation const& target) {
    if (shape.replica_identity == 'f' || shape.replica_identity == 'n') {
        if (!target.primary_key.empty()) {
            return target.primary_key;
        }
        return target.unique_keys.empty() ? std::vector<std::string>{} : target.unique_keys.front();
    }
    std::vector<std::string> names;
    for (auto const& column : shape.columns) {
        if (column.key) {
            names.push_back(column.name);
        }
    }
    return names;
}

bool same_columns(std::vector<std::string> left, std::vector<std::string> right) {
    std::ranges::sort(left);
    std::ranges::sort(right);
    return left == right;
}

// Only a unique index on exactly these columns can arbitrate an upsert.
bool arbitrated(std::vector<std::string> const& key, target_relation const& target) {
    return same_columns(key, target.primary_key) ||
           std::ranges::any_of(target.unique_keys,
                               [&](auto const& unique) { return same_columns(key, unique); });
}

std::string fill_columns(table_plan& plan, target_relation const& target,
                         std::vector<std::string> const& key, moved_columns const* moved) {
    for (std::size_t at = 0; at < plan.shape->columns.size(); ++at) {
        auto const& column = plan.shape->columns[at];
        auto const* const there = find(target, column.name);
        if (moved != nullptr && moved->gone[at]) {
            plan.columns.push_back({column.name, {}, column.type, false, true, false, {}});
            continue;
        }
        if (there == nullptr) {
            return fmt::format("column {} does not exist on the target: add it there", column.name);
        }
        bool const retyped = moved != nullptr && moved->retyped[at];
        if (auto difference = type_difference(column, *there); !difference.empty() && !retyped) {
            return difference;
        }
        bool const in_key = std::ranges::find(key, column.name) != key.end();
        if (in_key && there->generated) {
            return fmt::format("key column {} is generated on the target", column.name);
        }
        if (in_key) {
            plan.key.push_back(static_cast<std::uint16_t>(plan.columns.size()));
        }
        plan.columns.push_back({column.name, there->type_name, there->type, in_key,
                                there->generated, there->identity_always, there->equals});
    }
    if (plan.key.size() != key.size()) {
        return "a key column of the target is not sent by the source (column list?)";
    }
    return {};
}

std::string check(table_plan& plan, target_relation const& target, moved_columns const* moved) {
    if (!target.exists) {
        return "the table does not exist on the target: create it there";
    }
    auto const key = match_key(*plan.shape, target);
    if (key.empty()) {
        return "no key to find rows by: give it a primary key, or a replica identity index";
    }
    if (!arbitrated(key, target)) {
        return fmt::format("the target has no immediate, total unique index on exactly ({}): "
                           "create it there",
                           fmt::join(key, ", "));
    }
    return fill_columns(plan, target, key, moved);
}

// The SQLSTATE that a statement against the target would have ended with.
std::string state_of(pgoutput::relation_shape const& shape, target_relation const& target) {
    if (!target.exists) {
        return "42P01";
    }
    bool const columns_there = std::ranges::all_of(
        shape.columns, [&](auto const& column) { return find(target, column.name) != nullptr; });
    return columns_there ? "42804" : "42703";
}

bool refers_by_key(sql::foreign_key const& constraint, table_plan const& plan) {
    sql::apply_table key;
    for (auto const at : plan.key) {
        key.columns.push_back({plan.columns[at].name, {}});
    }
    return sql::refers_by(constraint, key);
}

} // namespace

table_plan make_plan(pgoutput::relation_ptr shape, target_relation const& target,
                     std::uint32_t number, moved_columns const* moved) {
    table_plan plan;
    plan.schema = shape->schema;
    plan.name = shape->name;
    plan.number = number;
    plan.form = target.form;
    plan.shape = std::move(shape);
    if (auto reason = check(plan, target, moved); !reason.empty()) {
        plan.usable = false;
        plan.on_target = target.exists;
        plan.why_not = fmt::format("table {}: {}", quoted_table(*plan.shape), reason);
        plan.sqlstate = state_of(*plan.shape, target);
        return plan;
    }
    std::ranges::copy_if(
        target.referred_by, std::back_inserter(plan.referred_by),
        [&plan](sql::foreign_key const& each) { return refers_by_key(each, plan); });
    plan.key_is_number = plan.key.size() == 1 && is_integer(plan.columns[plan.key.front()].type);
    return plan;
}

bool binary_safe(oid type) noexcept {
    return among(safe_types, type);
}

bool binary_safe(pgoutput::relation_shape const& shape) noexcept {
    return std::ranges::all_of(shape.columns,
                               [](auto const& column) { return binary_safe(column.type); });
}

} // namespace tandem::engine
