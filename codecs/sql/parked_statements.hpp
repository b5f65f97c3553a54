#pragma once
// Statements on tandem.parked: the applier's and those of `tandem parked`. Each is one statement.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tandem::sql {

// What a retried change failed with.
struct parked_failure {
    std::int64_t id = 0;
    std::string sqlstate;
    std::string error;
    std::string detail; // empty: none
    bool whole_table = false;
};

// A stream's rows in source order, without the changes' values: $1 is the stream. Columns: id, schema_name, table_name,
// key, the key afterwards (of an update, else null), escaped, whole_table, asked.
[[nodiscard]] std::string parked_rows();
// The same rows of all streams with what a list of them shows behind: stream, position, idx, op, sqlstate, error,
// at, tried_at; with `values` also row, old_key and detail.
[[nodiscard]] std::string parked_list(bool values);
// The values of some rows in source order: id, position, idx, xid, commit time in microseconds, op, escaped, shape,
// key, row, old_key, sqlstate, error.
[[nodiscard]] std::string parked_values(std::span<std::int64_t const> ids);
inline constexpr int parked_counted_most = 10'000;
// Whether anything of a stream is asked for, and how many of its changes wait, of so many: $1 is the stream.
[[nodiscard]] std::string parked_asked();

[[nodiscard]] std::string ask_parked(std::span<std::int64_t const> ids, std::string_view request);
// They leave because they have been applied in the same transaction. Fails unless all of them are there.
[[nodiscard]] std::string remove_applied(std::span<std::int64_t const> ids);
// They leave unapplied, each to tandem.conflict.
[[nodiscard]] std::string drop_parked(std::span<std::int64_t const> ids, std::string_view node);
// A retry failed: its rows stay, asked to be retried no longer, the one at fault with its new error and the others
// waiting for it.
[[nodiscard]] std::string keep_parked(std::span<std::int64_t const> ids, parked_failure const& why);
// A mark behind which a table's changes wait, in every given stream that comes to this node: $1 schema, $2 table, $3 the
// streams. Columns of the answer: stream, id.
[[nodiscard]] std::string pause_table();
// Those marks are taken to heart.
[[nodiscard]] std::string paused_tables(std::string_view stream);
[[nodiscard]] std::string make_whole(std::span<std::int64_t const> ids);

} // namespace tandem::sql
