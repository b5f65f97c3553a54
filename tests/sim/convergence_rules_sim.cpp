// No rule of convergence is superfluous: without it some schedule ends with other rows at one node than at another, or
// never ends. Beside each, how often that was when it was written, of 5,000 to 20,000.

#include "tests/sim/model_schedule.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>

namespace tandem::sim {
namespace {

using change = std::function<void(sim_settings&)>;

// Whether the seeds 1 .. count have one that ends so.
void goes_wrong(std::uint64_t count, sim_settings const& settings, bool verdict::*how) {
    for (std::uint64_t seed = 1; seed <= count; ++seed) {
        seed_in_progress = seed;
        if (schedule{seed, settings}.run().*how) {
            return;
        }
    }
    FAIL() << "nothing in " << count << " schedules shows that the rule is needed";
}

sim_settings failing() {
    sim_settings made;
    made.faults = {late_commits::without_new_keys, 6, 6, 2, 4, true};
    return made;
}

void diverges_without(std::uint64_t count, change const& rule) {
    auto settings = failing();
    rule(settings);
    goes_wrong(count, settings, &verdict::diverged);
}

TEST(ConvergenceSim, NeedsTheGuard) { // 98 %
    diverges_without(1'000, [](auto& with) { with.rules.guard = false; });
}

TEST(ConvergenceSim, NeedsTheSamePeerShortcut) { // 2.8 %, with late commits only
    diverges_without(3'000, [](auto& with) { with.rules.same_peer_shortcut = false; });
}

TEST(ConvergenceSim, NeedsTheRankToBreakTies) { // 3.8 %
    diverges_without(3'000, [](auto& with) { with.rules.tie = tie_break::incoming_wins; });
    diverges_without(3'000, [](auto& with) { with.rules.tie = tie_break::local_wins; });
}

TEST(ConvergenceSim, NeedsTheClockBarrier) { // 0.02 %; 0.8 % with ten times the skew
    diverges_without(5'000, [](auto& with) {
        with.rules.barrier = false;
        with.skew = 200;
    });
}

TEST(ConvergenceSim, NeedsTombstones) { // 57 %
    diverges_without(1'000, [](auto& with) { with.rules.tombstones = false; });
}

TEST(ConvergenceSim, NeedsVerification) { // 56 %
    diverges_without(1'000, [](auto& with) { with.rules.verifies = false; });
}

TEST(ConvergenceSim, NeedsVerificationByWhatArrived) { // 5.7 %
    diverges_without(3'000, [](auto& with) { with.rules.verifies_by_change = false; });
}

TEST(ConvergenceSim, NeedsConfirmationToWaitForVerification) { // 11 %
    diverges_without(3'000, [](auto& with) { with.rules.holds_confirmation = false; });
}

TEST(ConvergenceSim, NeedsVerificationOfWhatIsSentAgain) { // 0.3 %
    diverges_without(10'000, [](auto& with) { with.rules.verifies_again = false; });
}

TEST(ConvergenceSim, NeedsTombstonesToBeStoredBeforeTheyAreConfirmed) { // 0.005 %
    diverges_without(20'000, [](auto& with) {
        with.faults = {late_commits::none, 20, 0, 0, 0, false};
        with.rules.stores_before_confirming = false;
    });
}

TEST(ConvergenceSim, NeedsTombstonesForAsLongAsThePeerMaySendOlderRows) { // 45 %, 27 %
    diverges_without(1'000, [](auto& with) { with.rules.drops = tombstones_go::when_applied; });
    diverges_without(1'000, [](auto& with) { with.rules.drops = tombstones_go::when_confirmed; });
}

TEST(ConvergenceSim, NeedsDecodersThatScan) { // 59 %
    auto settings = failing();
    settings.rules.scans = false;
    goes_wrong(1'000, settings, &verdict::stuck);
}

// --- of late commits that make a key

sim_settings with_late_keys() {
    sim_settings made;
    made.faults.late = late_commits::all;
    return made;
}

TEST(ConvergenceSim, NeedsMissedDeletesToBeRepeated) { // 0.2 %: what the product lacks
    goes_wrong(10'000, with_late_keys(), &verdict::diverged);
}

TEST(ConvergenceSim, NeedsTombstonesUntilWhatRanBesideHasEnded) { // 0.04 %
    auto settings = with_late_keys();
    settings.rules.repeats_missed_deletes = true;
    settings.rules.waits_for_running = false;
    goes_wrong(20'000, settings, &verdict::diverged);
}

// --- found by this simulation

TEST(ConvergenceSim, NeedsScansThatVerifyNothing) { // 0.4 %
    diverges_without(10'000, [](auto& with) { with.rules.scan_verifies_nothing = false; });
}

TEST(ConvergenceSim, NeedsScansThatPassNothing) { // 0.06 %
    auto settings = failing();
    settings.tight = true;
    settings.rules.scan_passes_nothing = false;
    goes_wrong(20'000, settings, &verdict::confirmed_too_much);
}

TEST(ConvergenceSim, NeedsDoubtAboutAnswersThatAreLost) { // 0.2 %
    diverges_without(10'000, [](auto& with) { with.rules.asks_again_in_doubt = false; });
}

TEST(ConvergenceSim, NeedsTheNewestHorizonToBeToldAgain) { // 80 %
    sim_settings settings;
    settings.rules.tells_horizon_again = false;
    goes_wrong(100, settings, &verdict::tombstones_stay);
}

TEST(ConvergenceSim, NeedsTombstonesThatCameLateToBeDroppedToo) { // 0.04 %
    sim_settings settings;
    settings.faults.stream_restarts = 20;
    settings.rules.drops_again = false;
    goes_wrong(20'000, settings, &verdict::tombstones_stay);
}

// --- of three masters

void three_diverge_without(std::uint64_t count, change const& rule) {
    auto settings = failing();
    settings.nodes = 3;
    settings.most_in_batch = 1;
    settings.rules.repeats_missed_deletes = true;
    settings.rules.applied_deletes_are_kept = true;
    rule(settings);
    goes_wrong(count, settings, &verdict::diverged);
}

TEST(ConvergenceSim, ThreeMastersNeedOneSourceTransactionACommit) { // 10 %
    three_diverge_without(1'000, [](auto& with) { with.most_in_batch = 4; });
}

TEST(ConvergenceSim, ThreeMastersNeedTombstonesOfAppliedDeletes) { // 29 %
    three_diverge_without(1'000, [](auto& with) { with.rules.applied_deletes_are_kept = false; });
}

TEST(ConvergenceSim, ThreeMastersNeedVerificationOfWhatIsSentAgain) { // 0.7 %
    three_diverge_without(5'000, [](auto& with) { with.rules.verifies_again = false; });
}

} // namespace
} // namespace tandem::sim
