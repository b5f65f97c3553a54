#include "engine/core/key_set.hpp"

#include "engine/core/parked_keys.hpp"

#include <algorithm>
#include <utility>

namespace tandem::engine {
namespace {

constexpr oid text_type{25};
constexpr oid timestamptz_type{1184};

} // namespace

key_shape key_shape_of(table_plan const& plan) {
    key_shape made;
    made.table.schema = plan.schema;
    made.table.name = plan.name;
    made.name = table_name(plan);
    std::vector<std::size_t> places(plan.key.size());
    for (std::size_t at = 0; at < places.size(); ++at) {
        places[at] = at;
    }
    std::ranges::sort(places, {}, [&plan](std::size_t at) -> std::string const& {
        return plan.columns[plan.key[at]].name;
    });
    for (auto const at : places) {
        auto const& column = plan.columns[plan.key[at]];
        made.table.columns.push_back({column.name, column.type_name, true, false, column.equals});
        made.types.push_back(column.type);
    }
    made.places = std::move(places);
    return made;
}

key_set::key_set(std::shared_ptr<key_shape const> shape, bool binary)
    : shape_{std::move(shape)}, binary_{binary} {
    arrays_.resize(shape_->types.size() + 1);
    for (std::size_t at = 0; at < shape_->types.size(); ++at) {
        arrays_[at].start(binary ? shape_->types[at] : text_type);
    }
    arrays_.back().start(timestamptz_type);
}

bool key_set::add(std::string_view key, table_plan const& plan, pg_time v) {
    for (std::size_t at = 0; at < shape_->places.size(); ++at) {
        if (!arrays_[at].append(key_part(key, plan, shape_->places[at]))) {
            return false;
        }
    }
    bool const first = arrays_.back().size() == 0;
    earliest_ = first ? v : std::min(earliest_, v);
    newest_ = first ? v : std::max(newest_, v);
    return arrays_.back().append_fixed(v.us);
}

std::size_t key_set::bytes() const noexcept {
    std::size_t all = 0;
    for (auto const& array : arrays_) {
        all += array.capacity();
    }
    return all;
}

bool key_sets::add(std::string_view key, table_plan const& plan, pg_time v) {
    auto const found = set_of_.find(plan.number);
    if (found != set_of_.end()) {
        return sets_[found->second].add(key, plan, v);
    }
    auto& shape = shapes_[plan.number];
    if (shape == nullptr) {
        shape = std::make_shared<key_shape const>(key_shape_of(plan));
    }
    set_of_.emplace(plan.number, sets_.size());
    sets_.emplace_back(shape, binary_);
    return sets_.back().add(key, plan, v);
}

bool key_sets::add_written(batch_builder const& batch) {
    std::string scratch;
    for (auto const& step : batch.steps()) {
        if (step.kind == step_kind::move_key) {
            if (!add(key_after(*step.what, *step.plan, scratch), *step.plan,
                     step.transaction.commit_time)) {
                return false;
            }
        }
        if (step.kind != step_kind::rows) {
            continue;
        }
        auto const& group = batch.group(step.group);
        for (auto const& slot : group.slots) {
            if (slot.outcome != row_outcome::remove &&
                !add(slot.key, *group.plan, slot.commit_time)) {
                return false;
            }
        }
    }
    return true;
}

std::vector<key_set> key_sets::take() {
    set_of_.clear();
    return std::exchange(sets_, {});
}

} // namespace tandem::engine
