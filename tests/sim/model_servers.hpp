#pragma once
// A source with its WAL, slot and walsender, and a sink that commits asynchronously: as much of
// PostgreSQL as positions depend on. No threads, no time but a counter.

#include "engine/core/start_check.hpp"
#include "tests/sim/seeded.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace tandem::sim {

enum class record_kind : std::uint8_t {
    rows,  // an application's transaction
    echo,  // one that tandem applied here
    empty, // nothing of a synced table in it
};

struct record {
    record_kind kind = record_kind::rows;
    lsn final_lsn;
    lsn end;
    xid id;
    pg_time at;
    std::uint64_t payload = 0; // unique over all histories
};

// Copying it is a file copy of the server: same identifier, timeline, tokens, WAL and slot.
struct source_server {
    std::vector<record> wal; // transactions in commit order
    lsn wal_end{1'000};
    bool slot_exists = true;
    lsn confirmed{1'000};
    lsn confirmed_on_disk{1'000}; // what a crash goes back to
    std::string incarnation = "first";
    std::uint32_t next_xid = 700;

    // WAL of other databases, checkpoints, bookkeeping.
    void move(std::uint64_t bytes) { wal_end.value += bytes; }

    void commit(record_kind kind, std::uint64_t bytes, pg_time at, std::uint64_t payload) {
        move(bytes); // may be 0: a commit record right behind another one (R1)
        record made{kind, wal_end, {}, xid{next_xid++}, at, payload};
        move(32);
        made.end = wal_end;
        wal.push_back(made);
    }

    void confirm(lsn position) {
        if (position) {
            confirmed = position;
        }
    }
    void checkpoint() { confirmed_on_disk = confirmed; }
    void crash() { confirmed = confirmed_on_disk; }

    // What an unbroken peer holds.
    [[nodiscard]] std::vector<std::uint64_t> payloads(lsn until) const {
        std::vector<std::uint64_t> list;
        for (auto const& one : wal) {
            if (one.kind == record_kind::rows && one.end <= until) {
                list.push_back(one.payload);
            }
        }
        return list;
    }
};

// Its rows are the list of payloads; progress is in the same transactions (R2).
class sink_server {
public:
    struct state {
        engine::progress_facts facts;
        std::size_t rows = 0;
    };

    explicit sink_server(lsn start) {
        now_.facts.start = start;
        durable_ = now_;
    }

    [[nodiscard]] state const& visible() const { return now_; }
    [[nodiscard]] engine::progress_facts& facts() { return now_.facts; }
    [[nodiscard]] std::vector<std::uint64_t> const& rows() const { return rows_; }
    [[nodiscard]] std::size_t durable_rows() const { return durable_.rows; }
    [[nodiscard]] lsn inserted() const { return inserted_; }
    [[nodiscard]] lsn flushed() const { return flushed_; }

    void write(std::uint64_t payload) {
        rows_.push_back(payload);
        now_.rows = rows_.size();
    }
    // The facts and rows written so far become one transaction.
    void commit(bool synchronously) {
        inserted_.value += 50;
        pending_.push_back({inserted_, now_});
        if (synchronously) {
            flush(inserted_);
        }
    }
    void flush(lsn until) {
        flushed_ = std::max(flushed_, until);
        while (!pending_.empty() && pending_.front().at <= flushed_) {
            durable_ = pending_.front().what;
            pending_.pop_front();
        }
    }
    void crash() {
        now_ = durable_;
        rows_.resize(now_.rows);
        pending_.clear();
        inserted_ = flushed_;
    }

private:
    struct commit_record {
        lsn at;
        state what;
    };
    state now_;
    state durable_;
    std::vector<std::uint64_t> rows_;
    std::deque<commit_record> pending_;
    lsn inserted_{5'000};
    lsn flushed_{5'000};
};

// What one walsender connection sends, in order.
class walsender {
public:
    explicit walsender(source_server const& source) : source_{source}, start_{source.confirmed} {}

    struct event {
        enum class what : std::uint8_t { nothing, begin, commit, keepalive } kind = what::nothing;
        record one;
        lsn wal_end;
    };

    event next(dice& luck, bool sends_echoes) {
        auto const* one = current(sends_echoes);
        if (one == nullptr) {
            return {event::what::keepalive, {}, source_.wal_end};
        }
        if (!inside_) {
            if (luck.chance(20)) { // decoded up to somewhere before it
                auto const from = std::max(start_, last_);
                auto const room = one->final_lsn.value - std::min(from, one->final_lsn).value;
                auto const at = std::min(from, one->final_lsn).value +
                                luck.below(static_cast<std::uint32_t>(room) + 1);
                return {event::what::keepalive, {}, lsn{at}};
            }
            inside_ = true;
            return {event::what::begin, *one, {}};
        }
        if (luck.chance(20)) { // while the transaction is on its way: beyond its end
            return {event::what::keepalive, {}, source_.wal_end};
        }
        inside_ = false;
        last_ = one->end;
        ++at_;
        return {event::what::commit, *one, {}};
    }

private:
    // The server skips what committed before the start position (SnapBuildXactNeedsSkip).
    record const* current(bool sends_echoes) {
        for (; at_ < source_.wal.size(); ++at_) {
            auto const& one = source_.wal[at_];
            if (one.final_lsn >= start_ && (sends_echoes || one.kind == record_kind::rows)) {
                return &one;
            }
        }
        return nullptr;
    }

    source_server const& source_;
    lsn start_;
    lsn last_;
    std::size_t at_ = 0;
    bool inside_ = false;
};

} // namespace tandem::sim
