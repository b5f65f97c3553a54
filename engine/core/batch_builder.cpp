#include "engine/core/batch_builder.hpp"

#include "codecs/base/assert.hpp"
#include "codecs/base/big_endian.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <string>

namespace tandem::engine {
namespace {

constexpr std::size_t key_chunk_size = std::size_t{64} << 10;
constexpr std::size_t first_index_size = 256;

std::uint64_t hash_of(std::string_view key) noexcept {
    return std::hash<std::string_view>{}(key); // murmur over the bytes in libstdc++
}

// Calls visit(column) for each match key column in source order.
template <class Visit>
void each_key_column(pgoutput::tuple_view row, table_plan const& plan, Visit&& visit) {
    pgoutput::tuple_view::cursor columns{row};
    std::uint16_t at = 0;
    for (auto const wanted : plan.key) {
        TANDEM_ASSERT(wanted < row.column_count());
        pgoutput::column_view column;
        do {
            column = columns.next();
        } while (at++ != wanted);
        visit(column);
    }
}

void append_part(std::string& to, std::string_view part) {
    char length[4];
    store_big_endian(length, static_cast<std::uint32_t>(part.size()));
    to.append(length, sizeof length);
    to.append(part);
}

} // namespace

std::string_view match_key_bytes(pgoutput::tuple_view row, table_plan const& plan,
                                 std::string& scratch) {
    if (plan.key.size() == 1) {
        std::string_view only;
        each_key_column(row, plan, [&](pgoutput::column_view column) { only = column.bytes; });
        return only;
    }
    scratch.clear();
    each_key_column(row, plan,
                    [&](pgoutput::column_view column) { append_part(scratch, column.bytes); });
    return scratch;
}

std::string_view key_part(std::string_view key, std::size_t columns, std::size_t nth) noexcept {
    if (columns == 1) {
        return key;
    }
    for (;; --nth) {
        auto const size = load_big_endian<std::uint32_t>(key.data());
        if (nth == 0) {
            return key.substr(4, size);
        }
        key.remove_prefix(4 + size);
    }
}

bool has_unchanged(pgoutput::tuple_view row) noexcept {
    pgoutput::tuple_view::cursor columns{row};
    for (auto left = row.column_count(); left > 0; --left) {
        if (columns.next().kind == pgoutput::column_kind::unchanged) {
            return true;
        }
    }
    return false;
}

namespace {

// Calls visit(before, after) for each match key column of an update that has an old row. A key column can be TOASTed: left
// out of the new row it is the old row's value.
template <class Visit>
void each_key_pair(change const& what, table_plan const& plan, Visit&& visit) {
    pgoutput::tuple_view::cursor before{what.old_row};
    pgoutput::tuple_view::cursor after{what.new_row};
    std::size_t next_key = 0;
    for (std::uint16_t at = 0; next_key < plan.key.size(); ++at) {
        auto const old_column = before.next();
        auto const new_column = after.next();
        if (at == plan.key[next_key]) {
            ++next_key;
            bool const left_out = new_column.kind == pgoutput::column_kind::unchanged;
            visit(old_column.bytes, left_out ? old_column.bytes : new_column.bytes);
        }
    }
}

} // namespace

bool moves_key(change const& what, table_plan const& plan) {
    if (what.kind != change_kind::update || what.old_kind == pgoutput::old_row_kind::none) {
        return false;
    }
    bool moves = false;
    each_key_pair(what, plan, [&](std::string_view before, std::string_view after) {
        moves = moves || before != after;
    });
    return moves;
}

std::string_view key_after(change const& what, table_plan const& plan, std::string& scratch) {
    if (what.old_kind == pgoutput::old_row_kind::none) {
        return match_key_bytes(what.new_row, plan, scratch);
    }
    std::string_view only;
    scratch.clear();
    each_key_pair(what, plan, [&](std::string_view, std::string_view after) {
        only = after;
        if (plan.key.size() > 1) {
            append_part(scratch, after);
        }
    });
    return plan.key.size() > 1 ? std::string_view{scratch} : only;
}

void batch_builder::begin(transaction_header const& header) {
    TANDEM_ASSERT(!inside_);
    inside_ = true;
    current_ = header;
    seen_ = first_lsn_ ? seen_ : header.seen;
    first_lsn_ = first_lsn_ ? first_lsn_ : header.final_lsn;
    earliest_ =
        first_lsn_ == header.final_lsn ? header.earliest() : std::min(earliest_, header.earliest());
    newest_ = std::max(newest_, header.commit_time);
}

void batch_builder::commit(lsn end) {
    TANDEM_ASSERT(inside_ && end > end_lsn_);
    inside_ = false;
    last_ = current_;
    end_lsn_ = end;
    ++transactions_;
}

void batch_builder::add(change const& what, table_plan const& plan) {
    TANDEM_ASSERT(inside_ && plan.usable && what.kind != change_kind::truncate);
    ++changes_;
    bytes_ += what.new_row.raw().size() + what.old_row.raw().size();
    if (plan.number + 1 != last_plan_) {
        take_turn(plan);
    }
    if (moves_key(what, plan)) {
        move_key(what, plan);
    } else {
        put(what, plan);
    }
    if (!coalesce_) {
        close(plan.number);
    }
}

// Rows of one table in two shapes are two groups: the later ones come behind the earlier ones.
void batch_builder::take_turn(table_plan const& plan) {
    last_plan_ = plan.number + 1;
    if (plan.shape->id == oid{}) { // of a log, which never goes back to an earlier shape
        return;
    }
    auto& in_use = plan_of_[plan.shape->id.value];
    if (in_use != 0 && in_use != last_plan_) {
        close(in_use - 1);
    }
    in_use = last_plan_;
}

void batch_builder::add_parked(change const& what, table_plan const& plan, bool as_described) {
    TANDEM_ASSERT(inside_);
    ++changes_;
    bytes_ += what.new_row.raw().size() + what.old_row.raw().size();
    steps_.push_back({step_kind::park, 0, &plan, &what, current_, 0, as_described});
}

void batch_builder::add_truncate(change const& what, std::vector<table_plan const*> const& plans) {
    TANDEM_ASSERT(inside_ && what.kind == change_kind::truncate);
    ++changes_;
    for (auto const* plan : plans) {
        take_turn(*plan);
        close(plan->number);
    }
    steps_.push_back({step_kind::truncate, 0, nullptr, &what, current_,
                      static_cast<std::uint32_t>(truncations_.size())});
    truncations_.push_back(plans);
}

void batch_builder::move_key(change const& what, table_plan const& plan) {
    close(plan.number);
    steps_.push_back({step_kind::move_key, 0, &plan, &what, current_, 0});
}

void batch_builder::put(change const& what, table_plan const& plan) {
    bool const removes = what.kind == change_kind::remove;
    auto& group = group_of(plan);
    bool fresh = false;
    // The key of an update that keeps it stands in the old row too, and may be left out of the new.
    bool const from_old = removes || what.old_kind != pgoutput::old_row_kind::none;
    auto const key = key_of(from_old ? what.old_row : what.new_row, plan);
    auto& slot = slot_of(group, key, fresh);
    if (what.kind == change_kind::update && what.old_kind != pgoutput::old_row_kind::full &&
        has_unchanged(what.new_row)) {
        put_patch(group, slot, fresh, what);
        return;
    }
    if (auto* const patched = group.behind != 0 ? find(*groups_[group.behind - 1], key) : nullptr) {
        patched->outcome = row_outcome::nothing;
    }
    changed(slot, plan);
    switch (what.kind) {
    case change_kind::insert:
        slot.version = add_version(what.new_row, row_version::none);
        slot.outcome = fresh ? row_outcome::insert : row_outcome::update; // put in again
        break;
    case change_kind::update:
        put_update(slot, fresh, what);
        break;
    case change_kind::remove:
        slot.version = row_version::none;
        slot.outcome = row_outcome::remove;
        break;
    case change_kind::truncate:
    case change_kind::ddl:
        break; // excluded by add()
    }
}

void batch_builder::changed(row_slot& slot, table_plan const& plan) const noexcept {
    slot.v = current_.v(plan.conflicts.versions);
    slot.commit_time = current_.commit_time;
    slot.transaction = transactions_;
}

// One that is complete, if need be by its old row.
void batch_builder::put_update(row_slot& slot, bool fresh, change const& what) {
    bool const by_old_row =
        what.old_kind == pgoutput::old_row_kind::full && has_unchanged(what.new_row);
    auto const before =
        by_old_row ? add_version(what.old_row, row_version::none) : row_version::none;
    slot.version = add_version(what.new_row, before);
    if (fresh || slot.outcome != row_outcome::insert) {
        slot.outcome = row_outcome::update;
    }
}

void batch_builder::put_patch(row_group& group, row_slot& slot, bool fresh, change const& what) {
    auto const begin = [&](row_slot& at) {
        changed(at, *group.plan);
        at.version = add_version(what.new_row, row_version::none);
        at.outcome = row_outcome::patch;
    };
    if (fresh) {
        begin(slot);
        return;
    }
    auto* const behind = group.behind != 0 ? find(*groups_[group.behind - 1], slot.key) : nullptr;
    bool const patched = behind != nullptr && behind->outcome == row_outcome::patch;
    auto& last = patched ? *behind : slot;
    if (folds_into(last, what.new_row)) {
        changed(last, *group.plan);
        last.version = add_version(what.new_row, last.version);
    } else if (patched) { // a third one
        auto const& plan = *group.plan;
        auto const key = slot.key;
        close(plan.number);
        bool unused = false;
        begin(slot_of(group_of(plan), key, unused));
    } else {
        if (group.behind == 0) {
            new_group(*group.plan);
            group.behind = used_groups_;
        }
        begin(slot_of(*groups_[group.behind - 1], slot.key, fresh));
    }
}

// Whether the values that an update leaves out are those that the slot has, or not known to it either. A row that was changed
// by an earlier transaction may have been written by the target meanwhile.
bool batch_builder::folds_into(row_slot const& slot, pgoutput::tuple_view row) const {
    if (slot.outcome == row_outcome::remove) {
        return false;
    }
    if (slot.transaction == transactions_) {
        return true;
    }
    for (auto number = slot.version; number != row_version::none;
         number = versions_[number].older) {
        pgoutput::tuple_view::cursor before{versions_[number].row};
        pgoutput::tuple_view::cursor after{row};
        for (auto left = row.column_count(); left > 0; --left) {
            bool const given = before.next().kind != pgoutput::column_kind::unchanged;
            bool const left_out = after.next().kind == pgoutput::column_kind::unchanged;
            if (given && left_out) {
                return false;
            }
        }
    }
    return true;
}

std::uint32_t batch_builder::add_version(pgoutput::tuple_view row, std::uint32_t older) {
    versions_.push_back({row, older});
    return static_cast<std::uint32_t>(versions_.size() - 1);
}

std::string_view batch_builder::key_of(pgoutput::tuple_view row, table_plan const& plan) {
    if (plan.key.size() == 1) {
        std::string unused;
        return match_key_bytes(row, plan, unused);
    }
    thread_local std::string scratch;
    auto const key = match_key_bytes(row, plan, scratch);
    if (key.size() > key_chunk_size) { // a key this long is not a B-tree key, but bytes are bytes
        key_bytes_.insert(key_bytes_.begin(), std::make_unique<char[]>(key.size()));
        ++key_chunk_;
        std::ranges::copy(key, key_bytes_.front().get());
        return {key_bytes_.front().get(), key.size()};
    }
    bool const unused = key_chunk_ == key_bytes_.size(); // behind oversized keys only, or at first
    if (unused || key_used_ + key.size() > key_chunk_size) {
        key_chunk_ += unused ? 0 : 1;
        key_used_ = 0;
        if (key_chunk_ == key_bytes_.size()) {
            key_bytes_.push_back(std::make_unique<char[]>(key_chunk_size));
        }
    }
    char* const at = key_bytes_[key_chunk_].get() + key_used_;
    std::ranges::copy(key, at);
    key_used_ += key.size();
    return {at, key.size()};
}

row_group& batch_builder::group_of(table_plan const& plan) {
    if (plan.number >= open_group_.size()) {
        open_group_.resize(plan.number + 1U, 0);
    }
    auto& open = open_group_[plan.number];
    if (open != 0) {
        return *groups_[open - 1];
    }
    auto& group = new_group(plan);
    open_group_[plan.number] = used_groups_;
    return group;
}

row_group& batch_builder::new_group(table_plan const& plan) {
    if (used_groups_ == groups_.size()) {
        groups_.push_back(std::make_unique<row_group>());
    }
    auto& group = *groups_[used_groups_];
    group.plan = &plan;
    group.behind = 0;
    group.slots.clear();
    if (group.index.empty()) {
        group.index.resize(first_index_size);
    }
    std::ranges::fill(group.index, 0U);
    steps_.push_back({step_kind::rows, used_groups_, &plan, nullptr, {}, 0});
    ++used_groups_;
    return group;
}

void batch_builder::close(std::uint32_t plan) noexcept {
    if (plan < open_group_.size()) {
        open_group_[plan] = 0;
    }
}

row_slot& batch_builder::slot_of(row_group& group, std::string_view key, bool& fresh) {
    if (group.slots.size() * 2 >= group.index.size()) {
        grow_index(group);
    }
    auto const hash = hash_of(key);
    auto const mask = group.index.size() - 1;
    auto at = hash & mask;
    while (group.index[at] != 0) {
        auto& slot = group.slots[group.index[at] - 1];
        if (slot.hash == hash && slot.key == key) {
            fresh = false;
            return slot;
        }
        at = (at + 1) & mask;
    }
    fresh = true;
    group.slots.push_back({key, hash, row_version::none, {}, {}, 0, row_outcome::insert});
    group.index[at] = static_cast<std::uint32_t>(group.slots.size());
    return group.slots.back();
}

row_slot* batch_builder::find(row_group& group, std::string_view key) noexcept {
    auto const hash = hash_of(key);
    auto const mask = group.index.size() - 1;
    for (auto at = hash & mask; group.index[at] != 0; at = (at + 1) & mask) {
        auto& slot = group.slots[group.index[at] - 1];
        if (slot.hash == hash && slot.key == key) {
            return &slot;
        }
    }
    return nullptr;
}

void batch_builder::grow_index(row_group& group) {
    group.index.assign(std::bit_ceil(group.index.size() * 2), 0U);
    auto const mask = group.index.size() - 1;
    for (std::uint32_t number = 0; number < group.slots.size(); ++number) {
        auto at = group.slots[number].hash & mask;
        while (group.index[at] != 0) {
            at = (at + 1) & mask;
        }
        group.index[at] = number + 1;
    }
}

void batch_builder::clear_rows() {
    std::ranges::fill(open_group_, 0U);
    used_groups_ = 0;
    steps_.clear();
    versions_.clear();
    truncations_.clear();
    if (key_chunk_ > 0) { // the first chunk may be one oversized key's
        key_bytes_.clear();
    }
    key_chunk_ = 0;
    key_used_ = 0;
    bytes_ = 0;
    changes_ = 0;
}

void batch_builder::clear() {
    clear_rows();
    first_lsn_ = {};
    end_lsn_ = {};
    earliest_ = {};
    newest_ = {};
    transactions_ = 0;
    inside_ = false;
}

} // namespace tandem::engine
