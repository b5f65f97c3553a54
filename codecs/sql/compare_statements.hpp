#pragma once
// The text of the statements that compare two copies of a table (verify, first sync).
//
// Rows are put in order by a hash of their key: an order that is the same on two servers whatever their collations are,
// and that every table with a key has. A chunk is a range of that order: the rows whose hashes have the same last bits.
// Texts are those of a session with engine's value_settings().

#include <cstdint>
#include <string>
#include <vector>

namespace tandem::sql {

struct compared_key {
    std::string name;
    std::string type_name; // format_type(type, -1), usable in a cast
    std::string equals{"="};
};

// Rests of a scan, so that it leaves the server to others: behind about so many rows it waits for so long.
struct scan_rests {
    double rows = 0; // 0: it goes on without rest
    double seconds = 0;
};

// One side's copy.
struct compared_table {
    std::string schema;
    std::string name;
    bool partitioned = false;         // its rows are in its leaves
    std::vector<compared_key> key;    // in one order on both sides
    std::vector<std::string> columns; // that are compared, in one order on both sides
    std::string where;                // a row filter; empty: all rows
    bool same_encoding = true;        // on both servers: otherwise the UTF-8 forms are hashed
    scan_rests rests;
};

// chunk, count(*), sum of the rows' hashes; `chunks` is a power of two.
[[nodiscard]] std::string chunk_sums(compared_table const& table, std::int64_t chunks);
// hash of the key, hash of the row, one text per key column; in the order of the hash, then of the texts' bytes. `list`:
// numbers of chunks, with commas; empty: all.
[[nodiscard]] std::string chunk_rows(compared_table const& table, std::int64_t chunks,
                                     std::string const& list);
// One text[] per key column: number of the key (from 1), hash of its row, xmin of it; with `versions` also its commit time
// (unix µs, null: not known) and its origin (0: none). Keys without a row are left out.
[[nodiscard]] std::string look_at_rows(compared_table const& table, bool versions);

// The operators of the key's index, of the table in $1 (regclass): column, type, operator; a column may come twice.
[[nodiscard]] std::string key_operators();

// Of a row `t`, as both sides make it: 64 bits.
[[nodiscard]] std::string row_hash_of(compared_table const& table);

} // namespace tandem::sql
