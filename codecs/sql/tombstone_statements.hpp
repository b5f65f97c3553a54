#pragma once
// The text of the statements of R9: a node's own deletes are kept in its tandem.tombstone, and rows that a peer brought
// although a newer delete of their key had gone before are taken out again.
//
// A key is kept as the text of its columns, in which equal keys are equal. A TRUNCATE is a tombstone without a key.

#include "codecs/sql/apply_statements.hpp"

#include <string>

namespace tandem::sql {

// `table` has the columns of the match key only. One array per column, the times of the deletes (timestamptz[]), and
// where the last of them is committed.
[[nodiscard]] std::string store_tombstones(apply_table const& table, bool binary);
// The time, the position.
[[nodiscard]] std::string store_truncation(truncated_table const& table);

// The newest of each table: schema, name, unix µs.
[[nodiscard]] std::string newest_tombstones();
// Those that are committed before a position.
[[nodiscard]] std::string drop_tombstones();

// Takes the rows out that a newer tombstone beats, and writes them to tandem.conflict: those versions that this session's
// origin wrote in the transactions from one to before another (txid_current() of both, the last two parameters). Before
// them one array per column of the key and the rows' commit times; a key may come several times, its greatest time counts.
[[nodiscard]] std::string remove_buried(apply_table const& table, apply_rules const& rules);

} // namespace tandem::sql
