#pragma once
// What travels from a capture to an applier: row changes with the transactions they belong to.
//
// A change_batch owns the bytes it was decoded from; its changes are views into them. It is the unit
// that crosses a transport: a row never does.

#include "codecs/base/arena.hpp"
#include "codecs/base/lsn.hpp"
#include "codecs/pgoutput/message.hpp"
#include "codecs/pgoutput/relation_cache.hpp"
#include "codecs/sql/conflict_rules.hpp"
#include "engine/core/trace_context.hpp"

#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::engine {

// Bytes of one message as whoever received it allocated them.
using buffer = std::unique_ptr<char, void (*)(char*)>;

enum class change_kind : std::uint8_t { insert, update, remove, truncate, ddl };

// The row where the arena keeps it.
[[nodiscard]] inline pgoutput::tuple_view kept(pgoutput::tuple_view row, arena& bytes) {
    return row.empty() ? row : pgoutput::tuple_view{row.column_count(), bytes.keep(row.raw())};
}

inline constexpr std::size_t change_overhead = 128; // what a change costs beside its bytes

struct truncation {
    std::vector<pgoutput::relation_ptr> relations;
};

// Of a change that came without its values, because its record is larger than its topic takes, or for what `why` says. Its
// rows have of the key what is known.
struct oversized {
    std::uint64_t bytes = 0; // as event::oversize_note
    std::uint64_t limit = 0;
    std::vector<bool> known; // by column, whether the rows have it
    std::string why{};       // empty: its size
};

struct change {
    change_kind kind = change_kind::insert;
    pgoutput::old_row_kind old_kind = pgoutput::old_row_kind::none;
    std::uint32_t index = 0; // place in its transaction, counted before any filter (R1)
    pgoutput::relation_shape const* shape = nullptr; // null for truncate and ddl
    truncation const* truncated = nullptr;           // truncate only
    struct oversized const* oversized = nullptr;     // null: it has its values
    std::string const* ddl = nullptr;                // ddl only: what the event triggers told
    pgoutput::tuple_view new_row;
    pgoutput::tuple_view old_row;
    lsn position; // its own in the WAL, where that is known (it is not R1's)
};

struct transaction_header {
    xid id;
    pg_time commit_time;
    lsn final_lsn; // names the transaction before its end is known
    std::int64_t log_offset =
        -1; // where Kafka's log has to be read from to go on behind it; -1: it has not come so
    std::shared_ptr<trace_context const> trace{}; // null: nobody said one
    // Of the target: what its writer had seen, as a position of its WAL and as a time; only where that is told (R13).
    lsn seen{};
    std::optional<pg_time> seen_at{};
    std::optional<pg_time> earliest_v{}; // of any change in it; none: its commit time

    // Of a change in it, where its table is decided so (R11).
    [[nodiscard]] pg_time v(sql::row_versions by) const noexcept {
        switch (by) {
        case sql::row_versions::seen:
            return seen_at.value_or(commit_time);
        case sql::row_versions::always:
            return pg_time{std::numeric_limits<std::int64_t>::max()};
        case sql::row_versions::commit_time:
            break;
        }
        return commit_time;
    }
    [[nodiscard]] pg_time earliest() const noexcept { return earliest_v.value_or(commit_time); }
};

// A run of one transaction's changes inside a batch. A transaction that is longer than a batch has
// several pieces: the first starts it, the last ends it.
struct transaction_piece {
    transaction_header header;
    lsn end_lsn; // commit end, the position of R1; zero until the piece that ends it
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    bool starts = false;
    bool ends = false;
    bool again = false;  // applied before: sent again so that what it wrote is verified (R9)
    bool alters = false; // there is DDL among its changes
};

struct change_batch {
    arena rows;
    std::vector<buffer> large;                  // messages too long to be worth a copy
    std::vector<pgoutput::relation_ptr> shapes; // every shape a change here points to
    std::deque<truncation> truncations;         // stable addresses
    std::deque<oversized> oversize;             // the same
    std::deque<std::string> ddl;                // the same
    std::vector<change> changes;
    std::vector<transaction_piece> pieces;
    std::size_t bytes = 0; // memory it holds

    [[nodiscard]] bool empty() const noexcept { return pieces.empty(); }
};

} // namespace tandem::engine
