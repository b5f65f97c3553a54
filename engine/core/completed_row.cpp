#include "engine/core/completed_row.hpp"

#include "codecs/base/assert.hpp"
#include "codecs/base/big_endian.hpp"

#include <cstdint>
#include <cstring>

namespace tandem::engine {
namespace {

char* put(char* out, pgoutput::column_kind kind, std::string_view bytes) noexcept {
    *out++ = static_cast<char>(kind);
    if (kind != pgoutput::column_kind::text && kind != pgoutput::column_kind::binary) {
        return out;
    }
    store_big_endian(out, static_cast<std::uint32_t>(bytes.size()));
    out += 4;
    std::memcpy(out, bytes.data(), bytes.size());
    return out + bytes.size();
}

} // namespace

pgoutput::tuple_view completed_row(pgoutput::tuple_view row,
                                   std::span<std::optional<std::string_view> const> left_out,
                                   pgoutput::column_kind form, arena& into) {
    auto size = row.raw().size();
    for (auto const& value : left_out) {
        size += 5 + (value ? value->size() : 0);
    }
    char* const start = into.reserve(size);
    char* out = start;
    pgoutput::tuple_view::cursor columns{row};
    std::size_t next = 0;
    for (auto left = row.column_count(); left > 0; --left) {
        auto const column = columns.next();
        if (column.kind != pgoutput::column_kind::unchanged) {
            out = put(out, column.kind, column.bytes);
            continue;
        }
        TANDEM_ASSERT(next < left_out.size());
        auto const& value = left_out[next++];
        out = value ? put(out, form, *value) : put(out, pgoutput::column_kind::null, {});
    }
    return {row.column_count(), into.commit(static_cast<std::size_t>(out - start))};
}

pgoutput::tuple_view row_of_columns(pgoutput::tuple_view row, std::vector<bool> const& kept,
                                    arena& into) {
    char* const start = into.reserve(row.raw().size());
    char* out = start;
    pgoutput::tuple_view::cursor columns{row};
    for (std::size_t at = 0; at < row.column_count(); ++at) {
        auto const column = columns.next();
        out = kept[at] ? put(out, column.kind, column.bytes)
                       : put(out, pgoutput::column_kind::unchanged, {});
    }
    return {row.column_count(), into.commit(static_cast<std::size_t>(out - start))};
}

} // namespace tandem::engine
