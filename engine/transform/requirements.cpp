#include "engine/transform/requirements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tandem::connect {
namespace {

bool fits(schema const& of, value_kind kind) noexcept {
    if (of.name && *of.name == decimal_name) {
        return kind == value_kind::decimal;
    }
    if (of.name && (*of.name == date_name || *of.name == time_name || *of.name == timestamp_name)) {
        return kind == value_kind::date;
    }
    switch (of.type) {
    case schema_type::int8:
        return kind == value_kind::int8;
    case schema_type::int16:
        return kind == value_kind::int16;
    case schema_type::int32:
        return kind == value_kind::int32;
    case schema_type::int64:
        return kind == value_kind::int64;
    case schema_type::float32:
        return kind == value_kind::float32;
    case schema_type::float64:
        return kind == value_kind::float64;
    case schema_type::boolean:
        return kind == value_kind::boolean;
    case schema_type::string:
        return kind == value_kind::string;
    case schema_type::bytes:
        return kind == value_kind::bytes;
    case schema_type::array:
        return kind == value_kind::array;
    case schema_type::map:
        return kind == value_kind::map;
    case schema_type::structure:
        break;
    }
    return kind == value_kind::structure;
}

} // namespace

problem invalid_null(field const& to) {
    return data_problem(
        fmt::format("Invalid value: null used for required field: \"{}\", schema type: {}", to.name,
                    java_name(to.of->type)));
}

std::optional<problem> invalid_field(value const& structure) {
    auto const& fields = structure.shape().fields;
    for (std::size_t index = 0; index < fields.size(); ++index) {
        auto const& of = *fields[index].of;
        auto const& what = structure.field(index);
        if (must_not_be_null(fields[index], what)) {
            return invalid_null(fields[index]);
        }
        if (!what.is_null() && !fits(of, what.kind())) {
            return data_problem(fmt::format(
                "Invalid Java object for schema{} with type {}: class {} for field: \"{}\"",
                of.name ? fmt::format(" \"{}\"", *of.name) : "", java_name(of.type),
                java_class(what), fields[index].name));
        }
        if (what.kind() == value_kind::structure && !same(what.shape(), of)) {
            return data_problem("Struct schemas do not match.");
        }
    }
    return std::nullopt;
}

std::optional<problem> require_structure(value const& what, std::string_view purpose) {
    if (what.kind() == value_kind::structure) {
        return std::nullopt;
    }
    return data_problem(fmt::format("Only Struct objects supported for [{}], found: {}", purpose,
                                    java_class(what)));
}

std::optional<problem> require_map(value const& what, std::string_view purpose) {
    if (what.kind() == value_kind::map) {
        return std::nullopt;
    }
    return data_problem(
        fmt::format("Only Map objects supported in absence of schema for [{}], found: {}", purpose,
                    java_class(what)));
}

value const& entry_of(value const& map, std::string_view name) noexcept {
    static value const none{};
    auto const entries = map.entries();
    auto const found = std::ranges::find_if(entries, [name](map_entry const& each) {
        return each.key.kind() == value_kind::string && each.key.text() == name;
    });
    return found == entries.end() ? none : found->mapped;
}

void map_builder::put(std::string_view name, value const& mapped) {
    auto const found = std::ranges::find_if(
        entries_, [name](map_entry const& each) { return each.key.text() == name; });
    if (found != entries_.end()) {
        found->mapped = mapped;
    } else {
        entries_.push_back({value::of_string(name), mapped});
    }
}

void map_builder::remove(std::string_view name) {
    std::erase_if(entries_, [name](map_entry const& each) { return each.key.text() == name; });
}

value map_builder::made(arena& memory) const {
    auto const kept = make_array<map_entry>(memory, entries_.size());
    std::ranges::copy(entries_, kept.begin());
    return value::of_map(kept);
}

outcome<void> add_field(schema& to, std::string name, schema_ptr of) {
    if (name.empty()) {
        return problem{problem_kind::schema_builder, "fieldName cannot be null."};
    }
    if (to.index_of(name)) {
        return problem{
            problem_kind::schema_builder,
            fmt::format("Cannot create field because of field name duplication {}", name)};
    }
    to.fields.push_back({std::move(name), std::move(of)});
    return boost::system::in_place_value;
}

} // namespace tandem::connect
