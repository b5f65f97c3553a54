// Masters that write the same keys end with the same rows (R5, R9 to R12), whatever fails on the way: each key with the
// write of the greatest (commit time, rank), nothing waits for ever, nothing is confirmed that is not verified, and no
// tombstone stays. engine/core's objects decide; what engine/flow does with them is in model_*.hpp.
//
// That the greatest write wins holds with late commits too: writes of one key hold its lock, so that at one node their
// times stand in the order of its WAL; a delete alone passes by what it does not see yet, see repeats_missed_deletes.
//
// Not modelled: Kafka, two appliers of one stream, the UPDATE that moves a key (here a delete and an insert), columns left
// out, secondary unique keys, parked rows, clocks that step back, late commits of the appliers themselves.

#include "tests/sim/model_schedule.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace tandem::sim {
namespace {

void converges(std::uint64_t count, sim_settings const& settings) {
    for_seeds(count, [&settings](std::uint64_t seed) {
        auto const got = schedule{seed, settings}.run();
        ASSERT_TRUE(got.what.empty() && !got.diverged) << got.what;
    });
}

sim_settings failing(late_commits late) {
    sim_settings made;
    made.faults = {late, 6, 6, 2, 4, true};
    made.rules.repeats_missed_deletes = late == late_commits::all;
    return made;
}

sim_settings three_masters(sim_settings made) {
    made.nodes = 3;
    made.most_in_batch = 1;
    made.rules.repeats_missed_deletes = true;
    made.rules.applied_deletes_are_kept = true;
    return made;
}

TEST(ConvergenceSim, TwoMasters) {
    converges(15'000, {});
}

TEST(ConvergenceSim, TwoMastersAndWhateverFails) {
    converges(20'000, failing(late_commits::none));
}

TEST(ConvergenceSim, TwoMastersWithLateCommitsThatMakeNoKey) {
    converges(20'000, failing(late_commits::without_new_keys));
}

// What the product does not do yet.
TEST(ConvergenceSim, TwoMastersWithLateCommitsThatRepeatMissedDeletes) {
    converges(20'000, failing(late_commits::all));
}

TEST(ConvergenceSim, TwoMastersWithQueuesOfOneAndOneOpenVerification) {
    auto settings = failing(late_commits::without_new_keys);
    settings.tight = true;
    converges(15'000, settings);
}

TEST(ConvergenceSim, TwoMastersWithTwoHotKeys) {
    auto settings = failing(late_commits::without_new_keys);
    settings.keys = 2;
    converges(10'000, settings);
}

// The product has no three masters yet: these are the rules that they need.
TEST(ConvergenceSim, ThreeMasters) {
    converges(10'000, three_masters({}));
}

TEST(ConvergenceSim, ThreeMastersAndWhateverFails) {
    converges(10'000, three_masters(failing(late_commits::all)));
}

} // namespace
} // namespace tandem::sim
