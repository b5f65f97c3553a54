#pragma once
// The text of the statements of R9: a node's own deletes are kept in its tandem.tombstone, and rows that a peer brought
// although a newer delete of their key had gone before are taken out again.
//
// A key is kept as the text of its columns, in which equal keys are equal. A TRUNCATE is a tombstone without a key.

#include "codecs/sql/apply_statements.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace tandem::sql {

// The text of a key's value, in which equal keys are equal: some types have several for equal values. `type_name` without
// modifiers.
[[nodiscard]] std::string key_text(std::string const& value, std::string const& type_name);

// `table` has the columns of the match key only. One array per column, the times of the deletes (timestamptz[]), and
// where the last of them is committed.
[[nodiscard]] std::string store_tombstones(apply_table const& table, bool binary);
// The time, the position.
[[nodiscard]] std::string store_truncation(truncated_table const& table);

// The newest of each table: schema, name, unix µs.
[[nodiscard]] std::string newest_tombstones();
// Those that are committed before a position, but of tables with parked changes: those may yet be retried.
[[nodiscard]] std::string drop_tombstones();

// A commit time of this node's own that is not newer than one before it (R13): the transaction's id, or 0, the time, where it ends.
[[nodiscard]] std::string store_inversion();
// All: id, unix µs, position; by position.
[[nodiscard]] std::string inversions();

// Takes the rows out that a newer tombstone beats, and writes them to tandem.conflict: those versions that this session's
// origin wrote in the transactions from one to before another (txid_current() of both, the last two parameters). Before
// them one array per column of the key and the rows' v; a key may come several times, its greatest v counts. With
// takes_unseen() the first of its arrays comes last.
[[nodiscard]] std::string remove_buried(apply_table const& table, apply_rules const& rules);

// Gives parked changes up, the last of which is one of these ids and would write a row of its key that a newer tombstone
// beats; that one goes to tandem.conflict. Answers how many.
[[nodiscard]] std::string give_up_buried(apply_table const& table, apply_rules const& rules,
                                         std::span<std::int64_t const> ids, std::int64_t last);

} // namespace tandem::sql
