#pragma once
// What the coroutines of one direction share. All of them run on one thread.

#include "engine/core/ack_watermark.hpp"
#include "engine/core/change_window.hpp"
#include "engine/core/clock_watch.hpp"
#include "engine/core/delete_collector.hpp"
#include "engine/core/horizon_probe.hpp"
#include "engine/core/node_deletes.hpp"
#include "engine/core/open_verifications.hpp"
#include "engine/core/seen_steps.hpp"
#include "engine/core/stats.hpp"
#include "engine/flow/direction_setup.hpp"
#include "engine/flow/incarnation.hpp"
#include "engine/flow/progress.hpp"
#include "io/runtime/event.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>

namespace tandem::engine {

// The commit times of a node's own transactions in the order of its WAL (R13).
struct commit_order {
    pg_time newest;             // of what has come, or may have before
    lsn watched;                // up to here
    std::deque<pg_time> recent; // of the last transactions
};

// A version of the target's own that lost at the source; as text, see tandem.conflict.
struct buried_version {
    std::string schema;
    std::string table;
    std::string key;
    std::string row;
    std::string at;
    pg_time deleted{}; // when the source deleted it, by a transaction of its own; else zero
};

// What a direction keeps from one start of its stream to the next.
struct direction_memory {
    commit_order order; // of the source

    clock_watch source_clock;
    std::optional<long long> conflicts_counted; // the last id of tandem.conflict
    bool foreign_origins = false;      // somebody else's origin appeared on the source (R16)
    lsn without_foreign;               // up to here there was none
    open_verifications unverified;     // R9; of transactions that this process has applied
    horizon_probe horizon;             // of the target
    bool again_done = false;           // so is what was applied before it, and is sent again
    lsn told;                          // the last position that this process knows to be applied
    std::deque<buried_version> buried; // see buried.hpp
    std::optional<long long> buried_up_to; // of the source's tandem.conflict
    std::size_t rows_ahead_kib = 0;        // see ahead_kib(): of the stream that is read
};

struct direction_link {
    direction_link(io::asio::any_io_executor const& executor, direction_setup const& rules,
                   direction_stats& told, direction_memory& kept, progress_row start, lsn confirmed,
                   bool binary_values)
        : setup{rules},
          stats{told},
          memory{kept},
          progress{start},
          binary{binary_values},
          watermark{start.facts.applied, start.facts.safe, confirmed},
          confirmed_before{confirmed},
          applied_before{start.facts.applied},
          arrived{executor},
          room{executor},
          seen{start.seen},
          seen_stored{confirmed},
          deletes_stored{executor},
          unverified{kept.unverified} {
        kept.order.newest = std::max(kept.order.newest, start.newest);
        // A commit whose answer was lost is applied, and nobody has noted what it wrote.
        if (kept.told != start.facts.applied) {
            kept.again_done = false;
            unverified.forget_beyond(confirmed);
        }
        kept.told = start.facts.applied;
        unverified.forget_beyond(start.facts.applied);
    }

    void tell_queue() noexcept {
        stats.count.queue_bytes.store(window.bytes(), std::memory_order_relaxed);
        stats.count.queue_changes.store(window.changes(), std::memory_order_relaxed);
    }

    direction_setup const& setup;
    direction_stats& stats;
    direction_memory& memory;
    progress_row progress; // kept up to date by the applier
    bool binary;           // how the stream sends values

    change_window window; // capture pushes, applier reads
    ack_watermark watermark;
    lsn const confirmed_before; // as this start found it
    lsn const applied_before;   // the same
    flush_tracker flushes;
    io::event arrived; // the applier has something to do
    io::event room;    // the window got smaller

    // R9. Of the node that is read here; null: nobody applies to it by last-update-wins.
    node_deletes* source_deletes = nullptr;
    delete_collector collected; // what is to be stored for it
    lsn decoded;                // everything before has come, in this start
    seen_steps seen;            // by whoever wrote what comes next (R13); where the streams tell
    lsn seen_stored;            // the target has it for what ends behind that: no more is confirmed
    bool scanning = false;      // ... and was passed over from some place on (R10)
    io::event deletes_stored;
    // Of the node that is applied to; null: nobody here decodes it.
    node_deletes* target_deletes = nullptr;
    open_verifications& unverified;     // of `memory`
    std::int64_t first_transaction = 0; // of the target: those of earlier starts lie before it
    bool hears_the_source = true;       // the window is filled from the source itself
    bool stopping = false;
    bool left = false;    // stopped without the target's answer
    bool rushing = false; // changes come at a high rate: a batch does well to wait for company
    bool progress_locked = false; // the applier holds the progress row for longer than a batch
    bool status_wanted = false;   // the server asked for a status update
    bool reply_wanted = false;    // the next one asks how far the server has read
    bool fenced = false; // somebody waits for what has come: an idle position is stored at once
    std::int64_t clock_offset_us = 0;                                 // target's clock minus ours
    pg_time versions_since{std::numeric_limits<std::int64_t>::min()}; // see version_horizon.hpp
    token_renewal renewal;
    // Accepted by the reader of a log and not yet in the target: what is applied takes it along, so that a later start
    // knows whose the applied is.
    std::optional<source_identity> source_news;
    std::string ddl_token;         // see start_point
    bool tells_ddl = false;        // the same
    bool conflicts_changed = true; // tandem.conflict may have grown
    bool anything_parked = false;  // by the applier's own knowledge
    bool parked_asked = false; // `tandem parked` asked for something: the applier carries it out
};

} // namespace tandem::engine
