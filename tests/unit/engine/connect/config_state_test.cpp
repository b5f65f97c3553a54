#include "engine/connect/config_state.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tandem::connect {
namespace {

using change = config_state::change;

class ConfigState : public testing::Test {
protected:
    change take(std::string_view key, std::optional<std::string_view> value) {
        auto const told = state_.take(key, value);
        EXPECT_TRUE(told) << (told ? "" : told.error().what);
        return told ? told->what : change::none;
    }
    change take(topic_record const& one) { return take(one.key, one.value); }
    std::string refused(std::string_view key, std::optional<std::string_view> value) {
        auto const told = state_.take(key, value);
        return told ? "taken" : told.error().what;
    }

    property_map const config_{{"connector.class", "C"}, {"name", "größe-1"}};
    config_state state_;
};

TEST_F(ConfigState, ReadsWhatItWrites) {
    EXPECT_EQ(take(target_record("größe-1", target_state::stopped)), change::none); // still to come
    EXPECT_EQ(take(config_record("größe-1", config_)), change::connector);
    for (auto const& each : task_records("größe-1", {config_, {{"task", "1"}}})) {
        EXPECT_EQ(take(each), each.key == "commit-größe-1" ? change::tasks : change::none);
    }
    ASSERT_NE(state_.find("größe-1"), nullptr);
    EXPECT_EQ(*state_.find("größe-1"),
              (connector_entry{config_, target_state::stopped, {config_, {{"task", "1"}}}, false}));
    EXPECT_EQ(take(target_record("größe-1", target_state::started)), change::target);
    EXPECT_EQ(take(target_record("größe-1", target_state::started)), change::none); // as it was
    auto const asked =
        state_.take("restart-connector-größe-1", *restart_record("größe-1", true, false).value);
    ASSERT_TRUE(asked);
    EXPECT_TRUE(asked->what == change::restart && asked->only_failed && !asked->with_tasks);
    for (auto const& each : removal_records("größe-1")) {
        EXPECT_EQ(take(each), each.key.starts_with("c") ? change::removed : change::none);
    }
    EXPECT_TRUE(state_.connectors().empty());
}

TEST_F(ConfigState, ReadsWhatAWorkerWrites) {
    EXPECT_EQ(take("session-key", R"({"key":"x","algorithm":"HmacSHA256","creation-timestamp":1})"),
              change::none);
    EXPECT_EQ(take("connector-c", R"({"properties":{"a":"1","b":null}})"), change::connector);
    EXPECT_EQ(take("target-state-c", R"({"state":"PAUSED"})"), change::target); // before 3.5
    EXPECT_EQ(take("tasks-fencing-c", R"({"task-count":1})"), change::none);
    EXPECT_EQ(take("logger-cluster-x", R"({"level":"DEBUG"})"), change::none);
    EXPECT_EQ(*state_.find("c"), (connector_entry{{{"a", "1"}}, target_state::paused, {}, false}));
    EXPECT_EQ(*target_record("c", target_state::stopped).value,
              R"({"state":"PAUSED","state.v2":"STOPPED"})");
}

TEST_F(ConfigState, ACommitCountsWhenItsTasksAreThere) {
    take(config_record("c", config_));
    EXPECT_EQ(take("commit-c", R"({"tasks":1})"), change::none); // compaction took the task
    EXPECT_TRUE(state_.find("c")->inconsistent);
    take("task-c-0", R"({"properties":{"t":"0"}})");
    EXPECT_EQ(take("commit-c", R"({"tasks":1})"), change::tasks);
    EXPECT_FALSE(state_.find("c")->inconsistent);
    EXPECT_EQ(take("commit-c", R"({"tasks":0})"), change::tasks);
    EXPECT_TRUE(state_.find("c")->tasks.empty());
    EXPECT_EQ(take("commit-gone", R"({"tasks":1})"), change::none);
}

TEST_F(ConfigState, NamesMayHaveDashes) {
    take(config_record("a-1", config_));
    take("task-a-1-0", R"({"properties":{"t":"0"}})");
    EXPECT_EQ(take("commit-a-1", R"({"tasks":1})"), change::tasks);
    EXPECT_EQ(state_.find("a-1")->tasks.size(), 1U);
}

TEST_F(ConfigState, PassesOverWhatIsNone) {
    take(config_record("c", config_));
    auto const before = state_.connectors();
    std::vector<std::pair<std::string, std::optional<std::string>>> const bad{
        {"", "x"},
        {"other", "{}"},
        {"connector-c", "not json"},
        {"connector-c", "[]"},
        {"connector-c", R"({"properties":[]})"},
        {"connector-c", R"({"properties":{"a":1}})"},
        {"target-state-c", R"({"state":"FLYING"})"},
        {"target-state-c", R"({"state":7,"state.v2":[]})"},
        {"task-c", R"({"properties":{}})"},
        {"task-c-x", R"({"properties":{}})"},
        {"task-c-99999999999", R"({"properties":{}})"},
        {"task-c-0", std::nullopt},
        {"commit-c", std::nullopt},
        {"commit-c", R"({"tasks":-1})"},
        {"commit-c", R"({"tasks":"1"})"},
        {"commit-c", R"({"tasks":1000000000})"},
        {"restart-connector-c", "1"},
    };
    for (auto const& [key, value] : bad) {
        EXPECT_NE(refused(key, value), "taken") << key << ' ' << value.value_or("none");
    }
    EXPECT_EQ(state_.connectors(), before);
    EXPECT_EQ(refused("connector-c", "1"),
              "record connector-c of the configuration topic is passed over: it has no properties");
}

} // namespace
} // namespace tandem::connect
