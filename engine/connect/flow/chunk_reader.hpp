#pragma once
// Reads the chunks of an incremental snapshot while the stream goes on, each between two of the stream's transactions
// (engine/connect/incremental_snapshot.hpp). The writer says what the stream brings, and writes what is left of a chunk when
// the stream has passed it.

#include "engine/connect/chunk_window.hpp"
#include "engine/connect/flow/source_catalog.hpp"
#include "engine/connect/incremental_snapshot.hpp"
#include "engine/connect/source_settings.hpp"
#include "engine/core/change.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"
#include "io/runtime/event.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

class chunk_reader {
public:
    // All outlive it. `state`: of the last start, or empty. `arrived`: wakes the writer.
    chunk_reader(io::asio::any_io_executor const& executor, source_settings const& settings,
                 std::string_view state, io::event& arrived);

    // A member of the task's group; ends by a failure, or by being cancelled.
    [[nodiscard]] io::awaitable<engine::failure> run();

    // --- The writer's, on the same thread.
    // A row of the signal table, in a transaction behind `before`.
    void take_row(std::string id, std::string_view type, std::string_view data, lsn before);
    // A record of the signal topic, for this connector or not; the next one has offset `next`.
    void take_record(bool ours, std::string_view value, std::int64_t next);
    [[nodiscard]] std::int64_t signals_from() const noexcept { return snapshot_.signals_from(); }
    // The stream's transactions, one behind the other.
    void passed(xid transaction);
    void changed(engine::change const& what);
    void truncated(pgoutput::relation_shape const& shape);

    // What waits to be written once the stream has come to `passes`.
    struct chunk {
        pgoutput::relation_ptr shape;
        lsn passes;
        xid transaction;
        pg_time at;
        std::vector<std::string> rows; // tuples' bytes
    };
    // None: nothing waits.
    [[nodiscard]] std::optional<lsn> waits_for() const noexcept;
    // Without rows where it has to be read again.
    [[nodiscard]] std::optional<chunk> take_chunk();
    // All of it is on its way.
    void chunk_written();

    [[nodiscard]] std::vector<snapshot_news> take_news();
    // As it is to be kept with the offset; each change of it has a number of its own.
    struct kept_state {
        std::uint64_t number = 0;
        std::string text;
    };
    [[nodiscard]] kept_state const& state() const noexcept { return state_; }
    // Nothing behind this may be confirmed: a signal is not in the state of that number. None: all are.
    [[nodiscard]] std::optional<lsn> held(std::uint64_t number) const noexcept;
    // That state is stored, and need not be held for.
    void saved(std::uint64_t number);
    [[nodiscard]] std::uint64_t saved() const noexcept { return saved_; }

private:
    using voided = engine::outcome_of<void>;
    struct held_signal {
        lsn before;
        std::uint64_t number = 0; // of the state that has it; 0: none yet
    };

    // None: there is nothing to do.
    [[nodiscard]] std::optional<signal> understood(outcome<signal> read) const;
    [[nodiscard]] io::awaitable<voided> open();
    [[nodiscard]] io::awaitable<voided> take_signals();
    [[nodiscard]] io::awaitable<voided> read_chunk();
    // The key that orders the table's rows, and its greatest value. False: the table is passed over.
    [[nodiscard]] io::awaitable<engine::outcome_of<bool>> begin_table();
    // False: it has to be asked for again.
    [[nodiscard]] io::awaitable<engine::outcome_of<bool>> fill(snapshot_table of);
    [[nodiscard]] io::awaitable<engine::outcome_of<io::pg::rows>> ask(std::string doing,
                                                                      std::string statement);
    [[nodiscard]] bool all_seen(seen_transactions const& by, std::uint64_t until) const;
    void changed_state();

    source_settings const& settings_;
    io::event& arrived_;
    io::event wake_;
    std::unique_ptr<io::pg::connection> link_;
    std::unique_ptr<source_catalog> catalog_;

    incremental_snapshot snapshot_;
    kept_state state_;
    struct waiting_signal {
        std::optional<signal> what;
        std::int64_t next = -1; // of the topic, behind it
    };
    std::deque<waiting_signal> signals_; // that came, and are not taken yet
    std::vector<held_signal> held_;
    std::vector<snapshot_news> news_;

    // Of the table that is read.
    pgoutput::relation_ptr shape_;
    std::vector<std::string> order_; // columns
    chunk_window window_;
    std::optional<chunk> ready_;
    std::uint64_t read_ = 0; // rows of the chunk
    bool whole_ = false;     // as many as were asked for
    std::vector<std::string> last_key_;

    // What the stream brought last: whether a chunk sees it.
    std::vector<xid> ring_;
    std::uint64_t passed_ = 0;
    std::uint64_t first_seen_ = 0;  // of the server when this began; 64 bits; 0: known to be over
    bool waits_for_others_ = false; // and has said so
    std::uint64_t saved_ = 0;
};

} // namespace tandem::connect
