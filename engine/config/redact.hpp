#pragma once
// Connection strings as they may be shown. Pure.

#include <string>
#include <string_view>

namespace tandem::engine {

// `conninfo` (URI or keyword form) with every password in it replaced by ***. Where the text is
// malformed it hides too much rather than too little.
[[nodiscard]] std::string redact(std::string_view conninfo);

} // namespace tandem::engine
