#include "engine/core/start_check.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace tandem::engine {
namespace {

source_facts healthy_source() {
    source_facts source;
    source.system_id = "71";
    source.timeline = 1;
    source.wal_end = lsn{1'000};
    source.incarnation = "now";
    source.slot_exists = true;
    source.confirmed_flush = lsn{500};
    source.slot = "tandem_a_b_1";
    return source;
}

progress_facts healthy_progress() {
    progress_facts progress;
    progress.applied = lsn{500};
    progress.start = lsn{100};
    progress.applied_xid = xid{7};
    progress.applied_at = pg_time{77};
    progress.system_id = "71";
    progress.timeline = 1;
    progress.incarnation = "now";
    return progress;
}

struct start_case {
    std::string name;
    std::function<void(source_facts&, progress_facts&)> change;
    start_verdict verdict;
    std::string reason; // part of it
    bool expect_last = false;
};

void PrintTo(start_case const& each, std::ostream* out) {
    *out << each.name;
}

class StartCheck : public testing::TestWithParam<start_case> {};

TEST_P(StartCheck, Decides) {
    auto source = healthy_source();
    auto progress = healthy_progress();
    GetParam().change(source, progress);
    auto const decision = check_start(source, progress);
    EXPECT_EQ(decision.verdict, GetParam().verdict);
    EXPECT_NE(decision.reason.find(GetParam().reason), std::string::npos) << decision.reason;
    EXPECT_EQ(decision.expect_last_applied, GetParam().expect_last);
}

INSTANTIATE_TEST_SUITE_P(
    All, StartCheck,
    testing::Values(
        start_case{"as_left", [](auto&, auto&) {}, start_verdict::go, ""},
        start_case{"first_start",
                   [](auto& source, auto& progress) {
                       progress = progress_facts{};
                       progress.start = lsn{500};
                       source.confirmed_flush = lsn{500};
                   },
                   start_verdict::go, ""},
        start_case{"confirmed_behind_applied",
                   [](auto& source, auto&) { source.confirmed_flush = lsn{400}; },
                   start_verdict::go, "", true},
        start_case{"confirmed_at_safe_after_idling",
                   [](auto& source, auto& progress) {
                       progress.safe = lsn{800};
                       source.confirmed_flush = lsn{800};
                   },
                   start_verdict::go, ""},
        start_case{"slot_dropped", [](auto& source, auto&) { source.slot_exists = false; },
                   start_verdict::gap, "changes after 0/1F4 up to 0/3E8 are missing"},
        start_case{"slot_lost", [](auto& source, auto&) { source.slot_lost = true; },
                   start_verdict::lost, "max_slot_wal_keep_size"},
        start_case{"slot_advanced", [](auto& source, auto&) { source.confirmed_flush = lsn{501}; },
                   start_verdict::gap, "changes after 0/1F4 up to 0/1F5 are missing"},
        start_case{"another_server", [](auto& source, auto&) { source.system_id = "72"; },
                   start_verdict::gap, "another server"},
        start_case{"another_timeline", [](auto& source, auto&) { source.timeline = 2; },
                   start_verdict::gap, "timeline 2, was 1"},
        start_case{"ends_before_applied",
                   [](auto& source, auto&) {
                       source.wal_end = lsn{450};
                       source.confirmed_flush = lsn{400};
                   },
                   start_verdict::gap, "restored behind us"},
        start_case{"another_incarnation", [](auto& source, auto&) { source.incarnation = "old"; },
                   start_verdict::gap, "restored from a copy"},
        start_case{"went_through_kafka_meanwhile",
                   [](auto& source, auto&) {
                       source.incarnation = "old";
                       source.sent_as = {"first", "now"};
                   },
                   start_verdict::go, ""},
        start_case{"another_incarnation_behind_kafka",
                   [](auto& source, auto&) {
                       source.incarnation = "old";
                       source.sent_as = {"first", "second"};
                   },
                   start_verdict::gap, "restored from a copy"},
        start_case{"stopped_while_renewing_the_token",
                   [](auto& source, auto& progress) {
                       source.incarnation = "next";
                       progress.next_incarnation = "next";
                   },
                   start_verdict::go, ""}),
    [](auto const& tested) { return tested.param.name; });

TEST(ResumeGuard, DropsWhatWasAppliedAndPassesTheRest) {
    resume_guard guard{healthy_progress(), true};
    EXPECT_EQ(guard.begin(lsn{300}), resume_guard::verdict::applied_before);
    EXPECT_EQ(guard.end(lsn{400}, xid{6}, pg_time{66}), resume_guard::verdict::applied_before);
    EXPECT_EQ(guard.begin(lsn{450}), resume_guard::verdict::applied_before);
    EXPECT_EQ(guard.end(lsn{500}, xid{7}, pg_time{77}), resume_guard::verdict::applied_before);
    EXPECT_EQ(guard.begin(lsn{500}), resume_guard::verdict::fresh)
        << "a commit record may start where the last one ended";
}

TEST(ResumeGuard, AnotherTransactionAtTheLastPositionIsAGap) {
    resume_guard by_xid{healthy_progress(), true};
    EXPECT_EQ(by_xid.begin(lsn{450}), resume_guard::verdict::applied_before);
    EXPECT_EQ(by_xid.end(lsn{500}, xid{8}, pg_time{77}), resume_guard::verdict::gap);
    resume_guard by_time{healthy_progress(), true};
    EXPECT_EQ(by_time.end(lsn{500}, xid{7}, pg_time{78}), resume_guard::verdict::gap);
    EXPECT_NE(by_time.why().find("0/1F4"), std::string::npos);
}

TEST(ResumeGuard, PassingTheLastPositionUnseenIsAGap) {
    resume_guard by_transaction{healthy_progress(), true};
    EXPECT_EQ(by_transaction.begin(lsn{600}), resume_guard::verdict::gap);
    resume_guard by_keepalive{healthy_progress(), true};
    EXPECT_EQ(by_keepalive.keepalive(lsn{499}), resume_guard::verdict::fresh);
    EXPECT_EQ(by_keepalive.keepalive(lsn{500}), resume_guard::verdict::gap);
    resume_guard across{healthy_progress(), true};
    EXPECT_EQ(across.begin(lsn{480}), resume_guard::verdict::applied_before);
    EXPECT_EQ(across.end(lsn{520}, xid{7}, pg_time{77}), resume_guard::verdict::gap);
}

TEST(ResumeGuard, ChangesWhereTheSinkSawNoneAreAGap) {
    auto progress = healthy_progress();
    progress.safe = lsn{800};
    resume_guard guard{progress, false};
    EXPECT_EQ(guard.begin(lsn{700}), resume_guard::verdict::fresh) << "it may be an echo";
    EXPECT_EQ(guard.applies(lsn{800}), resume_guard::verdict::gap);
    EXPECT_EQ(guard.applies(lsn{801}), resume_guard::verdict::fresh);
}

TEST(ResumeGuard, ExpectsNothingWhenTheSlotStandsAtTheEnd) {
    resume_guard guard{healthy_progress(), false};
    EXPECT_EQ(guard.keepalive(lsn{900}), resume_guard::verdict::fresh);
    EXPECT_EQ(guard.begin(lsn{600}), resume_guard::verdict::fresh);
}

} // namespace
} // namespace tandem::engine
