#pragma once
// PostgreSQL masters as far as convergence depends on them: rows with the version that xmin shows, a WAL with its flushed
// part, transactions that are in the WAL before others see them, tombstones, progress and slots. One small table.

#include "engine/core/batch_builder.hpp"
#include "engine/core/start_check.hpp"
#include "tests/sim/seeded.hpp"
#include "tests/support/changes.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::sim {

inline constexpr int most_nodes = 3;
inline constexpr int nobody = -1; // the origin of what applications write
using key_id = std::uint32_t;
inline constexpr key_id key_count = 4;

inline engine::table_plan const& synced_table() {
    static auto const plan = engine::text_table("t", 0, 2, 1);
    return plan;
}

enum class late_commits : std::uint8_t {
    none,
    without_new_keys, // not of transactions that bring a key into being
    all,
};
enum class tie_break : std::uint8_t { by_rank, incoming_wins, local_wins };
enum class tombstones_go : std::uint8_t {
    when_verified,  // the peer's stream has come to where it knew of them
    when_applied,   // the peer has applied the delete
    when_confirmed, // the peer has confirmed the delete
};

// The rules under test; switched off one at a time.
struct sim_rules {
    bool guard = true;                    // R11
    bool same_peer_shortcut = true;       // R11
    tie_break tie = tie_break::by_rank;   // R11
    bool barrier = true;                  // R12
    bool tombstones = true;               // R9
    bool verifies = true;                 // R9
    bool verifies_by_change = true;       // R9: by the v that arrived, not by the row's stamp
    bool holds_confirmation = true;       // R9, R5
    bool verifies_again = true;           // R9: what is sent again to a new process
    bool stores_before_confirming = true; // R9
    tombstones_go drops = tombstones_go::when_verified; // R9
    bool waits_for_running = true; // ... and the peer's transactions beside it had ended
    bool scans = true;             // R10

    // Found by this simulation. The product has them all but tells_horizon_again: tombstones of an idle pair stay there.
    bool scan_verifies_nothing = true; // what a scan has read is not applied yet
    bool scan_passes_nothing = true;   // ... and what is sent again has not all come
    // A start that finds other progress than the process was told of has all sent again that is not confirmed, and forgets
    // what is open of it: the answer of a commit was lost.
    bool asks_again_in_doubt = true;
    bool tells_horizon_again = true; // the newest, which came while an older one was waited for
    bool drops_again = true;         // tombstones that were stored behind the last drop

    // docs/decisions/0002, "What follows", 3. Not in the product.
    bool repeats_missed_deletes = false;
    // The same, 5: for three masters. Not in the product.
    bool applied_deletes_are_kept = false;
};

struct sim_faults {
    late_commits late = late_commits::none;
    int process_crashes = 0;
    int stream_restarts = 0;
    int turns = 0; // of two processes, one of which serves at a time
    int server_crashes = 0;
    bool lost_answers = false; // of commits, when a stream ends
};

struct sim_settings {
    int nodes = 2;
    std::uint32_t most_in_batch = 4; // source transactions
    std::int64_t skew = 20;
    key_id keys = key_count;
    bool tight = false;          // queues of one transaction, one open verification
    std::uint32_t truncates = 2; // percent
    sim_rules rules;
    sim_faults faults;
};

// What all parts of one schedule share.
struct sim_world {
    sim_world(std::uint64_t seed, sim_settings const& chosen) : luck{seed}, settings{chosen} {}

    dice luck;
    sim_settings const& settings;
    engine::change_maker maker; // holds the bytes of all changes
    std::deque<engine::truncation> truncations;
    std::int64_t now = 1'000;
    std::uint32_t next_value = 100;
    std::vector<std::string> broken; // what must never happen
};

struct version {
    std::uint32_t value = 0;
    std::int64_t writer = 0; // xmin
    pg_time at;              // its commit time stamp
    int origin = nobody;
};
using table_rows = std::array<std::optional<version>, key_count>;

