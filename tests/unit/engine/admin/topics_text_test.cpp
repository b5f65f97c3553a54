#include "engine/admin/topics.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tandem::engine {
namespace {

TEST(OwnTopic, IsToldByItsName) {
    auto const changes = own_topic_of("tandem.a", "tandem");
    ASSERT_TRUE(changes);
    EXPECT_EQ(changes->holds, own_topic::kind::changes);
    EXPECT_EQ(changes->node, "a");
    auto const progress = own_topic_of("x.y.a.progress", "x.y");
    ASSERT_TRUE(progress);
    EXPECT_EQ(progress->holds, own_topic::kind::progress);
    EXPECT_EQ(progress->node, "a");
    EXPECT_EQ(own_topic_of("tandem.a.dead-letters", "tandem")->holds,
              own_topic::kind::dead_letters);
    auto const rows = own_topic_of("tandem.a.public.chat.x", "tandem");
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->holds, own_topic::kind::rows);
    EXPECT_EQ(rows->node, "a");
    for (char const* other : {"tandem", "tandem.", "tandema", "tandem.a.b", "tandem..progress",
                              "other.a", "tandem..public.chat"}) {
        EXPECT_FALSE(own_topic_of(other, "tandem")) << other;
    }
}

topic_description half_known() {
    topic_description topic;
    topic.summary = {"t.a", 2, 3, 1, std::nullopt, own_topic{own_topic::kind::changes, "a"}};
    topic.partitions = {{0, 1, {1, 2, 3}, {1, 2, 3}}, {1, -1, {2, 3, 1}, {}}};
    topic.logs = {{0, 5, 1'234}};
    topic.settings["cleanup.policy"] = {"delete", true};
    topic.settings["retention.ms"] = {"7", false};
    return topic;
}

TEST(TopicsText, SaysWhatIsNotKnown) {
    auto const topic = half_known();
    EXPECT_EQ(topics_text({topic.summary}),
              "Topic  Partitions  Replication  Out of sync  Records  Tandem's\n"
              "t.a    2           3            1            unknown  changes of node a\n");
    EXPECT_EQ(description_text(topic), "topic t.a: unknown records, changes of node a\n"
                                       "\n"
                                       "Partition  Leader  Replicas  In sync  Low      High\n"
                                       "0          1       1,2,3     1,2,3    5        1234\n"
                                       "1          none    2,3,1              unknown  unknown\n"
                                       "\n"
                                       "cleanup.policy = delete (default)\n"
                                       "retention.ms = 7\n");
    auto const said = nlohmann::json::parse(description_json(topic));
    EXPECT_EQ(said["records"], nullptr);
    EXPECT_EQ(said["stream"], nullptr);
    EXPECT_EQ(said["logs"][1], (nlohmann::json{{"partition", 1},
                                               {"leader", nullptr},
                                               {"replicas", {2, 3, 1}},
                                               {"in_sync", nlohmann::json::array()},
                                               {"low", nullptr},
                                               {"high", nullptr}}));
    EXPECT_EQ(nlohmann::json::parse(topics_json({topic.summary}))["topics"][0]["tandem"],
              (nlohmann::json{{"holds", "changes"}, {"node", "a"}}));
}

TEST(TopicsText, AStreamWhoseStartIsFarBackHasNoRun) {
    auto topic = half_known();
    stream_summary stream;
    stream.stream = stream.origin = "a";
    stream.epoch = 4;
    stream.position = {lsn{0x20}, 3};
    stream.timestamp_ms = 1'764'165'600'123;
    topic.stream = stream;
    auto const text = description_text(topic);
    EXPECT_NE(text.find("stream a: origin a, epoch 4, run not known\n"
                        "last position 0/20.3, written 2025-11-26 14:00:00.123Z\n"),
              std::string::npos);
    EXPECT_EQ(nlohmann::json::parse(description_json(topic))["stream"],
              (nlohmann::json{{"stream", "a"},
                              {"origin", "a"},
                              {"epoch", 4},
                              {"run", nullptr},
                              {"position", "0/20.3"},
                              {"timestamp", 1'764'165'600'123}}));
}

} // namespace
} // namespace tandem::engine
