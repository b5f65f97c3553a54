// --conflict node-wins: two masters, one of which wins, under schedules with commit times in disorder, ties, batches and new
// starts. What is right here are positions; what decides are times, as on servers, with what node_deletes notes of them.

#include "engine/core/node_deletes.hpp"
#include "tests/sim/seeded.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace tandem::sim {
namespace {

constexpr std::size_t keys = 3;

struct version {
    std::uint64_t value = 0; // 0: no row
    bool own = false;        // written at the node where it stands
    pg_time at;              // its commit time
    std::uint32_t id = 0;    // its transaction
};

struct transaction {
    std::size_t key = 0;
    std::uint64_t value = 0;
    pg_time at;
    std::uint32_t id = 0;
    lsn end;
    engine::seen_of_target seen;
};

struct node {
    std::array<version, keys> rows;
    std::array<std::int64_t, keys> last_of{}; // a key's commit times rise
    std::vector<transaction> wal;             // of its own
    std::size_t decoded = 0;                  // of them, by this process
    engine::node_deletes notes;
    pg_time newest_sent;
    std::vector<pg_time> recent;
    std::size_t applied = 0;    // of the peer's
    engine::seen_of_target has; // of the peer: what its next writer has seen
};

struct rules {
    bool notes_inversions = true;
    bool tells_ties = true;
};

class masters {
public:
    masters(std::uint64_t seed, rules on) : chance_{seed}, on_{on} {}

    bool converge() {
        for (int step = 0; step < 40; ++step) {
            ++clock_;
            auto const which = chance_.below(2);
            if (chance_.below(10) < 6) {
                write(nodes_[which]);
            } else {
                apply(which, 1 + chance_.below(3));
            }
            if (chance_.below(20) ==
                0) { // the winner's process starts again and reads some of its log twice
                auto& first = nodes_[0];
                first.decoded = std::min(first.decoded, nodes_[1].applied);
                first.newest_sent = nodes_[1].has.at;
                first.recent.clear();
            }
        }
        while (nodes_[0].applied < nodes_[1].wal.size() ||
               nodes_[1].applied < nodes_[0].wal.size()) {
            apply(chance_.below(2), 1 + chance_.below(3));
        }
        return std::ranges::equal(nodes_[0].rows, nodes_[1].rows, {}, &version::value,
                                  &version::value);
    }

private:
    void write(node& at) {
        auto const key = chance_.below(keys);
        // A commit's time may be taken before that of one that stands before it; two may be the same.
        auto const time = std::max<std::int64_t>(
            clock_ - static_cast<std::int64_t>(chance_.below(4)), at.last_of[key] + 1);
        at.last_of[key] = time;
        auto const value = at.rows[key].value != 0 && chance_.below(4) == 0 ? 0 : ++values_;
        transaction made{key, value, pg_time{time}, ++ids_, lsn{++positions_}, at.has};
        at.rows[key] = {value, true, made.at, made.id};
        at.wal.push_back(made);
    }

    void decode(node& at) {
        for (; at.decoded < at.wal.size(); ++at.decoded) {
            auto const& one = at.wal[at.decoded];
            bool const tied = std::ranges::find(at.recent, one.at) != at.recent.end();
            if (one.at <= at.newest_sent && on_.notes_inversions) {
                bool const by_id = on_.tells_ties && (tied || one.at == at.newest_sent);
                at.notes.inverted({one.end, one.at, by_id ? one.id : 0});
            }
            at.newest_sent = std::max(at.newest_sent, one.at);
            at.recent.push_back(one.at);
        }
    }

    // At node `which`, of so many transactions in one.
    void apply(std::size_t which, std::size_t most) {
        auto& at = nodes_[which];
        auto& from = nodes_[1 - which];
        auto const until = std::min(from.wal.size(), at.applied + most);
        decode(at); // it was sent, and brought back what its peer had seen, before
        for (; at.applied < until; ++at.applied) {
            auto const& one = from.wal[at.applied];
            if (which == 1 || !unseen(at, at.rows[one.key], one.seen)) {
                at.rows[one.key] = {one.value, false, one.at, one.id};
            }
            at.has = {one.end, std::max(at.has.at, one.at)};
        }
    }

    [[nodiscard]] static bool unseen(node const& at, version const& row,
                                     engine::seen_of_target seen) {
        if (!row.own) {
            return false;
        }
        auto const noted = at.notes.inversions(seen.position);
        return row.at > seen.at || std::ranges::any_of(noted, [&](engine::inversion const& each) {
                   return each.at == row.at && (each.id == 0 || each.id == row.id);
               });
    }

    dice chance_;
    rules on_;
    std::array<node, 2> nodes_; // the first one wins
    std::int64_t clock_ = 10;
    std::uint64_t values_ = 0;
    std::uint64_t positions_ = 0;
    std::uint32_t ids_ = 0;
};

TEST(NodeWins, Converges) {
    for_seeds(20'000, [](std::uint64_t seed) { EXPECT_TRUE(masters(seed, {}).converge()); });
}

// Whether some schedule needs the rule.
bool is_needed(rules without) {
    for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
        if (!masters{seed, without}.converge()) {
            return true;
        }
    }
    return false;
}

TEST(NodeWins, CommitTimesAloneDoNotTellWhoHadSeenWhom) {
    EXPECT_TRUE(is_needed({.notes_inversions = false}));
}

TEST(NodeWins, EqualCommitTimesDoNotEither) {
    EXPECT_TRUE(is_needed({.tells_ties = false}));
}

} // namespace
} // namespace tandem::sim
