#include "codecs/connect/value.hpp"

#include "codecs/connect/schema.hpp"

#include <algorithm>
#include <bit>

namespace tandem::connect {
namespace {

bool same_elements(std::span<value const> left, std::span<value const> right) {
    return std::ranges::equal(
        left, right, [](value const& one, value const& other) { return same(one, other); });
}

// Keys are distinct in each of them.
bool same_entries(std::span<map_entry const> left, std::span<map_entry const> right) {
    return left.size() == right.size() && std::ranges::all_of(left, [&](map_entry const& each) {
               return std::ranges::any_of(right, [&](map_entry const& other) {
                   return same(each.key, other.key) && same(each.mapped, other.mapped);
               });
           });
}

bool same_structure(value const& left, value const& right) {
    if (!same(left.shape(), right.shape())) {
        return false;
    }
    for (std::size_t index = 0; index < left.shape().fields.size(); ++index) {
        if (!same(left.field(index), right.field(index))) {
            return false;
        }
    }
    return true;
}

} // namespace

value copy_of(value const& original, arena& memory) {
    switch (original.kind()) {
    case value_kind::string:
        return value::of_string(memory.keep(original.text()));
    case value_kind::bytes:
        return value::of_bytes(memory.keep(original.text()));
    case value_kind::decimal:
        return value::of_decimal(memory.keep(original.text()), original.scale());
    case value_kind::array: {
        auto const from = original.elements();
        auto const made = make_array<value>(memory, from.size());
        std::ranges::transform(from, made.begin(),
                               [&](value const& each) { return copy_of(each, memory); });
        return value::of_array(made);
    }
    case value_kind::map: {
        auto const from = original.entries();
        auto const made = make_array<map_entry>(memory, from.size());
        std::ranges::transform(from, made.begin(), [&](map_entry const& each) {
            return map_entry{copy_of(each.key, memory), copy_of(each.mapped, memory)};
        });
        return value::of_map(made);
    }
    case value_kind::structure: {
        auto const made = make_array<value>(memory, original.shape().fields.size());
        for (std::size_t index = 0; index < made.size(); ++index) {
            made[index] = copy_of(original.field(index), memory);
        }
        return value::of_structure(original.shape(), made.data());
    }
    case value_kind::null:
    case value_kind::int8:
    case value_kind::int16:
    case value_kind::int32:
    case value_kind::int64:
    case value_kind::float32:
    case value_kind::float64:
    case value_kind::boolean:
    case value_kind::date:
        break;
    }
    return original;
}

bool same(value const& left, value const& right) {
    if (left.kind() != right.kind()) {
        return false;
    }
    switch (left.kind()) {
    case value_kind::null:
        return true;
    case value_kind::float32:
    case value_kind::
        float64: // as Java's boxes compare: NaN is itself, and zeros differ by their sign
        return std::bit_cast<std::uint64_t>(left.real()) ==
               std::bit_cast<std::uint64_t>(right.real());
    case value_kind::string:
    case value_kind::bytes:
        return left.text() == right.text();
    case value_kind::decimal:
        return left.scale() == right.scale() && left.text() == right.text();
    case value_kind::array:
        return same_elements(left.elements(), right.elements());
    case value_kind::map:
        return same_entries(left.entries(), right.entries());
    case value_kind::structure:
        return same_structure(left, right);
    case value_kind::int8:
    case value_kind::int16:
    case value_kind::int32:
    case value_kind::int64:
    case value_kind::boolean:
    case value_kind::date:
        break;
    }
    return left.number() == right.number();
}

std::string_view java_class(value const& of) noexcept {
    switch (of.kind()) {
    case value_kind::null:
        return "null";
    case value_kind::int8:
        return "java.lang.Byte";
    case value_kind::int16:
        return "java.lang.Short";
    case value_kind::int32:
        return "java.lang.Integer";
    case value_kind::int64:
        return "java.lang.Long";
    case value_kind::float32:
        return "java.lang.Float";
    case value_kind::float64:
        return "java.lang.Double";
    case value_kind::boolean:
        return "java.lang.Boolean";
    case value_kind::string:
        return "java.lang.String";
    case value_kind::bytes:
        return "[B";
    case value_kind::array:
        return "java.util.ArrayList";
    case value_kind::map:
        return "java.util.HashMap";
    case value_kind::structure:
        return "org.apache.kafka.connect.data.Struct";
    case value_kind::decimal:
        return "java.math.BigDecimal";
    case value_kind::date:
        break;
    }
    return "java.util.Date";
}

} // namespace tandem::connect
