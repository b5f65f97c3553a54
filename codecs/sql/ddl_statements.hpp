#pragma once
// What a node writes down of DDL that came from another: tandem.ddl, and tandem.parked where it waits.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::sql {

// Before DDL is carried out: functions may speak of what comes later, and the log is to have what this changes.
inline constexpr char const* carried_before =
    "SELECT set_config('check_function_bodies', 'off', true), set_config('tandem.carried', '', true)";

struct ddl_note {
    std::string node;         // whose it is
    std::string position;     // of its transaction there
    std::string committed_at; // the same
    std::string tag;
    std::string told;                      // the message
    std::string ended = {};                // see tandem.ddl
    std::vector<std::string> statements{}; // that were carried out
    std::string error = {};                // empty: none
};
[[nodiscard]] std::string note_ddl(ddl_note const& note);
// Before a change is carried out: whether USING gave its rows values there, that is, whether rows which that node did not know
// can have got other ones here.
[[nodiscard]] std::string say_by_using(bool by_using);
// Soon, on a session without origin: tandem.send_again().
[[nodiscard]] std::string send_again(std::string_view schema, std::string_view table,
                                     std::string_view which); // see tandem.rewriter

struct parked_ddl {
    std::string schema;
    std::string name;
    std::uint32_t index = 0; // in its transaction
    std::uint32_t transaction = 0;
    std::string sqlstate;
    std::string detail; // empty: none
};
// Notes it, and puts it into tandem.parked with everything of its table behind it.
[[nodiscard]] std::string park_ddl(ddl_note const& note, parked_ddl const& where);

// What is in the log as waiting was carried out: from now on it is in the log behind what came meanwhile.
[[nodiscard]] std::string resumed_ddl(std::string_view node, std::string_view position,
                                      std::string_view told,
                                      std::vector<std::string> const& statements);

// Told to the stream out of this node, on a session without origin: what of the peer's DDL is carried out here behind it.
[[nodiscard]] std::string tell_seen(std::vector<std::int64_t> const& ids);
// What of this node's own DDL a peer had carried out behind that position of its; answers how much of it was said before.
[[nodiscard]] std::string note_seen(std::vector<std::int64_t> const& ids,
                                    std::string_view position);

// Before a statement that begins a stream anew: it is of tables as they are called here, whatever its writers had not seen before.
inline constexpr char const* all_is_seen =
    "WITH seen AS (UPDATE tandem.ddl SET seen_at = '0/0' WHERE node IS NULL AND seen_at IS NULL) ";
// Where it began that the peer had seen what, in the order of its positions.
inline constexpr char const* seen_places =
    "SELECT seen_at FROM tandem.ddl WHERE node IS NULL AND seen_at > '0/0' ORDER BY 1";
// The ids of DDL, by its node's log, among what is parked.
[[nodiscard]] std::string parked_ddl_ids(std::vector<std::int64_t> const& parked);

// The messages of indexes made CONCURRENTLY that wait in tandem.parked and are asked for.
[[nodiscard]] std::string parked_concurrently(std::string_view node);

// Columns that a table of a node has, as its changes describe them.
struct described_column {
    std::string name;
    std::uint32_t type = 0; // as the node numbers it: below 16384 every server does so
    std::int32_t modifier = -1;
};
// A query: what adds those that this table lacks; a row without statement: its type has another number on each server.
[[nodiscard]] std::string lacking_columns(std::string_view schema, std::string_view table,
                                          std::vector<described_column> const& columns);

} // namespace tandem::sql
