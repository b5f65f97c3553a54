#include "engine/core/row_encoder.hpp"

#include "codecs/base/assert.hpp"

#include <algorithm>
#include <map>

namespace tandem::engine {
namespace {

constexpr oid text_type{25};
constexpr oid timestamptz_type{1184};
constexpr std::size_t kept_array_bytes = std::size_t{1} << 20;

bool key_less(row_slot const& left, row_slot const& right, bool number, bool binary) noexcept {
    if (number && !binary && left.key.size() != right.key.size()) {
        return left.key.size() < right.key.size();
    }
    return left.key < right.key;
}

} // namespace

std::string complete_columns(table_plan const& plan) {
    std::string columns(plan.columns.size(), '1');
    for (std::size_t at = 0; at < plan.columns.size(); ++at) {
        if (plan.columns[at].skip) {
            columns[at] = '0';
        }
    }
    return columns;
}

std::string key_columns(table_plan const& plan) {
    std::string columns(plan.columns.size(), '0');
    for (auto const at : plan.key) {
        columns[at] = '1';
    }
    return columns;
}

encode_outcome row_encoder::encode(batch_builder const& batch, row_group const& group,
                                   sink const& send) {
    for (auto* list : {&removes_, &updates_, &inserts_, &patches_}) {
        list->slots.clear();
    }
    for (std::uint32_t number = 0; number < group.slots.size(); ++number) {
        switch (group.slots[number].outcome) {
        case row_outcome::insert:
            inserts_.slots.push_back(number);
            break;
        case row_outcome::update:
            updates_.slots.push_back(number);
            break;
        case row_outcome::patch:
            patches_.slots.push_back(number);
            break;
        case row_outcome::remove:
            removes_.slots.push_back(number);
            break;
        case row_outcome::nothing:
            break;
        }
    }
    auto const& plan = *group.plan;
    auto const sort = [&](ordered& list) {
        auto const less = [&](std::uint32_t left, std::uint32_t right) {
            return key_less(group.slots[left], group.slots[right], plan.key_is_number, binary_);
        };
        if (!std::ranges::is_sorted(list.slots, less)) {
            std::ranges::sort(list.slots, less);
        }
    };
    for (auto* list : {&removes_, &updates_, &inserts_, &patches_}) {
        sort(*list);
    }
    auto result =
        send_group(batch, group, removes_.slots, row_outcome::remove, key_columns(plan), send);
    if (result == encode_outcome::done) {
        result = send_patches(batch, group, send);
    }
    auto const complete = complete_columns(plan);
    if (result == encode_outcome::done) {
        result = send_group(batch, group, updates_.slots, row_outcome::update, complete, send);
    }
    if (result == encode_outcome::done) {
        result = send_group(batch, group, inserts_.slots, row_outcome::insert, complete, send);
    }
    return result;
}

encode_outcome row_encoder::send_patches(batch_builder const& batch, row_group const& group,
                                         sink const& send) {
    if (patches_.slots.empty()) {
        return encode_outcome::done;
    }
    std::map<std::string, std::vector<std::uint32_t>> by_columns; // another set, another statement
    for (auto const number : patches_.slots) {
        fold(batch.versions(), group.slots[number], *group.plan);
        auto columns = complete_columns(*group.plan);
        for (std::size_t at = 0; at < folded_.size(); ++at) {
            if (folded_[at].kind == pgoutput::column_kind::unchanged) {
                columns[at] = '0';
            }
        }
        by_columns[std::move(columns)].push_back(number);
    }
    for (auto const& [columns, slots] : by_columns) {
        auto const result = send_group(batch, group, slots, row_outcome::patch, columns, send);
        if (result != encode_outcome::done) {
            return result;
        }
    }
    return encode_outcome::done;
}

encode_outcome row_encoder::send_group(batch_builder const& batch, row_group const& group,
                                       std::span<std::uint32_t const> slots, row_outcome outcome,
                                       std::string_view columns, sink const& send) {
    if (slots.empty()) {
        return encode_outcome::done;
    }
    start_arrays(*group.plan, columns);
    bool const times = sql::takes_times(group.plan->conflicts);
    auto& versions = arrays_[used_arrays_ - (times ? 2 : 1)];
    auto earliest = group.slots[slots.front()].v;
    auto newest = earliest;
    for (auto const number : slots) {
        auto const& slot = group.slots[number];
        auto result = encode_outcome::done;
        if (outcome == row_outcome::remove) {
            result = append_key(slot, *group.plan);
        } else if (auto const& version = batch.versions()[slot.version];
                   version.older == row_version::none && outcome != row_outcome::patch) {
            result = append_row(version.row, columns);
        } else {
            fold(batch.versions(), slot, *group.plan);
            result = append_folded(columns);
        }
        if (result != encode_outcome::done) {
            return result;
        }
        earliest = std::min(earliest, slot.v);
        newest = std::max(newest, slot.v);
        if (!versions.append_fixed(slot.v.us) ||
            (times && !arrays_[used_arrays_ - 1].append_fixed(slot.commit_time.us))) {
            return encode_outcome::too_large;
        }
    }
    send({group.plan, outcome, columns, static_cast<std::uint32_t>(slots.size()), earliest, newest,
          std::span{arrays_}.first(used_arrays_)});
    for (auto& array : arrays_) {
        array.clear();
        array.trim(kept_array_bytes);
    }
    return encode_outcome::done;
}

void row_encoder::start_arrays(table_plan const& plan, std::string_view columns) {
    used_arrays_ = static_cast<std::size_t>(std::ranges::count(columns, '1')) +
                   (sql::takes_times(plan.conflicts) ? 2 : 1);
    if (arrays_.size() < used_arrays_) {
        arrays_.resize(used_arrays_);
    }
    std::size_t next = 0;
    for (std::size_t at = 0; at < columns.size(); ++at) {
        if (columns[at] == '1') {
            arrays_[next++].start(binary_ ? plan.columns[at].type : text_type);
        }
    }
    for (; next < used_arrays_; ++next) {
        arrays_[next].start(timestamptz_type);
    }
}

encode_outcome row_encoder::append_row(pgoutput::tuple_view row, std::string_view columns) {
    pgoutput::tuple_view::cursor values{row};
    std::size_t next = 0;
    for (auto const wanted : columns) {
        auto const column = values.next();
        if (wanted == '1') {
            if (auto const result = append_column(arrays_[next++], column);
                result != encode_outcome::done) {
                return result;
            }
        }
    }
    return encode_outcome::done;
}

encode_outcome row_encoder::append_folded(std::string_view columns) {
    std::size_t next = 0;
    for (std::size_t at = 0; at < columns.size(); ++at) {
        if (columns[at] == '1') {
            if (auto const result = append_column(arrays_[next++], folded_[at]);
                result != encode_outcome::done) {
                return result;
            }
        }
    }
    return encode_outcome::done;
}

encode_outcome row_encoder::append_key(row_slot const& slot, table_plan const& plan) {
    for (std::size_t at = 0; at < plan.key.size(); ++at) {
        if (!arrays_[at].append(key_part(slot.key, plan, at))) {
            return encode_outcome::too_large;
        }
    }
    return encode_outcome::done;
}

encode_outcome row_encoder::append_column(values::array_builder& array,
                                          pgoutput::column_view column) {
    switch (column.kind) {
    case pgoutput::column_kind::null:
        return array.append_null() ? encode_outcome::done : encode_outcome::too_large;
    case pgoutput::column_kind::text:
    case pgoutput::column_kind::binary:
        if ((column.kind == pgoutput::column_kind::binary) != binary_) {
            return encode_outcome::unexpected_format;
        }
        return array.append(column.bytes) ? encode_outcome::done : encode_outcome::too_large;
    case pgoutput::column_kind::unchanged:
        break;
    }
    assertion_failed("an unchanged column has no value to send", __FILE__, __LINE__);
}

void row_encoder::fold(std::vector<row_version> const& versions, row_slot const& slot,
                       table_plan const& plan) {
    auto const* version = &versions[slot.version];
    folded_.resize(version->row.column_count());
    pgoutput::tuple_view::cursor first{version->row};
    for (auto& column : folded_) {
        column = first.next();
    }
    while (version->older != row_version::none) {
        version = &versions[version->older];
        TANDEM_ASSERT(version->row.column_count() == folded_.size());
        pgoutput::tuple_view::cursor older{version->row};
        for (auto& column : folded_) {
            auto const before = older.next();
            if (column.kind == pgoutput::column_kind::unchanged) {
                column = before;
            }
        }
    }
    for (std::size_t nth = 0; nth < plan.key.size(); ++nth) { // a TOASTed key is left out as well
        auto& column = folded_[plan.key[nth]];
        if (column.kind == pgoutput::column_kind::unchanged) {
            column = {binary_ ? pgoutput::column_kind::binary : pgoutput::column_kind::text,
                      key_part(slot.key, plan, nth)};
        }
    }
}

} // namespace tandem::engine
