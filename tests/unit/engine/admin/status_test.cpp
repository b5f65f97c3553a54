#include "engine/admin/status_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <set>
#include <sstream>

namespace tandem::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t start = 1'700'000'000 * second;

std::unique_ptr<instance_stats> two_nodes() {
    auto stats = std::make_unique<instance_stats>();
    stats->nodes.push_back(std::make_unique<node_stats>("a", 0));
    stats->nodes.push_back(std::make_unique<node_stats>("b", 1));
    stats->directions.push_back(std::make_unique<direction_stats>("a", "b"));
    stats->directions.push_back(std::make_unique<direction_stats>("b", "a"));
    stats->started_at_us = start;
    stats->policy = "last-update-wins";
    stats->nodes[0]->up = true;
    stats->nodes[0]->server_version = 150'020;
    return stats;
}

TEST(RateMeter, IsOverTheLastSeconds) {
    rate_meter meter;
    EXPECT_EQ(meter.per_second(start, 100), 0);
    meter.sample(start, 100);
    EXPECT_EQ(meter.per_second(start, 100), 0);
    EXPECT_DOUBLE_EQ(meter.per_second(start + second / 2, 150), 100.0);
    meter.sample(start + second / 2, 1'000'000); // too early: not taken
    EXPECT_DOUBLE_EQ(meter.per_second(start + 2 * second, 300), 100.0);
}

TEST(RateMeter, ForgetsWhatIsLongAgo) {
    rate_meter meter;
    std::uint64_t value = 0;
    for (int i = 0; i < 100; ++i) {
        meter.sample(start + i * second, value);
        value += i < 80 ? 1'000 : 10;
    }
    EXPECT_DOUBLE_EQ(meter.per_second(start + 100 * second, value), 10.0);
    EXPECT_EQ(meter.per_second(start + 100 * second, 0), 0)
        << "a counter that went back has no rate";
}

TEST(Lag, IsZeroWhileCaughtUpAndGrowsAfterwards) {
    EXPECT_EQ(lag_seconds(start, 0, 0), std::nullopt);
    EXPECT_EQ(lag_seconds(start, start - second / 2, start - 100 * second), 0.0);
    EXPECT_EQ(lag_seconds(start, start - 3 * second, start - 100 * second), 3.0);
    EXPECT_EQ(lag_seconds(start, start - 30 * second, start - 5 * second), 5.0);
    EXPECT_EQ(lag_seconds(start, 0, start + second), 0.0) << "the source's clock is ahead";
}

