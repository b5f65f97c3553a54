#pragma once
// Turns the coalesced rows of a group into array parameters, one array per column (R8).

#include "codecs/values/array_builder.hpp"
#include "engine/core/batch_builder.hpp"
#include "engine/core/table_plan.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace tandem::engine {

enum class encode_outcome : std::uint8_t {
    done,
    unexpected_format, // a text value in a binary stream: start again in text
    too_large,         // an array the server would refuse
};

// One statement's worth of rows. Views are valid during the sink's call.
struct encoded_rows {
    table_plan const* plan = nullptr;
    row_outcome outcome = row_outcome::insert;
    // '1' for each source column that has an array here, in source order; the text names the
    // statement, since another set of columns is another statement.
    std::string_view columns;
    std::uint32_t rows = 0;
    pg_time earliest; // bounds of the rows' v
    pg_time newest;
    // One per '1' of `columns`, then the rows' v (timestamptz[]), then, where they are asked for, the commit times.
    std::span<values::array_builder> arrays;

    [[nodiscard]] std::size_t columns_given() const noexcept {
        return static_cast<std::size_t>(std::ranges::count(columns, '1'));
    }
};

// Owns its arrays and reuses them. `binary` is how the stream sends values: arrays then carry the
// columns' own types, otherwise text[]. `times`: the rows' commit times as well. Single-threaded.
class row_encoder {
public:
    explicit row_encoder(bool binary) noexcept : binary_{binary} {}

    using sink = std::function<void(encoded_rows const&)>; // one call per statement, not per row

    // Removes first (they free unique values), then patches, updates and inserts; keys ascending.
    [[nodiscard]] encode_outcome encode(batch_builder const& batch, row_group const& group,
                                        sink const& send);

    [[nodiscard]] bool binary() const noexcept { return binary_; }

private:
    struct ordered {
        std::vector<std::uint32_t> slots;
        void sort(row_group const& group);
    };
    encode_outcome send_group(batch_builder const& batch, row_group const& group,
                              std::span<std::uint32_t const> slots, row_outcome outcome,
                              std::string_view columns, sink const& send);
    encode_outcome send_patches(batch_builder const& batch, row_group const& group,
                                sink const& send);
    void start_arrays(table_plan const& plan, std::string_view columns);
    encode_outcome append_row(pgoutput::tuple_view row, std::string_view columns);
    encode_outcome append_folded(std::string_view columns);
    encode_outcome append_key(row_slot const& slot, table_plan const& plan);
    encode_outcome append_column(values::array_builder& array, pgoutput::column_view column);
    // The row's columns in folded_, each from the newest version that has it.
    void fold(std::vector<row_version> const& versions, row_slot const& slot,
              table_plan const& plan);

    bool binary_;
    std::vector<values::array_builder> arrays_;
    std::size_t used_arrays_ = 0;
    ordered removes_, updates_, inserts_, patches_;
    std::vector<pgoutput::column_view> folded_;
    std::string columns_;
};

// '1' for every column that the target takes from a complete row / from a key.
[[nodiscard]] std::string complete_columns(table_plan const& plan);
[[nodiscard]] std::string key_columns(table_plan const& plan);

} // namespace tandem::engine
