#include "engine/flow/kafka_statistics.hpp"

#include <gtest/gtest.h>

namespace tandem::engine {
namespace {

constexpr auto unknown = kafka_figures::unknown;

TEST(KafkaStatistics, OfAProducer) {
    kafka_figures figures;
    take_statistics(R"({"type":"producer","msg_cnt":12,"msg_size":3456,"brokers":{
        "one":{"rtt":{"avg":900,"cnt":4}},"two":{"rtt":{"avg":1500,"cnt":1}},
        "idle":{"rtt":{"avg":9999,"cnt":0}},"new":{}}})",
                    figures);
    EXPECT_EQ(figures.queue_records, 12);
    EXPECT_EQ(figures.queue_bytes, 3456);
    EXPECT_EQ(figures.round_trip_us, 1500);
    EXPECT_EQ(figures.lag_records, unknown);
    take_statistics(R"({"type":"producer","msg_cnt":0,"msg_size":0,"brokers":{
        "one":{"rtt":{"avg":0,"cnt":0}}}})",
                    figures);
    EXPECT_EQ(figures.queue_records, 0);
    EXPECT_EQ(figures.round_trip_us, unknown) << "nothing was asked";
}

TEST(KafkaStatistics, OfAConsumer) {
    struct {
        char const* partitions;
        std::int64_t lag;
    } const cases[] = {
        {R"("0":{"hi_offset":100,"app_offset":60,"next_offset":90})", 40},
        {R"("0":{"hi_offset":100,"app_offset":-1001,"next_offset":90})", 10},
        {R"("0":{"hi_offset":-1001,"app_offset":60,"next_offset":90})", unknown},
        {R"("0":{"hi_offset":100,"app_offset":-1001,"next_offset":-1001})", unknown},
        {R"("0":{"hi_offset":50,"app_offset":60,"next_offset":60})", 0},
        {R"("0":{"hi_offset":100,"app_offset":60},"1":{"hi_offset":7,"app_offset":5},
            "-1":{"hi_offset":-1001,"app_offset":-1001,"next_offset":0})",
         42},
        {"", unknown},
    };
    for (auto const& each : cases) {
        kafka_figures figures;
        std::string text = R"({"type":"consumer","msg_cnt":5,"topics":{"t":{"partitions":{)";
        take_statistics(text.append(each.partitions).append("}}}}"), figures);
        EXPECT_EQ(figures.lag_records, each.lag) << each.partitions;
        EXPECT_EQ(figures.queue_records, unknown);
    }
}

TEST(KafkaStatistics, WhatCannotBeReadChangesNothing) {
    kafka_figures figures;
    figures.queue_records = 3;
    figures.lag_records = 4;
    for (char const* const text : {"", "{", "[]", "{}", R"({"type":5})", R"({"type":"other"})"}) {
        take_statistics(text, figures);
    }
    EXPECT_EQ(figures.queue_records, 3);
    EXPECT_EQ(figures.lag_records, 4);
}

} // namespace
} // namespace tandem::engine
