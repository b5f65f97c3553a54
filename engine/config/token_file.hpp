#pragma once
// The token that whoever asks an instance by HTTP has to give (--token-file).

#include <string>

namespace tandem::engine {

// The file's first line. Throws config_error: there is none, and why.
[[nodiscard]] std::string read_token(std::string const& path);

} // namespace tandem::engine
