#pragma once
// A snapshot that is taken in chunks while the stream goes on: which tables, how far, and what to ask for next. Pure.
//
// A chunk is read at a moment of its own. What the stream brings of its rows, from before that moment until the stream has
// passed it, is newer, or as new: those rows are left out of the chunk (DDD-3 of Debezium; watermarks are places in the WAL
// here, no rows of a table). chunk_window does that.

#include "engine/connect/signals.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

struct snapshot_table {
    std::string schema;
    std::string name;
    std::string condition;     // SQL; empty: all rows
    std::string surrogate_key; // empty: the primary key orders the rows

    [[nodiscard]] std::string display() const; // "schema.name"
    friend bool operator==(snapshot_table const&, snapshot_table const&) = default;
};

// What there is to tell about it: Debezium's notifications.
struct snapshot_news {
    enum class kind : std::uint8_t {
        started,
        in_progress,
        table_completed,
        completed,
        aborted,
        paused,
        resumed
    };

    kind what = kind::started;
    std::string table;               // of in_progress and table_completed
    std::uint64_t rows = 0;          // of the table so far
    std::string reason;              // table_completed: SUCCEEDED, EMPTY, NO_PRIMARY_KEY ...
    std::vector<std::string> tables; // all that are to be read
    std::string last_key;
    std::string most_key;
};

// What is left to do, as it is kept with the connector's offset.
class incremental_snapshot {
public:
    // Of nothing. A text that says something else than state() made: nothing, too.
    incremental_snapshot() = default;
    explicit incremental_snapshot(std::string_view state);
    // Empty: there is nothing to do.
    [[nodiscard]] std::string state() const;

    // A signal, in the order they came. `tables`: those that are captured.
    void take(signal const& of, std::span<snapshot_table const> tables,
              std::vector<snapshot_news>& news);

    [[nodiscard]] bool running() const noexcept { return !tables_.empty() && !paused_; }
    [[nodiscard]] bool paused() const noexcept { return paused_; }
    // Of the table that is read now; there is one while it is running.
    [[nodiscard]] snapshot_table const& table() const { return tables_.front(); }
    // The greatest key as the table had it when it was begun; empty: not asked for yet.
    [[nodiscard]] std::vector<std::string> const& most() const noexcept { return most_; }
    [[nodiscard]] std::vector<std::string> const& reached() const noexcept { return reached_; }
    void begin_table(std::vector<std::string> most) { most_ = std::move(most); }
    // A chunk was written: so many rows were read, the last of them with this key. `whole`: as many as were asked for.
    void chunk_done(std::uint64_t rows, std::vector<std::string> last, bool whole,
                    std::vector<snapshot_news>& news);
    // Of the signal topic: the next record to be read; -1: not known.
    [[nodiscard]] std::int64_t signals_from() const noexcept { return signals_from_; }
    void signals_from(std::int64_t next) noexcept { signals_from_ = next; }
    // The table cannot be read, or has nothing.
    void skip_table(std::string reason, std::vector<snapshot_news>& news);

private:
    void next_table(std::string reason, std::vector<snapshot_news>& news);
    [[nodiscard]] std::vector<std::string> names() const;

    std::deque<snapshot_table> tables_;
    std::vector<std::string> reached_;
    std::vector<std::string> most_;
    std::uint64_t rows_ = 0; // of the table
    bool paused_ = false;
    std::int64_t signals_from_ = -1;
};

// `key`: the columns that order the rows. `columns`: what is read.
[[nodiscard]] std::string most_query(snapshot_table const& of, std::span<std::string const> key);
[[nodiscard]] std::string chunk_query(snapshot_table const& of, std::span<std::string const> key,
                                      std::span<std::string const> columns,
                                      std::vector<std::string> const& behind,
                                      std::vector<std::string> const& most, std::size_t rows);

} // namespace tandem::connect
