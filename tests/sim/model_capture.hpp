#pragma once
// The source's side of a link: engine/flow's capture, window_writer and tombstone_loop.

#include "engine/core/parked_keys.hpp"
#include "tests/sim/model_sites.hpp"

namespace tandem::sim {

// engine/flow: take_over(), direction_link, watch_deletes(), the constructor of applier.
inline link::link(sim_world& all, site_setup const& setup, node_knowledge& known,
                  link_memory& memory, unverified_ledger& ledger, master& source, master& target)
    : all_{all},
      rules_{all.settings.rules},
      setup_{setup},
      known_{known},
      memory_{memory},
      ledger_{ledger},
      source_{source},
      target_{target},
      facts_{progress_of(target, source.number)},
      confirmed_before_{slot_of(source, target.number).confirmed},
      applied_before_{facts_.applied},
      watermark_{facts_.applied, facts_.safe, confirmed_before_},
      told_{confirmed_before_} {
    engine::source_facts found;
    found.wal_end = source.flushed;
    found.slot_exists = true;
    found.confirmed_flush = confirmed_before_;
    auto const decision = engine::check_start(found, facts_);
    if (decision.verdict != engine::start_verdict::go) {
        all_.broken.push_back(decision.reason);
    }
    resume_.emplace(facts_, decision.expect_last_applied);
    memory_.unverified.forget_beyond(facts_.applied);
    while (!memory_.missed.empty() && memory_.missed.back().end > facts_.applied) {
        memory_.missed.pop_back();
    }
    for (auto& one : memory_.missed) { // a crash gives numbers out again
        one.until = std::min(one.until, target_.next_number());
    }
    first_transaction_ = target_.take_number();
    if (rules_.asks_again_in_doubt && memory_.told != facts_.applied) {
        memory_.again_done = false;
        memory_.unverified.forget_beyond(confirmed_before_);
    }
    memory_.told = facts_.applied;
    again_ = rules_.verifies && rules_.verifies_again && !memory_.again_done &&
             confirmed_before_ < applied_before_;
    memory_.again_done = !again_;
    if (rules_.holds_confirmation && (again_ || !memory_.unverified.empty())) {
        watermark_.hold(again_ ? lsn{} : memory_.unverified.verified());
    }
}

// The server skips what committed before the start position, and sends what is flushed.
inline wal_record const* link::next_record() const {
    for (auto at = at_; at < source_.wal.size() && source_.wal[at].end <= source_.flushed; ++at) {
        auto const& one = source_.wal[at];
        bool const sent = one.origin == nobody || setup_.sends_echoes;
        if (one.final_lsn >= confirmed_before_ && sent) {
            return &one;
        }
    }
    return nullptr;
}

inline bool link::urged() const {
    auto& deletes = known_.of(source_.number);
    return deletes.urged() > deletes.stored();
}

inline bool link::scanned() const {
    auto& deletes = known_.of(source_.number);
    return deletes.stored() >= deletes.urged();
}

// capture::run(), make_room().
inline bool link::decode() {
    if (!scans_ && window_.bytes() >= setup_.queue_bytes) {
        if (!rules_.scans || !urged()) {
            return false;
        }
        scans_ = true;
        return true;
    }
    if (scans_ && scanned()) {
        ended_ = true;
        return true;
    }
    if (scans_ && decoded_ >= known_.of(source_.number).urged()) {
        return false;
    }
    return read_next();
}

inline bool link::read_next() {
    auto const* const one = next_record();
    if (inside_) {
        commit(*one);
        return true;
    }
    if (one != nullptr) {
        begin(*one);
        if (all_.luck.chance(75)) {
            commit(*one);
        }
        return true;
    }
    if (source_.flushed <= told_) {
        return false;
    }
    told_ = source_.flushed;
    if (!scans_) {
        if (resume_->keepalive(told_) == engine::resume_guard::verdict::gap) {
            gap();
        }
        watermark_.keepalive(told_);
    }
    decoded_ = std::max(decoded_, told_);
    return true;
}

// window_writer, up to the commit.
inline void link::begin(wal_record const& one) {
    inside_ = true;
    echo_ = one.origin != nobody;
    current_ = {xid{static_cast<std::uint32_t>(one.id)}, one.at, one.final_lsn};
    collected_.begin(current_);
    if (!scans_) {
        auto const verdict = resume_->begin(one.final_lsn);
        if (verdict == engine::resume_guard::verdict::gap) {
            gap();
        }
        duplicate_ = verdict == engine::resume_guard::verdict::applied_before;
        watermark_.begun();
    }
    if (echo_) {
        return;
    }
    for (auto const& what : one.changes) {
        if (what.kind == engine::change_kind::truncate) {
            collected_.add(*what.truncated);
        } else {
            collected_.add(what, synced_table().shape);
        }
    }
}

inline void link::commit(wal_record const& one) {
    inside_ = false;
    at_ = static_cast<std::size_t>(&one - source_.wal.data()) + 1;
    told_ = std::max(told_, one.end);
    decoded_ = one.end;
    if (scans_) {
        return;
    }
    if (duplicate_ &&
        resume_->end(one.end, current_.id, one.at) == engine::resume_guard::verdict::gap) {
        gap();
    }
    if (passes_over() || one.changes.empty()) {
        watermark_.skipped(one.end);
        return;
    }
    take(one);
    if (duplicate_) {
        watermark_.skipped(one.end);
        return;
    }
    if (resume_->applies(one.end) == engine::resume_guard::verdict::gap) {
        gap();
    }
    watermark_.received(one.end);
}

inline void link::take(wal_record const& one) {
    auto batch = std::make_unique<engine::change_batch>();
    for (auto made : one.changes) {
        made.index = static_cast<std::uint32_t>(batch->changes.size());
        if (made.truncated != nullptr) {
            made.truncated = &batch->truncations.emplace_back(*made.truncated);
        }
        made.new_row = engine::kept(made.new_row, batch->rows);
        made.old_row = engine::kept(made.old_row, batch->rows);
        batch->changes.push_back(made);
    }
    batch->shapes.push_back(synced_table().shape);
    batch->bytes = 1; // the queue is counted in transactions
    engine::transaction_piece piece;
    piece.header = current_;
    piece.end_lsn = one.end;
    piece.count = static_cast<std::uint32_t>(batch->changes.size());
    piece.starts = piece.ends = true;
    piece.again = duplicate_;
    batch->pieces.push_back(piece);
    window_.push(std::move(batch));
}

// --- tombstone_loop(): taken, then stored, so that anything may happen between.

inline bool link::collect_deletes() {
    if (storing_) {
        return false;
    }
    auto& deletes = known_.of(source_.number);
    if (!knows_stored_) {
        knows_stored_ = true;
        for (auto const& one : source_.tombstones) {
            deletes.noted(engine::table_name(synced_table()), one.at);
        }
        return true;
    }
    if (collected_.bytes() == 0 && decoded_ <= deletes.stored()) {
        if (deletes.wanted() <= deletes.stored() || source_.flushed < source_.wal_end) {
            return false;
        }
        bool const moves = source_.flushed < deletes.wanted();
        if (moves) { // it is read when it is flushed
            source_.write_synchronously();
        }
        return moves;
    }
    storing_.emplace(storing{collected_.take(), decoded_});
    return true;
}

inline bool link::store_deletes() {
    if (!storing_) {
        return false;
    }
    auto const now = std::move(*storing_);
    storing_.reset();
    auto& deletes = known_.of(source_.number);
    if (now.deletes != nullptr && rules_.tombstones) {
        auto const until = now.deletes->pieces.back().header.final_lsn;
        std::string scratch;
        for (auto const& piece : now.deletes->pieces) {
            for (auto const& what :
                 std::span{now.deletes->changes}.subspan(piece.first, piece.count)) {
                tombstone made{std::nullopt, piece.header.commit_time, source_.number, until};
                if (what.kind != engine::change_kind::truncate) {
                    made.key =
                        number_in(engine::match_key_bytes(what.old_row, synced_table(), scratch));
                }
                deletes.noted(engine::table_name(synced_table()), made.at);
                source_.tombstones.push_back(made);
            }
        }
        source_.write_synchronously();
    }
    deletes.stored(now.position);
    return true;
}

// Before which of the source's positions its deletes are needed no more at that node.
inline lsn link::droppable(master const& at) {
    lsn least{~std::uint64_t{0}};
    for (int peer = 0; peer < all_.settings.nodes; ++peer) {
        if (peer == source_.number || peer == at.number) {
            continue;
        }
        auto& deletes = known_.known_by(at.number, source_.number, peer);
        known_.of(peer).want(deletes.awaited());
        least = std::min(least, deletes.droppable(known_.verified(peer, at.number).confirmed()));
    }
    return least;
}

inline bool link::drop_at(master& at, lsn& dropped) {
    lsn until = droppable(at);
    if (rules_.drops == tombstones_go::when_applied) {
        until = facts_.applied;
    } else if (rules_.drops == tombstones_go::when_confirmed) {
        until = slot_of(source_, target_.number).confirmed;
    }
    auto const goes = [&](tombstone const& one) {
        return one.deleter == source_.number && one.position < until;
    };
    bool const again = rules_.drops_again && std::ranges::any_of(at.tombstones, goes);
    if (until <= dropped && !again) {
        return false;
    }
    dropped = std::max(dropped, until);
    std::erase_if(at.tombstones, goes);
    at.write_synchronously();
    return true;
}

inline bool link::drop_tombstones() {
    bool const own = drop_at(source_, dropped_);
    return (rules_.applied_deletes_are_kept && drop_at(target_, dropped_there_)) || own;
}

} // namespace tandem::sim
