#pragma once
// Stops the loop (R16): transactions that a tandem applier wrote are not sent back.

#include "engine/core/names.hpp"

#include <string_view>

namespace tandem::engine {

// --origin-column: each of our transactions writes a row of this table first, and the publication holds it.
[[nodiscard]] constexpr bool is_mark(std::string_view schema, std::string_view table) noexcept {
    return schema == "tandem" && table == "progress";
}

// Before PostgreSQL 14 DDL is told by rows of this table (R17).
[[nodiscard]] constexpr bool is_ddl_queue(std::string_view schema,
                                          std::string_view table) noexcept {
    return schema == "tandem" && table == "ddl_queue";
}

// Every origin of ours starts with this, also one that was dropped since (its name stays in WAL).
inline constexpr std::string_view origin_prefix = "tandem_";

[[nodiscard]] constexpr bool is_ours(std::string_view origin_name) noexcept {
    return origin_name.starts_with(origin_prefix);
}

// True for a transaction that came here by tandem. Others, of native subscriptions for example, are
// changes of this node and travel on; so do rows that a repair sends again.
[[nodiscard]] constexpr bool is_echo(std::string_view origin_name) noexcept {
    return is_ours(origin_name) && !origin_name.starts_with(resent_origin);
}

} // namespace tandem::engine