struct app_write {
    engine::change_kind kind = engine::change_kind::insert;
    key_id key = 0;
    std::uint32_t value = 0;
};

struct wal_record {
    std::int64_t id = 0;
    lsn final_lsn;
    lsn end;
    pg_time at;
    int origin = nobody;
    std::vector<app_write> writes; // of applications
    std::vector<engine::change> changes;
};

struct tombstone {
    std::optional<key_id> key; // none: a TRUNCATE
    pg_time at;
    int deleter = nobody;
    lsn position; // of the deleter
    friend bool operator==(tombstone const&, tombstone const&) = default;
};

// Commits step by step: its locks are held, and others do not see it, until it has ended.
struct app_transaction {
    enum class stage : std::uint8_t { open, stamped, logged };
    std::int64_t id = 0;
    stage at_stage = stage::open;
    bool late = false;
    pg_time at;
    std::vector<app_write> writes;
};

class master {
public:
    master(sim_world& all, int which) : number{which}, all_{all} {
        skew_ = static_cast<std::int64_t>(
                    all.luck.below(static_cast<std::uint32_t>(2 * all.settings.skew + 1))) -
                all.settings.skew;
        for (auto& each : progress) {
            each.start = wal_end;
        }
    }

    int const number;
    table_rows rows;
    std::vector<wal_record> wal;
    lsn wal_end{1'000};
    lsn flushed{1'000};
    std::vector<tombstone> tombstones;
    std::array<engine::progress_facts, most_nodes> progress; // by source
    struct slot {
        lsn confirmed{1'000};
        lsn on_disk{1'000}; // what a crash goes back to
    };
    std::array<slot, most_nodes> slots; // by target
    std::deque<app_transaction> running;
    std::int64_t resolution = 1;

    [[nodiscard]] pg_time clock() const { return {(all_.now + skew_) / resolution * resolution}; }
    void jump(std::int64_t forward) { skew_ += forward; }

    [[nodiscard]] std::int64_t next_number() const { return next_number_; }
    std::int64_t take_number() { return next_number_++; }
    // txid_snapshot_xmin().
    [[nodiscard]] std::int64_t oldest_running() const {
        auto oldest = next_number_;
        for (auto const& each : running) {
            oldest = std::min(oldest, each.id);
        }
        return oldest;
    }

    [[nodiscard]] bool locked(key_id key) const {
        return std::ranges::any_of(running, [key](app_transaction const& each) {
            return std::ranges::any_of(each.writes, [key](app_write const& one) {
                return one.kind == engine::change_kind::truncate || one.key == key;
            });
        });
    }

    // --- what writes
    void begin(std::vector<app_write> writes);
    // The next stage of the n-th running one.
    void advance(std::size_t nth);
    // A transaction of our bookkeeping.
    void write_synchronously() {
        ++next_number_;
        wal_end.value += 60;
        flush();
    }
    void log(wal_record made, bool synchronously) {
        wal_end.value += all_.luck.below(3) * 20;
        made.final_lsn = wal_end;
        wal_end.value += 32;
        made.end = wal_end;
        wal.push_back(std::move(made));
        if (synchronously) {
            flush();
        }
    }
    void flush() {
        flushed = wal_end;
        durable_number_ = next_number_;
        undo_.clear();
    }

    // What an asynchronous commit changed, until it is flushed.
    struct undo {
        lsn end;
        std::vector<std::pair<key_id, std::optional<version>>> rows;
        int stream = 0;
        engine::progress_facts progress;
        std::size_t tombstones = 0; // added
    };
    void may_be_lost(undo one) {
        if (one.end > flushed) {
            undo_.push_back(std::move(one));
        }
    }
    // Whatever was not flushed is gone; its positions and transaction numbers come again.
    void crash();
    // Everything up to there of that source survives a crash.
    [[nodiscard]] lsn durable(int source) const {
        auto const& first = std::ranges::find(undo_, source, &undo::stream);
        auto const& facts =
            first == undo_.end() ? progress[static_cast<std::size_t>(source)] : first->progress;
        return facts.reached();
    }

private:
    void end(app_transaction const& done);
    [[nodiscard]] std::vector<engine::change> changes_of(std::vector<app_write> const& writes);

    sim_world& all_;
    std::int64_t skew_ = 0;
    std::int64_t next_number_ = 700;
    std::int64_t durable_number_ = 700; // a crash gives those from here on out again
    std::vector<undo> undo_;            // in the order of the commits
};

inline void master::begin(std::vector<app_write> writes) {
    app_transaction made;
    made.id = next_number_++;
    auto const late = all_.settings.faults.late;
    bool const new_key = std::ranges::any_of(writes, [this](app_write const& one) {
        return one.kind == engine::change_kind::insert && !rows[one.key];
    });
    bool const may =
        late == late_commits::all || (late == late_commits::without_new_keys && !new_key);
    made.late = may && all_.luck.chance(60);
    made.writes = std::move(writes);
    running.push_back(std::move(made));
    if (all_.luck.chance(70)) {
        advance(running.size() - 1);
    }
}

inline void master::advance(std::size_t nth) {
    auto& one = running[nth];
    using stage = app_transaction::stage;
    if (one.at_stage == stage::open) {
        one.at = clock();
        one.at_stage = stage::stamped;
        if (one.late) {
            return;
        }
    }
    if (one.at_stage == stage::stamped) {
        log({one.id, {}, {}, one.at, nobody, one.writes, changes_of(one.writes)}, true);
        one.at_stage = stage::logged;
        if (one.late) {
            return;
        }
    }
    end(one);
    running.erase(running.begin() + static_cast<std::ptrdiff_t>(nth));
}

inline void master::end(app_transaction const& done) {
    for (auto const& one : done.writes) {
        switch (one.kind) {
        case engine::change_kind::insert:
        case engine::change_kind::update:
            rows[one.key] = version{one.value, done.id, done.at, nobody};
            break;
        case engine::change_kind::remove:
            rows[one.key].reset();
            break;
        case engine::change_kind::truncate:
            rows.fill(std::nullopt);
            break;
        case engine::change_kind::ddl: // not of this model
            break;
        }
    }
}

inline std::vector<engine::change> master::changes_of(std::vector<app_write> const& writes) {
    std::vector<engine::change> made;
    for (auto const& one : writes) {
        auto const key = wire::text(std::to_string(one.key));
        auto const value = wire::text(std::to_string(one.value));
        switch (one.kind) {
        case engine::change_kind::insert:
            made.push_back(all_.maker.insert(synced_table(), {key, value}));
            break;
        case engine::change_kind::update:
            made.push_back(all_.maker.update(synced_table(), {key, value}));
            break;
        case engine::change_kind::remove:
            made.push_back(all_.maker.remove(synced_table(), {key, wire::null()}));
            break;
        case engine::change_kind::truncate: {
            auto& list = all_.truncations.emplace_back();
            list.relations.push_back(synced_table().shape);
            auto& what = made.emplace_back();
            what.kind = one.kind;
            what.truncated = &list;
            break;
        }
        case engine::change_kind::ddl:
            break;
        }
    }
    return made;
}

inline void master::crash() {
    for (; !undo_.empty(); undo_.pop_back()) {
        auto const& last = undo_.back();
        for (auto each = last.rows.rbegin(); each != last.rows.rend(); ++each) {
            rows[each->first] = each->second;
        }
        progress[static_cast<std::size_t>(last.stream)] = last.progress;
        tombstones.resize(tombstones.size() - last.tombstones);
    }
    while (!wal.empty() && wal.back().end > flushed) {
        wal.pop_back();
    }
    wal_end = flushed;
    for (auto const& each : running) {
        if (each.at_stage == app_transaction::stage::logged) {
            end(each);
        }
    }
    running.clear();
    next_number_ = durable_number_;
    for (auto& each : slots) {
        each.confirmed = each.on_disk;
    }
}

} // namespace tandem::sim
