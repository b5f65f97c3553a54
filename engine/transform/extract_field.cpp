// ExtractField: one field in place of the structure or map that has it.
// https://kafka.apache.org/39/documentation/#org.apache.kafka.connect.transforms.ExtractField

#include "engine/transform/field_path.hpp"
#include "engine/transform/kinds.hpp"
#include "engine/transform/requirements.hpp"
#include "engine/transform/shared_definitions.hpp"

#include <fmt/format.h>

#include <utility>

namespace tandem::connect {
namespace {

constexpr std::string_view purpose = "field extraction";

class extract_field final : public transformation {
public:
    extract_field(settings const& by, record_side side, field_path path)
        : side_{side},
          name_{by.string("field")},
          path_{std::move(path)},
          null_with_default_{by.boolean(null_with_default_name)} {}

    outcome<bool> apply(record& of, arena&) override {
        auto& side = side_of(of, side_);
        if (side.of == nullptr) {
            if (side.what.is_null()) {
                return true;
            }
            if (auto wrong = require_map(side.what, purpose)) {
                return *wrong;
            }
            auto found = path_.in_map(side.what);
            if (!found) {
                return found.error();
            }
            side.what = *found;
            return true;
        }
        if (!side.what.is_null()) {
            if (auto wrong = require_structure(side.what, purpose)) {
                return *wrong;
            }
        }
        auto const field = path_.field_of(side.of);
        if (!field) {
            return field.error();
        }
        if (*field == nullptr) {
            return problem{problem_kind::illegal_argument, fmt::format("Unknown field: {}", name_)};
        }
        if (!side.what.is_null()) {
            auto found = path_.in_structure(side.what, null_with_default_);
            if (!found) {
                return found.error();
            }
            side.what = *found;
        }
        side.of = *field;
        return true;
    }

private:
    record_side side_;
    std::string name_;
    field_path path_;
    bool null_with_default_;
};

} // namespace

setting_definitions extract_field_definitions() {
    return {
        {"field", setting_type::string, std::nullopt, importance::medium, "Field name to extract."},
        null_with_default_definition(),
        {"field.syntax.version", setting_type::string, setting{std::string{"V1"}}, importance::high,
         "Defines the version of the syntax to access fields. If set to `V1`, then the field paths "
         "are limited to access the elements at the root level of the struct or map. If set to "
         "`V2`, the syntax will support accessing nested elements. To access nested elements, "
         "dotted notation is used. If dots are already included in the field name, then backtick "
         "pairs can be used to wrap field names containing dots. E.g. to access the subfield `baz` "
         "from a field named \"foo.bar\" in a struct/map the following format can be used to access "
         "its elements: \"`foo.bar`.baz\".",
         one_of_in_any_case({"V1", "V2"})},
    };
}

outcome<transformation_ptr> make_extract_field(settings const& by, record_side side) {
    bool const nested =
        by.string("field.syntax.version") == "V2" || by.string("field.syntax.version") == "v2";
    auto path = field_path::of(by.string("field"), nested);
    if (!path) {
        return path.error();
    }
    return transformation_ptr{std::make_unique<extract_field>(by, side, std::move(*path))};
}

} // namespace tandem::connect
