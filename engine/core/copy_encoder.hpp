#pragma once
// A batch of nothing but new rows of one table as the data of COPY. Pure.
// Formats: https://www.postgresql.org/docs/15/sql-copy.html#id-1.9.3.55.9

#include "engine/core/batch_builder.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace tandem::engine {

// The table, or none when the batch holds anything else.
[[nodiscard]] table_plan const* copyable(batch_builder const& batch) noexcept;

enum class copy_format : std::uint8_t { text, binary };

// Replaces `to`. Values that came as text become binary where all columns have types that allow it (send_form_of), which
// costs the server less, and stay text otherwise. None when a value did not come as `binary` says. Only for a copyable()
// batch.
[[nodiscard]] std::optional<copy_format> encode_copy(batch_builder const& batch, bool binary,
                                                     std::string& to);

} // namespace tandem::engine
