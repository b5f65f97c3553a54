#pragma once
// `skip`: pass over one source transaction.

#include "codecs/base/lsn.hpp"
#include "engine/admin/session.hpp"
#include "engine/config/options.hpp"

#include <string>

namespace tandem::engine {

// Notes on the target that the transaction of `source` whose commit ends at `position` is to be
// passed over; a running applier sees it at its next start of the stream. Throws command_failed.
[[nodiscard]] awaitable<void> skip_transaction(io::asio::any_io_executor executor, options set,
                                               direction_names direction, lsn position);

// "a:b" and "16/B374D848" as the user wrote them. Throw config_error.
[[nodiscard]] direction_names parse_direction(options const& set, std::string const& text);
[[nodiscard]] lsn parse_position(std::string const& text);

} // namespace tandem::engine
