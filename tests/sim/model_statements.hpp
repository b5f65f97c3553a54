#pragma once
// A transaction of an applier at a master: what the statements of codecs/sql decide there, row by row.

#include "engine/core/key_set.hpp"
#include "tests/sim/model_masters.hpp"
#include "tests/sim/model_tables.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::sim {

inline std::uint32_t number_in(std::string_view text) {
    std::uint32_t made = 0;
    std::from_chars(text.data(), text.data() + text.size(), made);
    return made;
}

inline std::uint32_t value_in(pgoutput::tuple_view row) {
    pgoutput::tuple_view::cursor columns{row};
    (void)columns.next(); // the key
    return number_in(columns.next().bytes);
}

// A delete that found no row, while transactions ran that may yet show one.
struct missed_delete {
    key_id key = 0;
    pg_time v;
    std::int64_t until = 0; // transactions before this one ran beside it
    lsn end;                // of the source's transaction
    lsn before;             // what was applied before it
};

class peer_transaction {
public:
    peer_transaction(sim_world& all, master& at, int sender)
        : rules_{all.settings.rules}, at_{at}, sender_{sender} {}

    // Whether a statement of the batch would wait for a lock.
    [[nodiscard]] bool waits(engine::batch_builder const& batch) const {
        return std::ranges::any_of(batch.steps(), [&](engine::batch_step const& step) {
            if (step.kind == engine::step_kind::truncate) {
                return !at_.running.empty();
            }
            return std::ranges::any_of(
                batch.group(step.group).slots, [&](engine::row_slot const& slot) {
                    auto const key = number_in(slot.key);
                    // A delete does not see a row that has not been committed: it finds none.
                    bool const finds_none =
                        slot.outcome == engine::row_outcome::remove && !at_.rows[key];
                    return !finds_none && at_.locked(key);
                });
        });
    }

    // `parts`: in subtransactions, as after an error.
    void begin(bool parts) {
        number_ = at_.take_number();
        writer_ = parts ? at_.take_number() : number_;
    }
    [[nodiscard]] std::int64_t number() const { return number_; }

    void carry_out(engine::batch_builder const& batch) {
        for (auto const& step : batch.steps()) {
            if (step.kind == engine::step_kind::truncate) {
                truncate(step.transaction.commit_time, step.transaction.final_lsn);
                continue;
            }
            auto const& group = batch.group(step.group);
            for (bool const removes : {true, false}) { // as the encoder orders them
                for (auto const& slot : group.slots) {
                    if ((slot.outcome == engine::row_outcome::remove) == removes) {
                        removes ? remove(slot, batch.last().final_lsn) : write(slot, batch);
                    }
                }
            }
        }
    }

    // A newer row of somebody else stays, and one of the sender's came later.
    void repeat(missed_delete const& one) {
        auto const& row = at_.rows[one.key];
        if (row && row->origin != sender_ && wins(*row, one.v)) {
            put(one.key, std::nullopt);
        }
    }

    // sql::remove_buried().
    void remove_buried(key_id key, pg_time v, std::int64_t first, std::int64_t next) {
        auto const& row = at_.rows[key];
        constexpr std::int64_t wraps = 0xFFFF'FFFF;
        if (!row || row->origin != sender_ || ((row->writer - first) & wraps) >= next - first) {
            return;
        }
        auto const compared = rules_.verifies_by_change ? v : row->at;
        bool const beaten = std::ranges::any_of(at_.tombstones, [&](tombstone const& one) {
            return (!one.key || *one.key == key) && buries(one, compared);
        });
        if (beaten) {
            put(key, std::nullopt);
        }
    }

    // `progress`: of the sender's stream, at the end.
    void commit(engine::progress_facts progress, bool synchronously) {
        master::undo before;
        before.stream = sender_;
        auto& facts = at_.progress[static_cast<std::size_t>(sender_)];
        before.progress = std::exchange(facts, std::move(progress));
        before.rows = std::move(before_);
        before.tombstones = kept_;
        for (auto const& [key, was] : before.rows) {
            if (auto& row = at_.rows[key]; row && row->writer == writer_) {
                row->at = facts.applied_at; // pg_replication_origin_xact_setup()
            }
        }
        wal_record made;
        made.id = number_;
        made.at = facts.applied_at;
        made.origin = sender_;
        at_.log(std::move(made), synchronously);
        before.end = at_.wal_end;
        at_.may_be_lost(std::move(before));
    }

    [[nodiscard]] std::vector<std::pair<key_id, pg_time>> const& missed() const { return missed_; }
    [[nodiscard]] std::vector<pg_time> const& kept_times() const { return kept_times_; }

private:
    [[nodiscard]] int rank_of(version const& row) const {
        return row.origin == nobody ? at_.number : row.origin;
    }

    [[nodiscard]] bool takes_tie(int mine, int theirs) const {
        return rules_.tie == tie_break::by_rank ? mine > theirs
                                                : rules_.tie == tie_break::incoming_wins;
    }

    // R11.
    [[nodiscard]] bool wins(version const& row, pg_time v) const {
        if (!rules_.guard || row.writer == writer_ ||
            (rules_.same_peer_shortcut && row.origin == sender_)) {
            return true;
        }
        return row.at < v ||
               (row.at == v && (row.origin == sender_ || takes_tie(sender_, rank_of(row))));
    }

    [[nodiscard]] bool buries(tombstone const& one, pg_time v) const {
        if (one.deleter == sender_) {
            return one.at > v; // of a tie the stream's order tells
        }
        return one.at > v || (one.at == v && !takes_tie(sender_, one.deleter));
    }

    void put(key_id key, std::optional<version> now) {
        before_.emplace_back(key, std::exchange(at_.rows[key], now));
    }

    void write(engine::row_slot const& slot, engine::batch_builder const& batch) {
        auto const key = number_in(slot.key);
        auto const& row = at_.rows[key];
        if (!row || wins(*row, slot.commit_time)) {
            auto const written = value_in(batch.versions()[slot.version].row);
            put(key, version{written, writer_, {}, sender_});
        }
    }

    void remove(engine::row_slot const& slot, lsn position) {
        auto const key = number_in(slot.key);
        keep({key, slot.commit_time, sender_, position});
        if (!at_.rows[key]) {
            missed_.emplace_back(key, slot.commit_time);
        } else if (wins(*at_.rows[key], slot.commit_time)) {
            put(key, std::nullopt);
        }
    }

    // R15.
    void truncate(pg_time v, lsn position) {
        keep({std::nullopt, v, sender_, position});
        for (key_id key = 0; key < key_count; ++key) {
            auto const& row = at_.rows[key];
            if (row && (row->origin == sender_ || row->writer == writer_ || wins(*row, v))) {
                put(key, std::nullopt);
            }
        }
    }

    void keep(tombstone one) {
        if (rules_.applied_deletes_are_kept) {
            kept_times_.push_back(one.at);
            at_.tombstones.push_back(one);
            ++kept_;
        }
    }

    sim_rules const& rules_;
    master& at_;
    int const sender_;
    std::int64_t number_ = 0;
    std::int64_t writer_ = 0;
    std::vector<std::pair<key_id, std::optional<version>>> before_;
    std::vector<std::pair<key_id, pg_time>> missed_;
    std::vector<pg_time> kept_times_;
    std::size_t kept_ = 0;
};

} // namespace tandem::sim
