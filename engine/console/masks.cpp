#include "engine/console/masks.hpp"

#include "engine/admin/masked_object.hpp"
#include "engine/config/pattern.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tandem::console {
namespace {

constexpr char const* hidden_sentence = "its text is hidden by --mask";

// "schema.name"
struct split_name {
    std::string_view schema;
    std::string_view table;
};
split_name split(std::string_view name) noexcept {
    auto const dot = std::min(name.find('.'), name.size());
    return {name.substr(0, dot), name.substr(std::min(dot + 1, name.size()))};
}

class hider {
public:
    hider(masks const& by, std::string_view schema, std::string_view table) noexcept
        : by_{by}, schema_{schema}, table_{table} {}

    // True: something was hidden.
    bool hide(std::optional<std::string>& object) const {
        if (!object) {
            return false;
        }
        auto made = engine::masked_object(std::move(*object), [this](std::string_view column) {
            return engine::hides(by_, schema_, table_, column);
        });
        object = std::move(made.json);
        return made.any;
    }
    [[nodiscard]] bool any() const noexcept {
        return std::ranges::any_of(by_, [this](engine::table_pattern const& each) {
            return engine::matches(each, schema_, table_);
        });
    }

private:
    masks const& by_;
    std::string_view schema_;
    std::string_view table_;
};

} // namespace

engine::conflict_entry masked(engine::conflict_entry entry, masks const& by) {
    hider const here{by, entry.schema, entry.table};
    if (!here.any()) {
        return entry;
    }
    here.hide(entry.incoming);
    here.hide(entry.existing);
    std::optional<std::string> key = std::move(entry.key);
    here.hide(key);
    entry.key = std::move(*key);
    for (auto& each : entry.differences) {
        if (engine::hides(by, entry.schema, entry.table, each.column)) {
            each.existing = each.incoming = "\"" + std::string{engine::hidden_value} + "\"";
        }
    }
    return entry;
}

engine::parked_entry masked(engine::parked_entry entry, masks const& by) {
    auto const name = split(entry.row.table);
    hider const here{by, name.schema, name.table};
    if (!here.any()) {
        return entry;
    }
    entry.key_hidden = here.hide(entry.key);
    here.hide(entry.values);
    here.hide(entry.old_key);
    entry.error = hidden_sentence;
    entry.detail.reset();
    return entry;
}

engine::parked_outcome masked(engine::parked_outcome outcome, masks const& by) {
    auto const name = split(outcome.table);
    hider const here{by, name.schema, name.table};
    if (!here.any()) {
        return outcome;
    }
    here.hide(outcome.key);
    if (!outcome.sqlstate.empty()) {
        outcome.reason = hidden_sentence;
    }
    return outcome;
}

} // namespace tandem::console
