#pragma once
// Are two copies of a table equal, and where not?
//
// Rows are dealt into chunks by a hash of their key, and each side yields count and sum of row hashes
// per chunk: one scan, no sort, and no dependence on collations, which differ between servers. Only
// the rows of chunks that differ are fetched, as (key, hash).

#include "engine/admin/choose.hpp"
#include "engine/admin/session.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tandem::engine {

struct table_comparison {
    std::string table;
    std::int64_t source_rows = 0;
    std::int64_t target_rows = 0;
    std::int64_t different = 0; // rows only at one side, or not the same; at least so many
    bool complete = true;       // false: chunks were left that were not looked into row by row
    // Keys as text, "(id)=(7)"; together at most the limit asked for.
    std::vector<std::string> only_source;
    std::vector<std::string> only_target;
    std::vector<std::string> changed;

    [[nodiscard]] bool equal() const noexcept { return different == 0; }
};

// Both sessions are in a transaction whose snapshot decides what is compared. Reads shared columns
// only. Throws command_failed.
[[nodiscard]] awaitable<table_comparison> compare_table(session& source, session& target,
                                                        chosen_table table, std::size_t keys_max);

// The parts that are pure.
struct chunk_sum {
    std::int64_t chunk = 0;
    std::int64_t rows = 0;
    std::string hash;
};
struct row_hash {
    std::string key;
    std::string hash;
};
// The chunks that are not the same on both sides, with the rows they hold at most on one side.
struct chunk_difference {
    std::int64_t chunk = 0;
    std::int64_t rows = 0;     // on the fuller side
    std::int64_t at_least = 1; // rows that must differ
};
[[nodiscard]] std::vector<chunk_difference> differing_chunks(std::vector<chunk_sum> const& source,
                                                             std::vector<chunk_sum> const& target);
// Adds the rows of one group of chunks to `into`.
void add_differing_rows(std::vector<row_hash> const& source, std::vector<row_hash> const& target,
                        std::string const& key_columns, std::size_t keys_max,
                        table_comparison& into);
// A power of two: about ten thousand rows a chunk, at most 65,536 chunks.
[[nodiscard]] std::int64_t chunk_count(std::int64_t bytes) noexcept;

} // namespace tandem::engine
