#include "engine/connect/status_state.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tandem::connect {
namespace {

class StatusState : public testing::Test {
protected:
    void take(topic_record const& one) {
        auto const done = state_.take(one.key, one.value);
        EXPECT_TRUE(done) << (done ? "" : done.error().what);
    }

    run_status const running_{run_state::running, "h:8083", 3, ""};
    status_state state_;
};

TEST_F(StatusState, ReadsWhatItWrites) {
    run_status const failed{run_state::failed, "h:8083", 4, "why\nso"};
    take(connector_status_record("c-1", running_));
    take(task_status_record("c-1", 0, failed));
    take(used_topic_record("c-1", "p.public.t", {0, 17}));
    ASSERT_NE(state_.connector("c-1"), nullptr);
    EXPECT_EQ(*state_.connector("c-1"), running_);
    EXPECT_EQ(state_.tasks("c-1"), (std::map<int, run_status>{{0, failed}}));
    EXPECT_EQ(state_.topics("c-1"), (std::map<std::string, used_topic>{{"p.public.t", {0, 17}}}));
    for (auto const& each : forget_records("c-1", state_)) {
        take(each);
    }
    EXPECT_EQ(state_.connector("c-1"), nullptr);
    EXPECT_TRUE(state_.tasks("c-1").empty() && state_.topics("c-1").empty());
}

TEST_F(StatusState, WritesAsAWorkerDoes) {
    EXPECT_EQ(
        connector_status_record("c", running_),
        (topic_record{"status-connector-c",
                      R"({"state":"RUNNING","trace":null,"worker_id":"h:8083","generation":3})"}));
    EXPECT_EQ(
        used_topic_record("c", "t", {0, 5}),
        (topic_record{"status-topic-t:connector-c",
                      R"({"topic":{"name":"t","connector":"c","task":0,"discoverTimestamp":5}})"}));
}

TEST_F(StatusState, AWorkerThatLostATaskSaysNothingAgainstItsNextOne) {
    take(task_status_record("c", 0, running_));
    take(task_status_record("c", 0, {run_state::unassigned, "g:8083", 2, ""}));
    EXPECT_EQ(state_.tasks("c").at(0), running_);
    take(task_status_record("c", 0, {run_state::unassigned, "g:8083", 4, ""}));
    EXPECT_EQ(state_.tasks("c").at(0).state, run_state::unassigned);
}

TEST_F(StatusState, NorAWorkerThatLostAConnector) {
    take(connector_status_record("c", running_));
    for (int const generation : {2, 3, 4}) { // each worker counts its own
        take(connector_status_record("c", {run_state::unassigned, "g:8083", generation, ""}));
        EXPECT_EQ(*state_.connector("c"), running_);
    }
    take(connector_status_record("c", {run_state::unassigned, "h:8083", 3, ""})); // its own
    EXPECT_EQ(state_.connector("c")->state, run_state::unassigned);
    take(connector_status_record("c", running_));
    EXPECT_EQ(*state_.connector("c"), running_);
}

TEST_F(StatusState, PassesOverWhatIsNone) {
    take(connector_status_record("c", running_));
    std::vector<std::pair<std::string, std::string>> const bad{
        {"", "{}"},
        {"status-connector-", R"({"state":"RUNNING","generation":1})"},
        {"status-connector-c", "1"},
        {"status-connector-c", R"({"state":"DESTROYED","generation":1})"},
        {"status-connector-c", R"({"state":"RUNNING","generation":"1"})"},
        {"status-task-c", R"({"state":"RUNNING","generation":1})"},
        {"status-task-c-x", R"({"state":"RUNNING","generation":1})"},
        {"status-task-c-0", "null"},
        {"status-topic-t", "{}"},
        {"status-topic-:connector-c", "{}"},
        {"status-topic-t:connector-", "{}"},
        {"status-topic-t:connector-c", R"({"topic":1})"},
    };
    for (auto const& [key, value] : bad) {
        EXPECT_FALSE(state_.take(key, value)) << key << ' ' << value;
    }
    EXPECT_EQ(*state_.connector("c"), running_);
    EXPECT_TRUE(state_.tasks("c").empty() && state_.topics("c").empty());
}

} // namespace
} // namespace tandem::connect
