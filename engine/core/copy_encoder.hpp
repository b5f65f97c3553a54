#pragma once
// A batch of nothing but new rows of one table as the data of COPY, binary or text as the stream sends values. Pure.
// Formats: https://www.postgresql.org/docs/15/sql-copy.html#id-1.9.3.55.9

#include "engine/core/batch_builder.hpp"

#include <string>

namespace tandem::engine {

// The table, or none when the batch holds anything else.
[[nodiscard]] table_plan const* copyable(batch_builder const& batch) noexcept;

// Replaces `to`. False when a value did not come in that form. Only for a copyable() batch.
[[nodiscard]] bool encode_copy(batch_builder const& batch, bool binary, std::string& to);

} // namespace tandem::engine
