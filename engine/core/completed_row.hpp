#pragma once
// A row that an update sent without some of its columns, with these as they stand in the source. Pure.

#include "codecs/base/arena.hpp"
#include "codecs/pgoutput/tuple.hpp"

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace tandem::engine {

// `left_out`: the values of the columns that are unchanged in `row`, in their order; none: null. `form`: of these values.
// The result lies in `into`.
[[nodiscard]] pgoutput::tuple_view completed_row(
    pgoutput::tuple_view row, std::span<std::optional<std::string_view> const> left_out,
    pgoutput::column_kind form, arena& into);

// The row without those columns that `kept` has not: they are unchanged. `kept`: by column. The result lies in `into`.
[[nodiscard]] pgoutput::tuple_view row_of_columns(pgoutput::tuple_view row,
                                                  std::vector<bool> const& kept, arena& into);

} // namespace tandem::engine
