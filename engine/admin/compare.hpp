#pragma once
// Where do two copies of a table differ?
//
// First each side yields count and sum of row hashes of every chunk (codecs/sql/compare_statements.hpp): one scan, no sort, and
// no dependence on collations, which differ between servers. Then the rows of the chunks that are not the same come from
// both sides in one order, as (key, hash), and are merged: nothing but what is fetched at once is held.

#include "codecs/sql/compare_statements.hpp"
#include "engine/admin/choose.hpp"
#include "engine/admin/session.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tandem::engine {

struct table_comparison {
    std::string table;
    std::int64_t source_rows = 0;
    std::int64_t target_rows = 0;
    std::int64_t different = 0; // rows only at one side, or not the same; at least so many
    bool complete = true;       // false: what comes behind the last of them was not looked at
    std::int64_t unsettled = 0; // rows that were written again and again while they were looked at
    std::int64_t undecided = 0; // ... that differ, and a stream did not come up to what is here
    std::int64_t repaired = 0;  // of the different ones
    // Keys as text, "(id)=(7)"; together at most the limit asked for.
    std::vector<std::string> only_source;
    std::vector<std::string> only_target;
    std::vector<std::string> changed;

    [[nodiscard]] bool equal() const noexcept { return different == repaired && undecided == 0; }
};

struct differing_key {
    std::vector<std::string> key; // texts, in the order of the key's columns
    bool at_source = false;
    bool at_target = false;
};

inline constexpr int at_full_pace = 100; // percent

// The pure parts.
struct chunk_sum {
    std::int64_t chunk = 0;
    std::int64_t rows = 0;
    std::string hash;
};
// The numbers of the chunks that are not the same on both sides, in their order.
[[nodiscard]] std::vector<std::int64_t> differing_chunks(std::vector<chunk_sum> const& source,
                                                         std::vector<chunk_sum> const& target);
struct keyed_row {
    std::int64_t key_hash = 0;
    std::string hash;
    std::vector<std::string> key;
};
// In the order in which both sides send them.
[[nodiscard]] std::strong_ordering order_of(keyed_row const& left, keyed_row const& right) noexcept;
// `pace`: percent of its time that a scan of that table works, 1 to 100; `rows` may be unknown (not above 0).
[[nodiscard]] sql::scan_rests rests_of(int pace, std::int64_t bytes, double rows) noexcept;
// A power of two: a few hundred rows a chunk, at most 65,536 chunks.
[[nodiscard]] std::int64_t chunk_count(std::int64_t bytes) noexcept;
// "(id)=(7)", as lists show a key.
[[nodiscard]] std::string shown_key(std::vector<std::string> const& columns,
                                    std::vector<std::string> const& key);
// Counts a differing row, and lists it where the list is not full.
void note_difference(table_comparison& into, std::vector<std::string> const& columns,
                     differing_key const& what, std::size_t keys_max);

// Both sides' names for one table, with the operators of its key.
struct compared_pair {
    sql::compared_table source;
    sql::compared_table target;
};
[[nodiscard]] awaitable<compared_pair> compared(session& source, session& target,
                                                chosen_table table);

// The rows of one side in their order, a part at a time, by a cursor of the open transaction.
class row_stream {
public:
    row_stream(session& side, std::string doing) : side_{side}, doing_{std::move(doing)} {}

    [[nodiscard]] awaitable<void> open(std::string select);
    // nullptr: there are no more. Valid until the next call of pass().
    [[nodiscard]] awaitable<keyed_row const*> peek();
    void pass() noexcept { ++at_; }
    [[nodiscard]] awaitable<void> close();

private:
    session& side_;
    std::string doing_;
    std::vector<keyed_row> fetched_;
    std::size_t at_ = 0;
    bool ended_ = false;
};

// One comparison, in the transactions that both sessions are in: what they see is compared. Reads shared columns only.
// Throws command_failed.
class table_differences {
public:
    // `pace`: see rests_of().
    table_differences(session& source, session& target, chosen_table const& table,
                      int pace = at_full_pace);

    // Compares the chunks: fills the counts of `into`, opens cursors where chunks differ.
    [[nodiscard]] awaitable<void> open(table_comparison& into);
    // The next keys, `most` at most; none: that was all.
    [[nodiscard]] awaitable<std::vector<differing_key>> next(std::size_t most);
    [[nodiscard]] awaitable<void> close();

    // How much of their order has been looked at, from 0 to 1.
    [[nodiscard]] double part() const noexcept;
    [[nodiscard]] compared_pair const& tables() const noexcept { return tables_; }

private:
    session& source_;
    session& target_;
    chosen_table const& table_;
    int pace_;
    std::string doing_;
    compared_pair tables_;
    row_stream left_;
    row_stream right_;
    bool open_ = false;
    std::int64_t passed_hash_ = 0;
};

// All at once, in the transactions that both sessions are in: counts, and up to `keys_max` keys.
[[nodiscard]] awaitable<table_comparison> compare_table(session& source, session& target,
                                                        chosen_table table, std::size_t keys_max);

} // namespace tandem::engine
