#pragma once
// What a transformation made of a schema, for the next record that has it.

#include "codecs/connect/schema.hpp"
#include "engine/transform/requirements.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace tandem::connect {

// Few schemas pass through a transformation at a time; with more than fit, all are made anew.
template <class Plan>
class plan_cache {
public:
    [[nodiscard]] Plan const* find(schema_ptr const& of) const noexcept {
        for (auto const& each : kept_) {
            if (each.first == of) {
                return &each.second;
            }
        }
        return nullptr;
    }
    // Valid until the next keep().
    Plan const& keep(schema_ptr of, Plan made) {
        if (kept_.size() == most) {
            kept_.clear();
        }
        return kept_.emplace_back(std::move(of), std::move(made)).second;
    }

private:
    static constexpr std::size_t most = 64;
    std::vector<std::pair<schema_ptr, Plan>> kept_;
};

// A structure made of fields of another one.
struct field_plan {
    schema_ptr of;
    std::vector<std::size_t> from; // for each field of `of` the index in the original
    bool crossed = false;          // a field has the value of one with another schema
};

// The structure that it makes of `original`, nulls with their defaults where asked for. Error: as invalid_null().
[[nodiscard]] inline outcome<value> carry_out(field_plan const& plan, value const& original,
                                              bool null_with_default, arena& memory) {
    auto const made = make_array<value>(memory, plan.from.size());
    for (std::size_t index = 0; index < made.size(); ++index) {
        made[index] = field_value(original, plan.from[index], null_with_default);
        if (must_not_be_null(plan.of->fields[index], made[index])) {
            return invalid_null(plan.of->fields[index]);
        }
    }
    return value::of_structure(*plan.of, made.data());
}

} // namespace tandem::connect
