#pragma once
// A change that does not travel: its record is larger than its topic takes, or its transformations refuse it. What a note
// tells in its place, and what becomes of it. Pure.

#include "codecs/event/stream_notes.hpp"
#include "engine/core/change.hpp"
#include "engine/core/table_plan.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::engine {

// Of the row's key what is not too long; `before` has what the row left out as unchanged.
[[nodiscard]] event::oversize_note::identity identity_of(pgoutput::tuple_view row,
                                                         pgoutput::relation_shape const& shape,
                                                         pgoutput::tuple_view before = {});

// The row of which these columns are known and the others are not, in `into`; those are set false in `known`. None: a
// name is none of the table's.
[[nodiscard]] std::optional<pgoutput::tuple_view> known_row(
    event::oversize_note::identity const& columns, pgoutput::relation_shape const& shape,
    std::vector<bool>& known, arena& into);

// Whether the row's later changes can be told from others': if not, the whole table waits behind it.
[[nodiscard]] bool key_is_known(change const& what, table_plan const& plan) noexcept;

// For tandem.parked: table, key, sizes, and what to do.
[[nodiscard]] std::string oversize_text(change const& what, table_plan const& plan,
                                        std::string_view source_node);

} // namespace tandem::engine