TEST(Status, HasTheShapeOfTheContract) {
    auto const stats = two_nodes();
    direction_stats& there = *stats->directions[0];
    there.set_state(direction_state::streaming, "");
    there.set_left_out({{"public.odd", "it is \"odd\""}});
    there.count.captured_rows = 12;
    there.count.applied_rows = 10;
    there.count.echoes_stopped = 3;
    there.count.conflicts[conflict_index("update_missing")] = 1;
    there.count.conflicts[conflict_index("unheard_of")] = 1;
    there.count.parked = 1;
    there.count.applied_lsn = 0x1000;
    there.count.server_wal_end = 0x1100;
    stats->directions[1]->set_state(direction_state::gap, "slot is gone");
    stats->nodes[0]->slot_active = true;
    stats->nodes[0]->slot_retained_wal_bytes = 77;

    status_board board{*stats};
    auto const json = nlohmann::json::parse(status_json(board.view(start + 5 * second)));
    auto const& ab = json["directions"]["a:b"];
    EXPECT_EQ(ab["state"], "streaming");
    EXPECT_EQ(ab["reason"], "");
    EXPECT_TRUE(ab["lag_seconds"].is_null());
    EXPECT_EQ(ab["lag_bytes"], 0x100);
    EXPECT_EQ(ab["captured"], 12);
    EXPECT_EQ(ab["applied"], 10);
    EXPECT_EQ(ab["echoes_stopped"], 3);
    EXPECT_EQ(ab["conflicts"], 2);
    EXPECT_EQ(ab["parked"], 1);
    EXPECT_EQ(ab["left_out"][0]["reason"], "it is \"odd\"");
    EXPECT_EQ(json["directions"]["b:a"]["state"], "gap");
    EXPECT_EQ(json["directions"]["b:a"]["reason"], "slot is gone");
    EXPECT_EQ(json["nodes"]["a"]["version"], 150'020);
    EXPECT_EQ(json["nodes"]["b"]["rank"], 1);
    EXPECT_EQ(json["nodes"]["a"]["slot"]["retained_wal_bytes"], 77);
    EXPECT_EQ(json["nodes"]["a"]["slot"]["active"], true);
    EXPECT_EQ(json["policy"], "last-update-wins");
    EXPECT_EQ(json["ready"], false);
    EXPECT_DOUBLE_EQ(json["uptime_seconds"].get<double>(), 5.0);
}

TEST(Status, FiguresOfKafkaAreThereWhenTheyAreKnown) {
    auto const stats = two_nodes();
    direction_stats& there = *stats->directions[0];
    there.count.foreign_records = 7;
    there.count.echoes_dropped = 2;
    there.kafka.queue_records = 5;
    there.kafka.queue_bytes = 600;
    there.kafka.round_trip_us = 1'500;
    status_board board{*stats};
    auto const seen = board.view(start);
    auto const json = nlohmann::json::parse(status_json(seen))["directions"];
    EXPECT_EQ(json["a:b"]["foreign_records"], 7);
    EXPECT_EQ(json["a:b"]["echoes_dropped"], 2);
    EXPECT_EQ(json["a:b"]["kafka"], nlohmann::json({{"queue_records", 5},
                                                    {"queue_bytes", 600},
                                                    {"round_trip_seconds", 0.0015},
                                                    {"lag_records", nullptr}}));
    EXPECT_EQ(json["b:a"]["foreign_records"], 0);
    EXPECT_TRUE(json["b:a"]["kafka"].is_null());

    std::string const text = metrics_text(seen);
    for (char const* const line :
         {"tandem_events_skipped_total{direction=\"a_to_b\",reason=\"foreign_record\"} 7\n",
          "tandem_events_echo_suppressed_total{direction=\"a_to_b\",method=\"record\"} 2\n",
          "tandem_events_echo_suppressed_total{direction=\"a_to_b\",method=\"origin\"} 0\n",
          "tandem_kafka_queue_records{direction=\"a_to_b\"} 5\n",
          "tandem_kafka_queue_bytes{direction=\"a_to_b\"} 600\n",
          "tandem_kafka_broker_round_trip_seconds{direction=\"a_to_b\"} 0.0015\n"}) {
        EXPECT_THAT(text, HasSubstr(line));
    }
    EXPECT_THAT(text, Not(HasSubstr("tandem_kafka_consumer_lag_records{")));
    EXPECT_THAT(text, Not(HasSubstr("tandem_kafka_queue_records{direction=\"b_to_a\"}")));
}

TEST(Status, WarningsOfTheDirectionsFollowThoseOfTheConfiguration) {
    auto const stats = two_nodes();
    stats->warnings.emplace_back("plain HTTP");
    stats->directions[1]->add_warning("no room for large transactions");
    status_board board{*stats};
    auto const json = nlohmann::json::parse(status_json(board.view(start)));
    EXPECT_EQ(json["warnings"],
              nlohmann::json({"plain HTTP", "b -> a: no room for large transactions"}));
}

TEST(Status, ATargetOnlyHasNoSlot) {
    auto const stats = two_nodes();
    stats->directions.pop_back();
    status_board board{*stats};
    auto const json = nlohmann::json::parse(status_json(board.view(start)));
    EXPECT_TRUE(json["nodes"]["a"].contains("slot"));
    EXPECT_FALSE(json["nodes"]["b"].contains("slot"));
    EXPECT_EQ(json["directions"].size(), 1U);
}

TEST(Status, RatesComeFromSamples) {
    auto const stats = two_nodes();
    status_board board{*stats};
    board.sample(start);
    stats->directions[0]->count.applied_rows = 5'000;
    EXPECT_DOUBLE_EQ(board.view(start + 2 * second).directions[0].rows_per_second, 2'500.0);
    EXPECT_DOUBLE_EQ(board.view(start + 2 * second).directions[1].rows_per_second, 0.0);
}

TEST(Ready, NamesWhyNot) {
    auto const stats = two_nodes();
    status_board board{*stats};
    stats->directions[0]->set_state(direction_state::streaming, "");
    stats->directions[1]->set_state(direction_state::retrying, "node b: connecting: refused");
    status_view const half = board.view(start);
    EXPECT_FALSE(half.ready());
    auto const json = nlohmann::json::parse(ready_json(half, false));
    EXPECT_EQ(json["ready"], false);
    ASSERT_EQ(json["reasons"].size(), 1U);
    EXPECT_EQ(json["reasons"][0], "b:a: retrying: node b: connecting: refused");
    EXPECT_FALSE(json.contains("checks"));
    EXPECT_EQ(nlohmann::json::parse(ready_json(half, true))["checks"]["a:b"], "streaming");

    stats->directions[1]->set_state(direction_state::streaming, "");
    EXPECT_TRUE(board.view(start).ready());
    EXPECT_FALSE(status_view{}.ready()) << "nothing runs";
}

TEST(Metrics, AreValidExpositionText) {
    auto const stats = two_nodes();
    stats->directions[0]->set_state(direction_state::streaming, "");
    stats->directions[0]->count.applied_rows = 1'234'567'890'123;
    stats->directions[0]->count.caught_up_at_us = static_cast<std::uint64_t>(start);
    status_board board{*stats};
    std::string const text = metrics_text(board.view(start));
    EXPECT_THAT(text,
                HasSubstr("tandem_events_applied_total{direction=\"a_to_b\"} 1234567890123\n"));
    EXPECT_THAT(text, HasSubstr("tandem_up{node=\"a\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("tandem_up{node=\"b\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("tandem_lag_seconds{direction=\"a_to_b\"} 0\n"));
    EXPECT_THAT(text, Not(HasSubstr("tandem_lag_seconds{direction=\"b_to_a\"}")))
        << "not known yet";
    EXPECT_THAT(text,
                HasSubstr("tandem_direction_state{direction=\"a_to_b\",state=\"streaming\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("tandem_direction_state{direction=\"a_to_b\",state=\"gap\"} 0\n"));

    // Every sample belongs to the family announced last, and no family comes twice.
    std::set<std::string> families;
    std::string family;
    bool buckets = false; // of the family
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# HELP ")) {
            family = line.substr(7, line.find(' ', 7) - 7);
            EXPECT_TRUE(families.insert(family).second) << family;
        } else if (line.starts_with("# TYPE ")) {
            std::string const type = line.substr(line.rfind(' ') + 1);
            EXPECT_EQ(type == "counter", family.ends_with("_total")) << family;
            buckets = type == "histogram";
        } else {
            bool mine = line.starts_with(family + "{") || line.starts_with(family + " ");
            for (char const* const part : {"_bucket{", "_sum{", "_count{"}) {
                mine = mine || (buckets && line.starts_with(family + part));
            }
            EXPECT_TRUE(mine) << line;
        }
    }
    EXPECT_GT(families.size(), 15U);
}

TEST(Metrics, HistogramsAddUp) {
    auto const stats = two_nodes();
    stats->directions[0]->end_to_end.observe(900);         // 0.9 ms
    stats->directions[0]->end_to_end.observe(2'000'000);   // 2 s
    stats->directions[0]->end_to_end.observe(200'000'000); // above all bounds
    stats->directions[0]->applied.observe(-5);             // a clock that is ahead
    status_board board{*stats};
    auto const text = metrics_text(board.view(start));
    for (
        char const* const line :
        {"tandem_end_to_end_latency_seconds_bucket{direction=\"a_to_b\",le=\"0.00056\"} 0\n",
         "tandem_end_to_end_latency_seconds_bucket{direction=\"a_to_b\",le=\"0.001\"} 1\n",
         "tandem_end_to_end_latency_seconds_bucket{direction=\"a_to_b\",le=\"100\"} 2\n",
         "tandem_end_to_end_latency_seconds_bucket{direction=\"a_to_b\",le=\"+Inf\"} 3\n",
         "tandem_end_to_end_latency_seconds_count{direction=\"a_to_b\"} 3\n",
         "tandem_end_to_end_latency_seconds_sum{direction=\"a_to_b\"} 202.001\n",
         "tandem_stage_latency_seconds_bucket{direction=\"a_to_b\",stage=\"apply\",le=\"0.0001\"} 1\n"}) {
        EXPECT_THAT(text, HasSubstr(line));
    }
    EXPECT_THAT(text, Not(HasSubstr("stage=\"consume\""))) << "nothing came from Kafka";
}

TEST(Metrics, TablesHaveTheirNamesEscapedAndAreBounded) {
    auto const stats = two_nodes();
    auto& strange = stats->directions[0]->by_table.of("public", "a\"b\\c\nd");
    strange.changes[0] = 7;
    for (int number = 0; number < 300; ++number) {
        stats->directions[1]->by_table.of("public", std::to_string(number)).changes[1] = 1;
    }
    status_board board{*stats};
    auto const text = metrics_text(board.view(start), board.tables());
    EXPECT_THAT(
        text, HasSubstr("tandem_table_events_applied_total{direction=\"a_to_b\",schema=\"public\","
                        "table=\"a\\\"b\\\\c\\nd\",op=\"insert\"} 7\n"));
    std::size_t lines = 0;
    for (std::size_t at = 0;
         (at = text.find("direction=\"b_to_a\",schema=", at)) != std::string::npos; ++at) {
        ++lines;
    }
    EXPECT_EQ(lines, 200U);
}

TEST(Metrics, CompatibleNamesHaveTheUnitsThatBoardsExpect) {
    auto const stats = two_nodes();
    stats->directions[0]->set_state(direction_state::streaming, "");
    stats->directions[0]->count.captured_rows = 12;
    stats->directions[0]->count.last_commit_us = static_cast<std::uint64_t>(start - 3 * second);
    status_board board{*stats};
    auto const text = compat_metrics_text(board.view(start));
    for (
        char const* const line :
        {"debezium_metrics_MilliSecondsBehindSource{plugin=\"postgres\",name=\"a\",context=\"streaming\",task=\"0\",peer=\"b\"} 3000\n",
         "debezium_metrics_TotalNumberOfEventsSeen{plugin=\"postgres\",name=\"a\",context=\"streaming\",task=\"0\",peer=\"b\"} 12\n",
         "debezium_metrics_Connected{plugin=\"postgres\",name=\"b\",context=\"streaming\",task=\"0\",peer=\"a\"} 0\n",
         "kafka_connect_sink_task_metrics_sink_record_send_total{connector=\"a_to_b\",task=\"0\"} 0\n",
         "kafka_connect_connect_worker_metrics_connector_failed_task_count 0\n"}) {
        EXPECT_THAT(text, HasSubstr(line));
    }
}

TEST(CatchUp, IsKnownFromTheLastSeconds) {
    auto const stats = two_nodes();
    auto& count = stats->directions[0]->count;
    status_board board{*stats};
    count.applied_lsn = 1'000;
    count.server_wal_end = 11'000;
    count.last_commit_us = static_cast<std::uint64_t>(start - 5 * second);
    board.sample(start);
    count.applied_lsn = 6'000; // 5,000 bytes less in 2 s
    board.sample(start + 2 * second);
    auto const seen = board.view(start + 2 * second).directions[0];
    ASSERT_TRUE(seen.catch_up_seconds);
    EXPECT_DOUBLE_EQ(*seen.catch_up_seconds, 2.0);
    count.server_wal_end = 60'000;
    board.sample(start + 3 * second);
    EXPECT_TRUE(std::isinf(*board.view(start + 3 * second).directions[0].catch_up_seconds));
    count.applied_lsn = 59'000;
    count.last_commit_us = static_cast<std::uint64_t>(start + 3 * second - second / 2);
    EXPECT_EQ(board.view(start + 3 * second).directions[0].catch_up_seconds, std::nullopt)
        << "half a second behind: on its way";
    count.applied_lsn = 60'000;
    EXPECT_EQ(board.view(start + 3 * second).directions[0].catch_up_seconds, std::nullopt);
    auto const json = nlohmann::json::parse(status_json(board.view(start + 3 * second), true));
    EXPECT_TRUE(json["directions"]["a:b"]["catch_up_seconds"].is_null());
}

TEST(Ready, LinesAreForPeople) {
    auto const stats = two_nodes();
    stats->directions[0]->set_state(direction_state::streaming, "");
    stats->directions[1]->set_state(direction_state::gap, "the slot is gone");
    status_board board{*stats};
    EXPECT_EQ(ready_text(board.view(start)),
              "[+]node a ok\n[-]node b does not answer\n[+]direction a:b: streaming\n"
              "[-]direction b:a: gap: the slot is gone\nnot ready\n");
}

} // namespace
} // namespace tandem::engine
