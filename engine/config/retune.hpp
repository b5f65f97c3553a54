#pragma once
// Settings that a running instance takes without a restart. Pure.

#include "engine/config/options.hpp"

#include <string>
#include <string_view>

namespace tandem::engine {

[[nodiscard]] bool is_tunable(std::string_view setting) noexcept;

// The options with that setting changed, until the next start. Throws config_error: no such setting, one that is read at the
// start only, a value that is none or does not go with the others.
[[nodiscard]] options retuned(options set, std::string const& name, std::string const& text);

} // namespace tandem::engine
