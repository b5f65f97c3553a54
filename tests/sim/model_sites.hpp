#pragma once
// A process between masters, with the objects of engine/core used as engine/flow uses them: what one start of a direction
// does, what the process keeps from one start to the next, and what its directions tell each other.

#include "engine/core/ack_watermark.hpp"
#include "engine/core/change_window.hpp"
#include "engine/core/delete_collector.hpp"
#include "engine/core/horizon_probe.hpp"
#include "engine/core/key_set.hpp"
#include "engine/core/node_deletes.hpp"
#include "engine/core/open_verifications.hpp"
#include "engine/core/start_check.hpp"
#include "tests/sim/model_statements.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tandem::sim {

inline constexpr std::int64_t half_of_all = std::int64_t{1} << 31; // as in applier_verify.cpp

// engine/flow/direction_link.hpp: direction_memory.
struct link_memory {
    engine::open_verifications unverified;
    engine::horizon_probe horizon;
    bool again_done = false;
    lsn told; // what the process knows of `applied`
    std::deque<missed_delete> missed;
};

// What the process knows of each node. With two masters these are the node's one object, as in the product; with more
// every peer's stream is followed by itself.
class node_knowledge {
public:
    explicit node_knowledge(int nodes) : nodes_{nodes} {}

    [[nodiscard]] engine::node_deletes& of(int node) { return own_[index(node)]; }
    // Of the deletes of `deleter` that are kept at `node`: what `peer` had applied of them, and when.
    [[nodiscard]] engine::node_deletes& known_by(int node, int deleter, int peer) {
        return nodes_ == 2 ? of(node) : known_[index(node)][index(deleter)][index(peer)];
    }
    // How far the stream of `peer` is verified at `node`.
    [[nodiscard]] engine::node_deletes& verified(int peer, int node) {
        return nodes_ == 2 ? of(peer) : verified_[index(peer)][index(node)];
    }

private:
    static std::size_t index(int node) { return static_cast<std::size_t>(node); }

    int const nodes_;
    template <class T>
    using per_node = std::array<T, most_nodes>;
    per_node<engine::node_deletes> own_;
    per_node<per_node<engine::node_deletes>> verified_;
    per_node<per_node<per_node<engine::node_deletes>>> known_;
};

// How one process is set up.
struct site_setup {
    std::size_t queue_bytes = 0;
    std::size_t unverified_bytes = 0; // not verified, at most
    bool sends_echoes = false;        // the servers do not leave them out
    bool sync_commit = false;
};

// Batches whose rows nobody has verified yet, whatever any process knows of it: by the end of their last transaction, the
// end of the first.
using unverified_ledger = std::map<lsn, lsn>;

// One start of a direction's stream.
class link {
public:
    link(sim_world& all, site_setup const& setup, node_knowledge& known, link_memory& memory,
         unverified_ledger& ledger, master& source, master& target);

    // Each does a step, if there is one to do.
    bool decode();
    bool apply();
    bool settle();
    bool probe();
    bool ask_horizon();
    bool confirm();
    bool store_safe();
    bool collect_deletes();
    bool store_deletes();
    bool drop_tombstones();
    bool repeat_missed();

    // Nothing is on its way to the target.
    [[nodiscard]] bool answered() const { return flights_.empty(); }
    // It is to be started anew.
    [[nodiscard]] bool ended() const { return ended_; }
    [[nodiscard]] bool done() const {
        return window_.exhausted() && flights_.empty() && watermark_.settled() &&
               memory_.unverified.empty() && !again_ && memory_.missed.empty() &&
               !watermark_.held() && next_record() == nullptr;
    }

private:
    struct flight {
        engine::change_window::cursor end;
        engine::transaction_header last;
        lsn end_lsn;
        std::vector<engine::key_set> written;
        std::vector<missed_delete> missed;
        std::int64_t transaction = 0;
        bool one_transaction = true;
    };

    // model_capture.hpp
    [[nodiscard]] wal_record const* next_record() const;
    [[nodiscard]] bool urged() const;
    [[nodiscard]] bool scanned() const;
    bool read_next();
    void begin(wal_record const& one);
    void commit(wal_record const& one);
    void take(wal_record const& one);
    [[nodiscard]] bool passes_over() const {
        return echo_ || (duplicate_ && memory_.again_done) || scans_;
    }
    void gap() { all_.broken.push_back(resume_->why()); }
    [[nodiscard]] lsn droppable(master const& at);
    bool drop_at(master& at, lsn& dropped);

    // model_applier.hpp
    bool tend();
    bool feed();
    void carry_out(peer_transaction& at);
    void note_written(flight& done);
    [[nodiscard]] bool must_verify();
    [[nodiscard]] bool too_much();
    bool verify();
    void closed_one();
    void pass_again();
    void close_again();
    [[nodiscard]] lsn confirmable();
    [[nodiscard]] lsn verified_up_to();
    bool tell_horizon();
    void check_confirmed(lsn position);

    sim_world& all_;
    sim_rules const& rules_;
    site_setup const& setup_;
    node_knowledge& known_;
    link_memory& memory_;
    unverified_ledger& ledger_;
    master& source_;
    master& target_;
    engine::progress_facts facts_;
    lsn const confirmed_before_;
    lsn const applied_before_;
    std::optional<engine::resume_guard> resume_;
    engine::change_window window_;
    engine::ack_watermark watermark_;
    engine::flush_tracker flushes_;
    bool ended_ = false;

    // capture
    std::size_t at_ = 0; // in the source's WAL
    lsn decoded_;
    lsn told_; // by a keepalive
    bool inside_ = false;
    bool echo_ = false;
    bool duplicate_ = false;
    bool scans_ = false;
    engine::transaction_header current_;
    engine::delete_collector collected_;
    bool knows_stored_ = false; // tombstones of before this start
    struct storing {
        std::unique_ptr<engine::change_batch> deletes;
        lsn position;
    };
    std::optional<storing> storing_;
    lsn dropped_;       // of the source's tombstones
    lsn dropped_there_; // of those at the target

    // applier
    engine::batch_builder batch_;
    lsn first_end_; // of the batch's first transaction
    engine::key_sets keys_{false};
    engine::key_sets again_keys_{false};
    bool again_ = false;
    std::int64_t first_transaction_ = 0;
    std::deque<flight> flights_;
    struct question {
        lsn asked_at;
        lsn applied;
    };
    std::optional<question> probe_;
    std::optional<lsn> horizon_; // asked with everything up to there applied
};

inline engine::progress_facts& progress_of(master& target, int source) {
    return target.progress[static_cast<std::size_t>(source)];
}
inline master::slot& slot_of(master& source, int target) {
    return source.slots[static_cast<std::size_t>(target)];
}

} // namespace tandem::sim
