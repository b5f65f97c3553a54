#pragma once
// The target's side of a link: engine/flow's applier and durability_loop.

#include "engine/core/parked_keys.hpp"
#include "tests/sim/model_sites.hpp"

namespace tandem::sim {

// applier::run(): what is to be verified goes first.
inline bool link::apply() {
    return tend() || feed();
}

// applier::tend_verification(). True: something was done.
inline bool link::tend() {
    if (window_.next_is_again()) {
        pass_again();
        return true;
    }
    bool const read = decoded_ >= applied_before_ && !(scans_ && rules_.scan_passes_nothing);
    if (again_ && (!window_.exhausted() || read)) {
        close_again();
        return true;
    }
    return must_verify() && flights_.empty() && verify();
}

inline bool link::feed() {
    constexpr std::size_t flights_max = 3;
    if (flights_.size() == flights_max || window_.commits_ahead() == 0 || again_ ||
        window_.next_is_again() || must_verify() || too_much()) {
        return false;
    }
    auto const start = window_.position();
    batch_.clear();
    auto const wanted = all_.luck.between(1, all_.settings.most_in_batch);
    while (batch_.transactions() < wanted && window_.commits_ahead() > 0) {
        auto const step = window_.next();
        switch (step.kind) {
        case engine::change_window::step_kind::begin:
            batch_.begin(step.piece->header);
            break;
        case engine::change_window::step_kind::change:
            if (step.what->kind == engine::change_kind::truncate) {
                batch_.add_truncate(*step.what, {&synced_table()});
            } else {
                batch_.add(*step.what, synced_table());
            }
            break;
        case engine::change_window::step_kind::commit:
            first_end_ = batch_.transactions() == 0 ? step.piece->end_lsn : first_end_;
            batch_.commit(step.piece->end_lsn);
            break;
        case engine::change_window::step_kind::nothing:
            break;
        }
    }
    peer_transaction at{all_, target_, source_.number};
    bool const early = rules_.barrier && target_.clock() <= batch_.newest();
    if (early || at.waits(batch_)) {
        window_.rewind(start);
        return false;
    }
    carry_out(at);
    return true;
}

// The transaction is committed; its answer is on the way.
inline void link::carry_out(peer_transaction& at) {
    bool const parts = all_.luck.chance(10);
    auto const before = progress_of(target_, source_.number);
    at.begin(parts);
    at.carry_out(batch_);
    flight made;
    made.end = window_.position();
    made.last = batch_.last();
    made.end_lsn = batch_.end_lsn();
    made.transaction = at.number();
    made.one_transaction = !parts;
    if (rules_.verifies) {
        EXPECT_TRUE(keys_.add_written(batch_));
        made.written = keys_.take();
    }
    auto after = before;
    after.applied = made.end_lsn;
    after.applied_xid = made.last.id;
    after.applied_at = made.last.commit_time;
    at.commit(after, setup_.sync_commit);
    for (auto const time : at.kept_times()) {
        known_.of(target_.number).noted(engine::table_name(synced_table()), time);
    }
    bool const may_show = target_.oldest_running() < target_.next_number();
    if (rules_.repeats_missed_deletes && may_show) {
        for (auto const& [key, v] : at.missed()) {
            made.missed.push_back({key, v, target_.next_number(), made.end_lsn, before.applied});
        }
    }
    if (!made.written.empty()) {
        ledger_.emplace(made.end_lsn, first_end_);
    }
    flights_.push_back(std::move(made));
}

// applier::results(), settle().
inline bool link::settle() {
    if (flights_.empty()) {
        return false;
    }
    auto& done = flights_.front();
    window_.release(done.end);
    note_written(done);
    for (auto& one : done.missed) {
        memory_.missed.push_back(one);
    }
    facts_.applied = done.end_lsn;
    memory_.told = done.end_lsn;
    facts_.applied_xid = done.last.id;
    facts_.applied_at = done.last.commit_time;
    if (setup_.sync_commit) {
        watermark_.durable(done.end_lsn);
    } else {
        flushes_.committed(done.end_lsn);
    }
    flights_.pop_front();
    return true;
}

inline void link::note_written(flight& done) {
    if (done.written.empty()) {
        return;
    }
    engine::written_rows rows;
    rows.end = done.end_lsn;
    rows.first = done.transaction;
    rows.next = done.one_transaction ? rows.first + 1 : 0;
    rows.tables = std::move(done.written);
    memory_.unverified.add(std::move(rows));
    if (rules_.holds_confirmation) {
        watermark_.hold(memory_.unverified.verified());
    }
}

// --- engine/flow/applier_verify.cpp

inline bool link::must_verify() {
    auto& deletes = known_.of(target_.number);
    auto const decoded = deletes.stored();
    while (auto* const rows = memory_.unverified.due(decoded)) {
        std::erase_if(rows->tables, [&](engine::key_set const& keys) {
            return !deletes.may_beat(keys.shape().name, keys.earliest());
        });
        if (!rows->tables.empty()) {
            return true;
        }
        closed_one();
    }
    return false;
}

inline bool link::too_much() {
    if (memory_.unverified.bytes() < setup_.unverified_bytes) {
        return false;
    }
    known_.of(target_.number).urge(memory_.unverified.waits_for());
    return true;
}

inline bool link::verify() {
    auto& rows = *memory_.unverified.due(known_.of(target_.number).stored());
    auto const next = rows.next != 0 ? rows.next : rows.first + half_of_all;
    std::map<key_id, pg_time> newest; // a key may come several times
    for (auto& set : rows.tables) {
        auto const arrays = set.arrays();
        auto const keys = array_values(arrays[0].finish());
        auto const times = array_values(arrays[1].finish());
        for (std::size_t at = 0; at < keys.size(); ++at) {
            auto& time = newest.try_emplace(number_in(*keys[at]), time_of(times[at])).first->second;
            time = std::max(time, time_of(times[at]));
        }
    }
    if (std::ranges::any_of(newest, [&](auto const& one) { return target_.locked(one.first); })) {
        return false;
    }
    peer_transaction at{all_, target_, source_.number};
    at.begin(false);
    for (auto const& [key, v] : newest) {
        at.remove_buried(key, v, rows.first, next);
    }
    at.commit(progress_of(target_, source_.number), true);
    closed_one();
    return true;
}

inline void link::closed_one() {
    memory_.unverified.close();
    std::erase_if(ledger_, [this](auto const& batch) {
        return batch.first <= memory_.unverified.verified();
    });
    if (again_ || !rules_.holds_confirmation) {
        return;
    }
    if (memory_.unverified.empty()) {
        watermark_.let_go();
    } else {
        watermark_.hold(memory_.unverified.verified());
    }
}

inline void link::pass_again() {
    std::string scratch;
    while (window_.next_is_again()) {
        auto const step = window_.next();
        if (step.kind != engine::change_window::step_kind::change ||
            step.what->kind == engine::change_kind::truncate) {
            continue;
        }
        auto const v = step.piece->header.commit_time;
        if (step.what->kind != engine::change_kind::remove) {
            EXPECT_TRUE(again_keys_.add(engine::key_after(*step.what, synced_table(), scratch),
                                        synced_table(), v));
        } else if (rules_.repeats_missed_deletes) {
            auto const key = engine::match_key_bytes(step.what->old_row, synced_table(), scratch);
            memory_.missed.push_back(
                {number_in(key), v, target_.next_number(), applied_before_, confirmed_before_});
        }
    }
    window_.release(window_.position());
}

inline void link::close_again() {
    again_ = false;
    memory_.again_done = true;
    if (again_keys_.empty()) {
        if (memory_.unverified.empty()) {
            watermark_.let_go();
        }
        return;
    }
    engine::written_rows rows;
    rows.end = applied_before_;
    rows.first = first_transaction_ - half_of_all;
    rows.next = first_transaction_;
    rows.tables = again_keys_.take();
    memory_.unverified.add(std::move(rows));
}

inline bool link::repeat_missed() {
    if (memory_.missed.empty()) {
        return false;
    }
    auto const one = memory_.missed.front();
    if (one.end > facts_.applied || target_.oldest_running() < one.until ||
        target_.locked(one.key)) {
        return false;
    }
    peer_transaction at{all_, target_, source_.number};
    at.begin(false);
    at.repeat(one);
    at.commit(progress_of(target_, source_.number), true);
    memory_.missed.pop_front();
    return true;
}

// --- engine/flow/keepalive.cpp

inline bool link::probe() {
    if (!flushes_.waiting() && !memory_.unverified.unplaced()) {
        return false;
    }
    if (!probe_) {
        probe_ = question{flushes_.newest(), facts_.applied};
        return true;
    }
    if (auto const durable = flushes_.probed(probe_->asked_at, target_.wal_end, target_.flushed)) {
        watermark_.durable(*durable);
    }
    memory_.unverified.placed(probe_->applied, target_.wal_end);
    probe_.reset();
    return true;
}

inline bool link::ask_horizon() {
    auto& probe = memory_.horizon;
    if (!probe.due(facts_.applied)) {
        return rules_.tells_horizon_again && probe.last() && tell_horizon();
    }
    if (!horizon_) {
        horizon_ = facts_.applied;
        return true;
    }
    auto const before = probe.last();
    auto const oldest = rules_.waits_for_running ? target_.oldest_running() : target_.next_number();
    probe.said(*horizon_, target_.wal_end, oldest, target_.next_number());
    horizon_.reset();
    bool const told = probe.last() && tell_horizon();
    return told || probe.last() != before || oldest == target_.next_number();
}

// True: it was news.
inline bool link::tell_horizon() {
    bool news = false;
    for (int node = 0; node < all_.settings.nodes; ++node) {
        if (node != target_.number) {
            auto& deletes = known_.known_by(node, source_.number, target_.number);
            auto const before = deletes.awaited();
            deletes.peer_said(*memory_.horizon.last());
            news = news || before != deletes.awaited();
        }
    }
    return news;
}

inline lsn link::verified_up_to() {
    bool const all = !(scans_ && rules_.scan_verifies_nothing);
    auto const at = all && watermark_.settled() && !watermark_.held()
                        ? std::max(decoded_, watermark_.confirmable())
                        : watermark_.confirmable();
    return memory_.missed.empty() ? at : std::min(at, memory_.missed.front().before);
}

inline lsn link::confirmable() {
    auto at = watermark_.confirmable();
    if (!memory_.missed.empty()) {
        at = std::min(at, memory_.missed.front().before);
    }
    if (rules_.stores_before_confirming) {
        at = std::min(at, known_.of(source_.number).stored());
    }
    return std::max(confirmed_before_, at);
}

// durability_tick(), feedback_loop().
inline bool link::confirm() {
    known_.verified(source_.number, target_.number).confirmed(verified_up_to());
    if (watermark_.held()) {
        known_.of(target_.number).want(memory_.unverified.waits_for());
    }
    auto& slot = slot_of(source_, target_.number);
    auto const position = confirmable();
    if (position <= slot.confirmed) {
        return false;
    }
    slot.confirmed = position;
    check_confirmed(position);
    return true;
}

inline void link::check_confirmed(lsn position) {
    if (position > std::max(target_.durable(source_.number), confirmed_before_)) {
        all_.broken.push_back("confirmed what is not durable");
    }
    for (auto const& [last, first] : ledger_) {
        if (first <= position && rules_.holds_confirmation && rules_.verifies_again) {
            all_.broken.push_back("confirmed what is not verified");
        }
    }
}

inline bool link::store_safe() {
    auto const idle = watermark_.idle_position();
    if (!idle) {
        return false;
    }
    progress_of(target_, source_.number).safe = *idle;
    facts_.safe = *idle;
    target_.write_synchronously();
    watermark_.stored_safe(*idle);
    return true;
}

} // namespace tandem::sim
