#include "engine/core/copy_encoder.hpp"

#include "engine/core/row_encoder.hpp"

#include <algorithm>
#include <string_view>

namespace tandem::engine {
namespace {

using namespace std::string_view_literals;

constexpr auto signature = "PGCOPY\n\377\r\n\0"
                           "\0\0\0\0" // flags
                           "\0\0\0\0"sv; // length of the extension
constexpr auto trailer = "\377\377"sv;
constexpr auto null_length = "\377\377\377\377"sv;

template <class Integer>
void append_big_endian(std::string& to, Integer value) {
    for (int shift = (static_cast<int>(sizeof value) - 1) * 8; shift >= 0; shift -= 8) {
        to.push_back(static_cast<char>((value >> shift) & 0xff));
    }
}

bool append_row(pgoutput::tuple_view row, std::string_view columns, std::uint16_t count,
                std::string& to) {
    append_big_endian(to, count);
    pgoutput::tuple_view::cursor values{row};
    for (auto const wanted : columns) {
        auto const column = values.next();
        if (wanted != '1') {
            continue;
        }
        if (column.kind == pgoutput::column_kind::null) {
            to += null_length;
        } else if (column.kind == pgoutput::column_kind::binary) {
            append_big_endian(to, static_cast<std::uint32_t>(column.bytes.size()));
            to += column.bytes;
        } else {
            return false;
        }
    }
    return true;
}

} // namespace

table_plan const* copyable(batch_builder const& batch) noexcept {
    auto const& steps = batch.steps();
    if (steps.size() != 1 || steps.front().kind != step_kind::rows) {
        return nullptr;
    }
    auto const& group = batch.group(steps.front().group);
    bool const fresh = std::ranges::all_of(group.slots, [&](row_slot const& slot) {
        return slot.outcome == row_outcome::insert &&
               batch.versions()[slot.version].older == row_version::none;
    });
    return fresh ? group.plan : nullptr;
}

bool encode_copy(batch_builder const& batch, std::string& to) {
    auto const& group = batch.group(batch.steps().front().group);
    auto const columns = complete_columns(*group.plan);
    auto const count = static_cast<std::uint16_t>(std::ranges::count(columns, '1'));
    to.assign(signature);
    for (auto const& slot : group.slots) {
        if (!append_row(batch.versions()[slot.version].row, columns, count, to)) {
            return false;
        }
    }
    to += trailer;
    return true;
}

} // namespace tandem::engine
