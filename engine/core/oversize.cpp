#include "engine/core/oversize.hpp"

#include "codecs/base/big_endian.hpp"
#include "engine/core/parked_keys.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::engine {
namespace {

// A B-tree takes a third of a page, compressed: keys of people are far below. With identity full, everything is key.
constexpr std::size_t column_most = 4'096;
constexpr std::size_t identity_most = 32'768;
constexpr std::size_t shown_most = 200;

std::string shown(parked_keys::key_values const& key) {
    std::string text;
    for (auto const& [name, value] : key) {
        text += fmt::format("{}{}={}", text.empty() ? "" : ", ", name, value.value_or("null"));
    }
    if (text.size() > shown_most) {
        std::size_t end = shown_most;
        while ((static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) { // inside a character
            --end;
        }
        text.resize(end);
        text += "...";
    }
    return text;
}

} // namespace

event::oversize_note::identity identity_of(pgoutput::tuple_view row,
                                           pgoutput::relation_shape const& shape,
                                           pgoutput::tuple_view before) {
    event::oversize_note::identity made;
    pgoutput::tuple_view::cursor columns{row};
    pgoutput::tuple_view::cursor older{before};
    std::size_t size = 0;
    for (std::size_t at = 0; at < row.column_count(); ++at) {
        auto column = columns.next();
        auto const was = before.empty() ? column : older.next();
        column = column.kind == pgoutput::column_kind::unchanged ? was : column;
        bool const unknown = column.kind == pgoutput::column_kind::unchanged ||
                             column.bytes.size() > column_most ||
                             size + column.bytes.size() > identity_most;
        if (!shape.columns[at].key || unknown) {
            continue;
        }
        size += column.bytes.size();
        made.emplace_back(shape.columns[at].name, column.kind == pgoutput::column_kind::null
                                                      ? std::optional<std::string>{}
                                                      : std::optional{std::string{column.bytes}});
    }
    return made;
}

std::optional<pgoutput::tuple_view> known_row(event::oversize_note::identity const& columns,
                                              pgoutput::relation_shape const& shape,
                                              std::vector<bool>& known, arena& into) {
    std::string bytes;
    std::size_t found = 0;
    for (std::size_t at = 0; at < shape.columns.size(); ++at) {
        auto const column = std::ranges::find(columns, shape.columns[at].name,
                                              &event::oversize_note::identity::value_type::first);
        if (column == columns.end()) {
            known[at] = false;
            bytes += static_cast<char>(pgoutput::column_kind::unchanged);
            continue;
        }
        ++found;
        if (!column->second) {
            bytes += static_cast<char>(pgoutput::column_kind::null);
            continue;
        }
        char size[4];
        store_big_endian(size, static_cast<std::uint32_t>(column->second->size()));
        bytes += static_cast<char>(pgoutput::column_kind::text);
        bytes.append(size, sizeof size).append(*column->second);
    }
    if (found != columns.size()) {
        return std::nullopt;
    }
    return pgoutput::tuple_view{static_cast<std::uint16_t>(shape.columns.size()), into.keep(bytes)};
}

bool key_is_known(change const& what, table_plan const& plan) noexcept {
    return plan.usable && std::ranges::all_of(plan.key, [&](std::uint16_t at) {
               return what.oversized->known[at];
           });
}

std::string oversize_text(change const& what, table_plan const& plan,
                          std::string_view source_node) {
    bool const known = key_is_known(what, plan);
    auto const row =
        known ? fmt::format("the row {}", shown(key_values_of(identifying_row(what), plan)))
              : std::string{"a row whose key is not known (so the whole table waits)"};
    if (!what.oversized->why.empty()) {
        return fmt::format(
            "table {}, {}: {}; its values did not travel and there is nothing to retry: "
            "mend the transformation, start tandem again, drop what is parked, then write "
            "the row again at node {} (tandem verify lists what differs)",
            table_name(plan), row, what.oversized->why, source_node);
    }
    return fmt::format(
        "table {}, {}: its record takes {} bytes and the topic {} (max.message.bytes), so its values "
        "did not travel and there is nothing to retry; raise the limit, start tandem again, drop "
        "what is parked, then write the row again at node {} (tandem verify lists what differs)",
        table_name(plan), row, what.oversized->bytes, what.oversized->limit, source_node);
}

} // namespace tandem::engine
