#pragma once
// Whether large transactions can be kept in files while they are open.

#include "engine/admin/check.hpp"
#include "engine/config/options.hpp"

#include <boost/system/error_code.hpp>

#include <optional>
#include <string>

namespace tandem::engine {

// What a user can do where such a file cannot be made or written.
[[nodiscard]] std::string spool_cure(boost::system::error_code const& why);

// Makes one in --spool-dir, and gives it back. None with --streaming off. A folder that was named must do, a
// default one that does not is a warning: large transactions then come when they have committed.
[[nodiscard]] std::optional<finding> check_spool(options const& set);

} // namespace tandem::engine
