#pragma once
// `doctor`: every requirement, held against what is there, without changing anything.

#include "engine/admin/check.hpp"
#include "engine/admin/session.hpp"
#include "engine/config/options.hpp"

#include <string>
#include <vector>

namespace tandem::engine {

// Throws command_failed where a node cannot be reached and config_error where the options do not fit
// the nodes.
[[nodiscard]] awaitable<std::vector<finding>> examine(io::asio::any_io_executor executor,
                                                      options set);

// Offset of `target`'s clock against `source`'s: the best of a few round trips on each.
[[nodiscard]] awaitable<clock_offset> measure_clocks(session& source, session& target);

[[nodiscard]] bool any_error(std::vector<finding> const& findings) noexcept;

// A table for people, the cure of what is not well in a line below it.
[[nodiscard]] std::string doctor_text(std::vector<finding> const& findings);
// {"ok":false,"findings":[{"node":"a","condition":…,"required":…,"current":…,"severity":…,"cure":…}]}
[[nodiscard]] std::string doctor_json(std::vector<finding> const& findings);

} // namespace tandem::engine
