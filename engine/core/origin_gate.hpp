#pragma once
// Stops the loop (R16): transactions that a tandem applier wrote are not sent back.

#include <string_view>

namespace tandem::engine {

// --origin-column: each of our transactions writes a row of this table first, and the publication holds it.
[[nodiscard]] constexpr bool is_mark(std::string_view schema, std::string_view table) noexcept {
    return schema == "tandem" && table == "progress";
}

// Every origin of ours starts with this, also one that was dropped since (its name stays in WAL).
inline constexpr std::string_view origin_prefix = "tandem_";

// True for a transaction that came here by tandem. Others, of native subscriptions for example, are
// changes of this node and travel on.
[[nodiscard]] constexpr bool is_echo(std::string_view origin_name) noexcept {
    return origin_name.starts_with(origin_prefix);
}

} // namespace tandem::engine
