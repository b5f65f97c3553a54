#pragma once
// The schema `tandem` that every node carries: progress, conflicts, parked rows, and the function
// that heads every apply transaction (R3). Pure text; engine/admin runs it.

#include <string>
#include <string_view>
#include <vector>

namespace tandem::sql {

// What this build writes to tandem.meta. A node with a greater number is refused.
inline constexpr int schema_version = 16;

// SQLSTATEs raised by tandem.begin_apply(), and others by which we decide.
namespace sqlstate {
inline constexpr char const* out_of_order =
    "TD001";                                      // lease lost, or a batch before this one failed
inline constexpr char const* no_origin = "TD002"; // the session's replication origin is not set up
inline constexpr char const* clock_behind =
    "TD003";                                   // the target's clock has not passed the commit time
inline constexpr char const* queued = "TD011"; // of a parked change that waits behind another one
inline constexpr char const* oversize =
    "TD012"; // in tandem.parked: its values did not travel, nothing can be retried
inline constexpr char const* not_restored = "TD013"; // tandem.parked does not hold what is needed
inline constexpr char const* incomplete =
    "TD014"; // an update left columns out, and the target's row is not the one that it changed
inline constexpr char const* conflict =
    "TD015"; // --conflict error: the row here was written meanwhile
inline constexpr char const* ddl_refused =
    "TD016"; // in tandem.parked: DDL of the source contradicts what is here
inline constexpr char const* paused = "TD017";           // in tandem.parked: tandem table pause
inline constexpr char const* unique_violation = "23505"; // the server's own
inline constexpr char const* no_table = "42P01";
inline constexpr char const* no_function = "42883";

// Of a statement that was prepared before DDL of this node's own: see apply_table::form.
[[nodiscard]] inline bool of_older_form(std::string_view state, std::string_view said) noexcept {
    return state == "42704" && said.find("tandem.form_") != std::string_view::npos;
}

// The table is missing, lacks a column or may not be written: no other row of it will do better.
[[nodiscard]] inline bool table_at_fault(std::string_view state) noexcept {
    return state.starts_with("42") || state.starts_with("3F");
}
// It has not what it had when it was looked at: a column, a type, a key, itself.
[[nodiscard]] inline bool of_altered_table(std::string_view state) noexcept {
    return state == "42703" || state == "42P01" || state == "42804" || state == "42P10";
}
} // namespace sqlstate

// Statements that create schema tandem from nothing, to be run in one transaction.
[[nodiscard]] std::vector<std::string> install_statements(int server_version);

// Statements that take a node from `installed` to `schema_version`; empty when nothing is to do.
[[nodiscard]] std::vector<std::string> migration_statements(int installed, int server_version);

} // namespace tandem::sql
