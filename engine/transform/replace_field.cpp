// ReplaceField: leaves fields out and renames them.
// https://kafka.apache.org/39/documentation/#org.apache.kafka.connect.transforms.ReplaceField

#include "engine/transform/kinds.hpp"
#include "engine/transform/plan_cache.hpp"
#include "engine/transform/requirements.hpp"
#include "engine/transform/shared_definitions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace tandem::connect {
namespace {

constexpr std::string_view purpose = "field replacement";

using rename_map = std::map<std::string, std::string, std::less<>>;

// None: that element is no pair.
std::optional<rename_map> parse_renames(string_list const& pairs, std::string& wrong) {
    rename_map made;
    for (auto const& each : pairs) {
        // As Java splits: empty texts at the end count for nothing.
        auto const pair = std::string_view{each}.substr(0, each.find_last_not_of(':') + 1);
        auto const colon = pair.find(':');
        if (colon == std::string_view::npos ||
            pair.find(':', colon + 1) != std::string_view::npos) {
            wrong = each;
            return std::nullopt;
        }
        made[std::string{pair.substr(0, colon)}] = pair.substr(colon + 1);
    }
    return made;
}

std::optional<std::string> check_renames(setting const& what) {
    std::string wrong;
    auto const* const pairs = std::get_if<string_list>(&what);
    if (pairs == nullptr || parse_renames(*pairs, wrong)) {
        return std::nullopt;
    }
    return fmt::format("Invalid rename mapping: {}", wrong);
}

bool holds(string_list const& all, std::string_view name) {
    return std::ranges::find(all, name) != all.end();
}

class replace_field final : public transformation {
public:
    replace_field(settings const& by, record_side side)
        : side_{side},
          exclude_{listed(by, "exclude", "blacklist")},
          include_{listed(by, "include", "whitelist")},
          null_with_default_{by.boolean(null_with_default_name)} {
        std::string unused;
        renames_ = *parse_renames(by.list("renames"), unused);
        for (auto const& [from, to] : renames_) {
            originals_[to] = from;
        }
    }

    outcome<bool> apply(record& of, arena& memory) override {
        auto& side = side_of(of, side_);
        if (side.what.is_null()) {
            return true;
        }
        if (side.of == nullptr) {
            if (auto wrong = require_map(side.what, purpose)) {
                return *wrong;
            }
            side.what = without_schema(side.what, memory);
            return true;
        }
        if (auto wrong = require_structure(side.what, purpose)) {
            return *wrong;
        }
        auto const* plan = plans_.find(side.of);
        if (plan == nullptr) {
            auto made = plan_for(*side.of);
            if (!made) {
                return made.error();
            }
            plan = &plans_.keep(side.of, std::move(*made));
        }
        auto const made = carry_out(*plan, side.what, null_with_default_, memory);
        if (!made) {
            return made.error();
        }
        side = {plan->of, *made};
        if (plan->crossed) {
            if (auto wrong = invalid_field(side.what)) {
                return *wrong;
            }
        }
        return true;
    }

private:
    // The older names are used where the newer ones are not.
    static string_list listed(settings const& by, std::string_view name, std::string_view older) {
        return by.list(name).empty() && !by.is_null(older) ? by.list(older) : by.list(name);
    }

    [[nodiscard]] bool stays(std::string_view name) const {
        return !holds(exclude_, name) && (include_.empty() || holds(include_, name));
    }
    [[nodiscard]] std::string_view renamed(std::string_view name) const {
        auto const found = renames_.find(name);
        return found == renames_.end() ? name : found->second;
    }

    [[nodiscard]] value without_schema(value const& map, arena& memory) const {
        map_builder made{value::of_map({})};
        for (auto const& each : map.entries()) {
            if (stays(each.key.text())) {
                made.put(renamed(each.key.text()), each.mapped);
            }
        }
        return made.made(memory);
    }

    // A new field's value is that of the field whose name becomes it, as Kafka looks it up.
    [[nodiscard]] outcome<field_plan> plan_for(schema const& original) const {
        auto made = basics_of(original);
        field_plan plan;
        for (auto const& each : original.fields) {
            if (stays(each.name)) {
                auto added = add_field(*made, std::string{renamed(each.name)}, each.of);
                if (!added) {
                    return added.error();
                }
            }
        }
        for (auto const& each : made->fields) {
            auto const known = originals_.find(each.name);
            auto const& name = known == originals_.end() ? each.name : known->second;
            auto const from = original.index_of(name);
            if (!from) {
                return data_problem(fmt::format("{} is not a valid field name", name));
            }
            plan.from.push_back(*from);
            plan.crossed = plan.crossed || original.fields[*from].of != each.of;
        }
        plan.of = std::move(made);
        return plan;
    }

    record_side side_;
    string_list exclude_;
    string_list include_;
    bool null_with_default_;
    rename_map renames_;
    rename_map originals_; // by new name
    plan_cache<field_plan> plans_;
};

} // namespace

setting_definitions replace_field_definitions() {
    return {
        {"exclude", setting_type::list, setting{string_list{}}, importance::medium,
         "Fields to exclude. This takes precedence over the fields to include."},
        {"blacklist", setting_type::list, setting{}, importance::low,
         "Deprecated. Use exclude instead."},
        {"include", setting_type::list, setting{string_list{}}, importance::medium,
         "Fields to include. If specified, only these fields will be used."},
        {"whitelist", setting_type::list, setting{}, importance::low,
         "Deprecated. Use include instead."},
        {"renames", setting_type::list, setting{string_list{}}, importance::medium,
         "Field rename mappings.", check_renames},
        null_with_default_definition(),
    };
}

outcome<transformation_ptr> make_replace_field(settings const& by, record_side side) {
    return transformation_ptr{std::make_unique<replace_field>(by, side)};
}

} // namespace tandem::connect
