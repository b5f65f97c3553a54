#include "engine/core/key_set.hpp"

#include "codecs/base/big_endian.hpp"
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
    made.table.relation = plan.shape->id.value;
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
    made.referred_by = plan.referred_by;
    made.conflicts = plan.conflicts;
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

bool key_set::add(std::string_view key, pg_time v) {
    for (std::size_t at = 0; at < shape_->places.size(); ++at) {
        if (!arrays_[at].append(key_part(key, shape_->places.size(), shape_->places[at]))) {
            return false;
        }
    }
    bool const first = arrays_.back().size() == 0;
    earliest_ = first ? v : std::min(earliest_, v);
    newest_ = first ? v : std::max(newest_, v);
    return arrays_.back().append_fixed(v.us);
}

key_set key_set::copy() {
    key_set made{shape_, binary_};
    made.earliest_ = earliest_;
    made.newest_ = newest_;
    static_cast<void>(made.absorb(*this)); // it was no more than the server takes
    return made;
}

bool key_set::absorb(key_set& other) {
    constexpr std::size_t header = 20; // of an array that is not empty
    if (other.size() == 0) {
        return true;
    }
    for (std::size_t at = 0; at < arrays_.size(); ++at) {
        auto bytes = other.arrays_[at].finish().substr(header);
        while (!bytes.empty()) {
            auto const size = load_big_endian<std::uint32_t>(bytes.data());
            if (!arrays_[at].append(bytes.substr(4, size))) {
                return false;
            }
            bytes.remove_prefix(4 + size);
        }
    }
    earliest_ = std::min(earliest_, other.earliest_);
    newest_ = std::max(newest_, other.newest_);
    return true;
}

std::vector<key_set> merged(std::vector<key_set> sets) {
    std::vector<key_set> made;
    for (auto& set : sets) {
        auto const found =
            std::ranges::find_if(made, [&set](key_set const& one) { return one.alike(set); });
        if (found == made.end() || !found->absorb(set)) {
            made.push_back(std::move(set));
        }
    }
    return made;
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
        return sets_[found->second].add(key, v);
    }
    auto& shape = shapes_[plan.number];
    if (shape == nullptr) {
        shape = std::make_shared<key_shape const>(key_shape_of(plan));
    }
    set_of_.emplace(plan.number, sets_.size());
    sets_.emplace_back(shape, binary_);
    return sets_.back().add(key, v);
}

bool key_sets::add_written(batch_builder const& batch) {
    std::string scratch;
    for (auto const& step : batch.steps()) {
        if (step.plan == nullptr || !step.plan->conflicts.guarded) { // nothing beats it
            continue;
        }
        if (step.kind == step_kind::move_key) {
            if (!add(key_after(*step.what, *step.plan, scratch), *step.plan,
                     step.transaction.v(step.plan->conflicts.versions))) {
                return false;
            }
        }
        if (step.kind != step_kind::rows) {
            continue;
        }
        auto const& group = batch.group(step.group);
        for (auto const& slot : group.slots) {
            bool const writes =
                slot.outcome != row_outcome::remove && slot.outcome != row_outcome::nothing;
            if (writes && !add(slot.key, *group.plan, slot.v)) {
                return false;
            }
        }
    }
    return true;
}

bool key_sets::add_gone(batch_builder const& batch) {
    std::string scratch;
    for (auto const& step : batch.steps()) {
        bool const moves = step.kind == step_kind::move_key;
        if ((!moves && step.kind != step_kind::rows) || step.plan->referred_by.empty()) {
            continue;
        }
        if (moves) {
            if (!add(match_key_bytes(step.what->old_row, *step.plan, scratch), *step.plan,
                     step.transaction.v(step.plan->conflicts.versions))) {
                return false;
            }
            continue;
        }
        for (auto const& slot : batch.group(step.group).slots) {
            if (slot.outcome == row_outcome::remove && !add(slot.key, *step.plan, slot.v)) {
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
