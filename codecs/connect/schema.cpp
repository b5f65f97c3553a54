#include "codecs/connect/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tandem::connect {
namespace {

constexpr std::size_t types = static_cast<std::size_t>(schema_type::structure) + 1;

schema_ptr make_plain(schema_type type, bool optional) {
    auto made = std::make_shared<schema>();
    made->type = type;
    made->optional = optional;
    return made;
}

schema_ptr make_logical(std::string_view name, bool optional) {
    auto made = std::make_shared<schema>();
    made->type = name == timestamp_name ? schema_type::int64 : schema_type::int32;
    made->optional = optional;
    made->name = name;
    made->version = 1;
    return made;
}

bool same_or_none(schema_ptr const& left, schema_ptr const& right) {
    return left == nullptr || right == nullptr ? left == right : same(*left, *right);
}

bool same_parameters(schema const& left, schema const& right) {
    return left.parameters.size() == right.parameters.size() &&
           std::ranges::all_of(left.parameters, [&](auto const& each) {
               auto const* const other = right.parameter(each.first);
               return other != nullptr && *other == each.second;
           });
}

} // namespace

std::optional<std::size_t> schema::index_of(std::string_view field_name) const noexcept {
    auto const found = std::ranges::find(fields, field_name, &field::name);
    return found == fields.end() ? std::nullopt
                                 : std::optional{static_cast<std::size_t>(found - fields.begin())};
}

std::string const* schema::parameter(std::string_view parameter_name) const noexcept {
    auto const found =
        std::ranges::find(parameters, parameter_name, &std::pair<std::string, std::string>::first);
    return found == parameters.end() ? nullptr : &found->second;
}

schema_ptr plain_schema(schema_type type, bool optional) {
    static auto const made = [] {
        std::array<std::array<schema_ptr, 2>, types> all;
        for (std::size_t each = 0; each < types; ++each) {
            all[each] = {make_plain(static_cast<schema_type>(each), false),
                         make_plain(static_cast<schema_type>(each), true)};
        }
        return all;
    }();
    return made[static_cast<std::size_t>(type)][optional ? 1 : 0];
}

schema_ptr logical_schema(std::string_view name, bool optional) {
    static std::array const dates{make_logical(date_name, false), make_logical(date_name, true)};
    static std::array const times{make_logical(time_name, false), make_logical(time_name, true)};
    static std::array const timestamps{make_logical(timestamp_name, false),
                                       make_logical(timestamp_name, true)};
    auto const& of = name == date_name ? dates : name == time_name ? times : timestamps;
    return of[optional ? 1 : 0];
}

schema_ptr decimal_schema(std::int32_t scale) {
    auto made = std::make_shared<schema>();
    made->type = schema_type::bytes;
    made->name = decimal_name;
    made->version = 1;
    made->parameters.emplace_back("scale", std::to_string(scale));
    return made;
}

std::shared_ptr<schema> basics_of(schema const& original) {
    auto made = std::make_shared<schema>();
    made->type = original.type;
    made->name = original.name;
    made->version = original.version;
    made->doc = original.doc;
    made->parameters = original.parameters;
    return made;
}

bool same(schema const& left, schema const& right) {
    if (&left == &right) {
        return true;
    }
    return left.type == right.type && left.optional == right.optional && left.name == right.name &&
           left.version == right.version && left.doc == right.doc && same_parameters(left, right) &&
           std::ranges::equal(left.fields, right.fields,
                              [](field const& one, field const& other) {
                                  return one.name == other.name && same(*one.of, *other.of);
                              }) &&
           same_or_none(left.key, right.key) && same_or_none(left.element, right.element) &&
           same(left.default_value, right.default_value);
}

std::string_view java_name(schema_type type) noexcept {
    constexpr std::array<std::string_view, types> names{"INT8",    "INT16",   "INT32",   "INT64",
                                                        "FLOAT32", "FLOAT64", "BOOLEAN", "STRING",
                                                        "BYTES",   "ARRAY",   "MAP",     "STRUCT"};
    return names[static_cast<std::size_t>(type)];
}

std::string java_text(schema const& of) {
    return of.name ? fmt::format("Schema{{{}:{}}}", *of.name, java_name(of.type))
                   : fmt::format("Schema{{{}}}", java_name(of.type));
}

} // namespace tandem::connect
