// MaskField: puts a valid null, or a given value, in place of what fields hold.
// https://kafka.apache.org/39/documentation/#org.apache.kafka.connect.transforms.MaskField

#include "codecs/connect/java_text.hpp"
#include "codecs/connect/number_kind.hpp"
#include "engine/transform/kinds.hpp"
#include "engine/transform/plan_cache.hpp"
#include "engine/transform/requirements.hpp"
#include "engine/transform/shared_definitions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tandem::connect {
namespace {

constexpr std::string_view purpose = "mask fields";

outcome<value> null_like(value const& what) {
    using enum value_kind;
    switch (what.kind()) {
    case int8:
    case int16:
    case int32:
    case int64:
    case boolean:
    case date:
        return value::of_integer(what.kind(), 0);
    case float32:
    case float64:
        return value::of_real(what.kind(), 0);
    case string:
        return value::of_string({});
    case decimal:
        return value::of_decimal(std::string_view{"\0", 1}, 0);
    case array:
        return value::of_array({});
    case map:
        return value::of_map({});
    case null:
    case bytes:
    case structure:
        break;
    }
    return data_problem(fmt::format("Cannot mask value of type: class {}", java_class(what)));
}

problem no_number(std::string_view text) {
    return data_problem(
        fmt::format("Unable to convert {} (class java.lang.String) to a number", text));
}

outcome<value> integer_like(value_kind kind, std::string_view text) {
    auto const number = long_of(text);
    if (!number) {
        return no_number(text);
    }
    switch (kind) { // as a cast in Java: the low bits
    case value_kind::int8:
        return value::of_integer(kind, static_cast<std::int8_t>(*number));
    case value_kind::int16:
        return value::of_integer(kind, static_cast<std::int16_t>(*number));
    case value_kind::int32:
        return value::of_integer(kind, static_cast<std::int32_t>(*number));
    default:
        return value::of_integer(kind, *number);
    }
}

outcome<value> replaced(value const& what, std::string_view text, arena& memory) {
    using enum value_kind;
    switch (what.kind()) {
    case int8:
    case int16:
    case int32:
    case int64:
        return integer_like(what.kind(), text);
    case float32:
    case float64: {
        if (!decimal_of(text)) {
            return no_number(text);
        }
        double const read = double_of(text.starts_with('+') ? text.substr(1) : text);
        return value::of_real(what.kind(),
                              what.kind() == float32 ? double{static_cast<float>(read)} : read);
    }
    case string:
        return value::of_string(text);
    case decimal: {
        auto const parts = decimal_of(text);
        if (!parts) {
            return data_problem(
                fmt::format("Unable to convert {} (class java.lang.String) to number", text));
        }
        return value::of_decimal(memory.keep(parts->unscaled), parts->scale);
    }
    default:
        return data_problem(fmt::format(
            "Cannot mask value of type class {} with custom replacement.", java_class(what)));
    }
}

class mask_field final : public transformation {
public:
    mask_field(settings const& by, record_side side)
        : side_{side},
          fields_{by.list("fields")},
          replacement_{by.string_or_none("replacement")},
          null_with_default_{by.boolean(null_with_default_name)} {
        std::ranges::sort(fields_);
        fields_.erase(std::ranges::unique(fields_).begin(), fields_.end());
    }

    outcome<bool> apply(record& of, arena& memory) override {
        auto& side = side_of(of, side_);
        auto masked =
            side.of == nullptr ? without_schema(side.what, memory) : with_schema(side, memory);
        if (!masked) {
            return masked.error();
        }
        side.what = *masked;
        return true;
    }

private:
    outcome<value> masked(value const& what, arena& memory) const {
        if (what.is_null()) {
            return what;
        }
        return replacement_ ? replaced(what, *replacement_, memory) : null_like(what);
    }

    outcome<value> without_schema(value const& map, arena& memory) const {
        if (auto wrong = require_map(map, purpose)) {
            return *wrong;
        }
        map_builder made{map};
        for (auto const& each : fields_) {
            auto mask = masked(entry_of(map, each), memory);
            if (!mask) {
                return mask;
            }
            made.put(each, *mask);
        }
        return made.made(memory);
    }

    outcome<value> with_schema(data const& side, arena& memory) {
        if (auto wrong = require_structure(side.what, purpose)) {
            return *wrong;
        }
        auto const& shape = side.what.shape();
        auto const* masks = plans_.find(side.of);
        if (masks == nullptr) {
            std::vector<bool> made;
            made.reserve(shape.fields.size());
            for (auto const& each : shape.fields) {
                made.push_back(std::ranges::binary_search(fields_, each.name));
            }
            masks = &plans_.keep(side.of, std::move(made));
        }
        auto const fields = make_array<value>(memory, shape.fields.size());
        for (std::size_t index = 0; index < fields.size(); ++index) {
            fields[index] = field_value(side.what, index, null_with_default_);
            if ((*masks)[index]) {
                auto mask = masked(fields[index], memory);
                if (!mask) {
                    return mask;
                }
                fields[index] = *mask;
            }
            if (must_not_be_null(shape.fields[index], fields[index])) {
                return invalid_null(shape.fields[index]);
            }
        }
        return value::of_structure(shape, fields.data());
    }

    record_side side_;
    string_list fields_;
    std::optional<std::string> replacement_;
    bool null_with_default_;
    plan_cache<std::vector<bool>> plans_; // of each field, whether it is masked
};

} // namespace

setting_definitions mask_field_definitions() {
    return {
        {"fields", setting_type::list, std::nullopt, importance::high, "Names of fields to mask.",
         non_empty_list()},
        {"replacement", setting_type::string, setting{}, importance::low,
         "Custom value replacement, that will be applied to all 'fields' values (numeric or "
         "non-empty string values only).",
         non_empty_string()},
        null_with_default_definition(),
    };
}

outcome<transformation_ptr> make_mask_field(settings const& by, record_side side) {
    return transformation_ptr{std::make_unique<mask_field>(by, side)};
}

} // namespace tandem::connect
