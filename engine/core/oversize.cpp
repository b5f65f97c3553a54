#include "engine/core/oversize.hpp"

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
    return fmt::format(
        "table {}, {}: its record takes {} bytes and the topic {} (max.message.bytes), so its values "
        "did not travel and there is nothing to retry; raise the limit, start tandem again, drop "
        "what is parked, then write the row again at node {} (tandem verify lists what differs)",
        table_name(plan), row, what.oversized->bytes, what.oversized->limit, source_node);
}

} // namespace tandem::engine
