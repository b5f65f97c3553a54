// ValueToKey: makes the key of fields of the value.
// https://kafka.apache.org/39/documentation/#org.apache.kafka.connect.transforms.ValueToKey

#include "engine/transform/kinds.hpp"
#include "engine/transform/plan_cache.hpp"
#include "engine/transform/requirements.hpp"
#include "engine/transform/shared_definitions.hpp"

#include <fmt/format.h>

#include <utility>

namespace tandem::connect {
namespace {

constexpr std::string_view purpose = "copying fields from value to key";

class value_to_key final : public transformation {
public:
    explicit value_to_key(settings const& by)
        : fields_{by.list("fields")}, null_with_default_{by.boolean(null_with_default_name)} {}

    outcome<bool> apply(record& of, arena& memory) override {
        if (of.value.of == nullptr) {
            if (auto wrong = require_map(of.value.what, purpose)) {
                return *wrong;
            }
            map_builder made{value::of_map({})};
            for (auto const& each : fields_) {
                made.put(each, entry_of(of.value.what, each));
            }
            of.key = {nullptr, made.made(memory)};
            return true;
        }
        if (auto wrong = require_structure(of.value.what, purpose)) {
            return *wrong;
        }
        auto const* plan = plans_.find(of.value.of);
        if (plan == nullptr) {
            auto made = plan_for(*of.value.of);
            if (!made) {
                return made.error();
            }
            plan = &plans_.keep(of.value.of, std::move(*made));
        }
        auto const made = carry_out(*plan, of.value.what, null_with_default_, memory);
        if (!made) {
            return made.error();
        }
        of.key = {plan->of, *made};
        return true;
    }

private:
    outcome<field_plan> plan_for(schema const& original) const {
        auto made = std::make_shared<schema>();
        field_plan plan;
        for (auto const& each : fields_) {
            auto const from = original.index_of(each);
            if (!from) {
                return data_problem(fmt::format("Field does not exist: {}", each));
            }
            auto added = add_field(*made, each, original.fields[*from].of);
            if (!added) {
                return added.error();
            }
            plan.from.push_back(*from);
        }
        plan.of = std::move(made);
        return plan;
    }

    string_list fields_;
    bool null_with_default_;
    plan_cache<field_plan> plans_;
};

} // namespace

setting_definitions value_to_key_definitions() {
    return {
        {"fields", setting_type::list, std::nullopt, importance::high,
         "Field names on the record value to extract as the record key.", non_empty_list()},
        null_with_default_definition(),
    };
}

outcome<transformation_ptr> make_value_to_key(settings const& by) {
    return transformation_ptr{std::make_unique<value_to_key>(by)};
}

} // namespace tandem::connect
