#include "engine/core/copy_encoder.hpp"

#include "codecs/base/big_endian.hpp"
#include "engine/core/row_encoder.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace tandem::engine {
namespace {

using namespace std::string_view_literals;

constexpr auto signature = "PGCOPY\n\377\r\n\0"
                           "\0\0\0\0"    // flags
                           "\0\0\0\0"sv; // length of the extension
constexpr auto trailer = "\377\377"sv;
constexpr auto null_length = "\377\377\377\377"sv;

// Writes the row at `at`, where there is room for all of it; the new end, or nullptr when a value did
// not come in binary form.
char* put_row(pgoutput::tuple_view row, std::string_view columns, std::uint16_t count, char* at) {
    store_big_endian(at, count);
    at += sizeof count;
    pgoutput::tuple_view::cursor values{row};
    for (auto const wanted : columns) {
        auto const column = values.next();
        if (wanted != '1') {
            continue;
        }
        if (column.kind == pgoutput::column_kind::null) {
            at = std::ranges::copy(null_length, at).out;
        } else if (column.kind == pgoutput::column_kind::binary) {
            store_big_endian(at, static_cast<std::uint32_t>(column.bytes.size()));
            at = std::ranges::copy(column.bytes, at + sizeof(std::uint32_t)).out;
        } else {
            return nullptr;
        }
    }
    return at;
}

// Of its COPY form: a tuple has a tag, and where there is a value its length, before each column.
std::size_t size_most(pgoutput::tuple_view row) {
    return sizeof(std::uint16_t) + row.raw().size() + std::size_t{4} * row.column_count();
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
    auto size = signature.size() + trailer.size();
    for (auto const& slot : group.slots) {
        size += size_most(batch.versions()[slot.version].row);
    }
    to.resize(size);
    char* at = std::ranges::copy(signature, to.data()).out;
    for (auto const& slot : group.slots) {
        at = put_row(batch.versions()[slot.version].row, columns, count, at);
        if (at == nullptr) {
            return false;
        }
    }
    at = std::ranges::copy(trailer, at).out;
    to.resize(static_cast<std::size_t>(at - to.data()));
    return true;
}

} // namespace tandem::engine
