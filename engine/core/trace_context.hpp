#pragma once
// W3C Trace Context (Recommendation, 2021) of a transaction, as the application that made it has said. Pure.
//
//     BEGIN;
//     SELECT pg_logical_emit_message(true, 'traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
//     SELECT pg_logical_emit_message(true, 'tracestate', 'vendor=value');  -- if there is one
//     ... its changes
//
// Records of its changes have both as headers of these names.

#include <string>
#include <string_view>

namespace tandem::engine {

inline constexpr std::string_view trace_parent = "traceparent";
inline constexpr std::string_view trace_state = "tracestate";

struct trace_context {
    std::string parent;
    std::string state; // may be empty

    // Takes a message of the transaction; false: it is none of the two, or no valid value.
    [[nodiscard]] bool take(std::string_view prefix, std::string_view content);
};

// §3.2: version-trace-parent-flags in lower-case hexadecimal, neither id all zeros; of later versions more may follow.
[[nodiscard]] bool is_trace_parent(std::string_view text) noexcept;
// What can be a header: 1 to 512 printable characters of ASCII (§3.3).
[[nodiscard]] bool is_trace_state(std::string_view text) noexcept;

} // namespace tandem::engine
