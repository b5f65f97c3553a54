// io/kafka/consumer against real brokers.

#include "tests/integration/io_kafka.hpp"

#include <gmock/gmock.h>

namespace tandem::io::kafka {
namespace {

using namespace std::chrono_literals;
using test::must;
using test::seen;
using testing::HasSubstr;

class Consumer : public test::kafka_test {
protected:
    // "0", "1" ... in the partition.
    void fill(std::string const& topic, std::int32_t partition, int count) {
        auto const sink = open_producer();
        auto& to = sink->open_topic(topic);
        std::vector<std::string> values;
        unsettled batch;
        for (int at = 0; at < count; ++at) {
            values.push_back(std::to_string(at));
        }
        for (auto const& value : values) {
            record what;
            what.value = value;
            ASSERT_EQ(sink->produce(to, partition, what, batch), producer::queued::yes);
        }
        must(loop_.run(test::settle(*sink)));
    }
    seen read_until(consumer& source, std::function<bool(seen const&)> enough) {
        seen all;
        loop_.run(test::read(source, all, std::move(enough)));
        return all;
    }
};

bool failed(seen const& all) {
    return !all.failures.empty();
}

auto records(std::size_t count) {
    return [count](seen const& all) { return all.records.size() >= count || failed(all); };
}

TEST_F(Consumer, ReadsFromAnOffset) {
    auto const topic = make_topic();
    fill(topic, 0, 100);
    auto const source = open_consumer();
    must(source->assign({{topic, 0, 90}}));
    auto const all = read_until(*source, records(10));
    ASSERT_EQ(all.records.size(), 10U);
    EXPECT_EQ(all.records.front().offset, 90);
    EXPECT_EQ(all.records.front().value, "90");
    EXPECT_TRUE(all.ends.empty()); // not asked for
}

TEST_F(Consumer, EndsOfPartitionsAreSaidAndSaidAgain) {
    auto const topic = make_topic(2);
    fill(topic, 0, 10);
    auto const source = open_consumer(true);
    must(source->assign({{topic, 0, from_beginning}, {topic, 1, from_beginning}}));
    auto all = read_until(*source, [](seen const& so_far) { return so_far.ends.size() == 2; });
    ASSERT_EQ(all.records.size(), 10U);
    for (auto const& end : all.ends) {
        EXPECT_EQ(end.topic, topic);
        EXPECT_EQ(end.offset, end.partition == 0 ? 10 : 0);
    }
    fill(topic, 1, 5);
    all = read_until(*source, [](seen const& so_far) { return !so_far.ends.empty(); });
    EXPECT_EQ(all.records.size(), 5U);
    EXPECT_EQ(all.ends.front().partition, 1);
    EXPECT_EQ(all.ends.front().offset, 5);
}

TEST_F(Consumer, AssignedAnewIsASeek) {
    auto const topic = make_topic();
    fill(topic, 0, 5000);
    auto const source = open_consumer();
    must(source->assign({{topic, 0, from_beginning}}));
    EXPECT_GE(read_until(*source, records(1)).records.size(), 1U);
    for (int const from : {4000, 0, 2500, 4999}) {
        must(source->assign({{topic, 0, from}}));
        auto const wanted = static_cast<std::size_t>(5000 - from);
        auto const all = read_until(*source, records(wanted));
        ASSERT_EQ(all.records.size(), wanted);
        for (std::size_t at = 0; at < wanted; ++at) {
            ASSERT_EQ(all.records[at].offset, from + static_cast<int>(at)) << from;
        }
    }
    must(source->assign({}));
    fetched_batch batch;
    EXPECT_FALSE(source->try_fetch(batch));
    EXPECT_TRUE(batch.empty());
}

// Who looks for its place assigns several times in a row; nothing of an earlier time comes out.
TEST_F(Consumer, AssignedAgainBeforeAnythingCame) {
    constexpr int partitions = 5;
    auto const topic = make_topic(partitions);
    for (std::int32_t each = 0; each < partitions; ++each) {
        fill(topic, each, 200);
    }
    auto const source = open_consumer(true);
    for (int round = 0; round < 300; ++round) {
        std::vector<assignment> wanted;
        for (std::int32_t each = 0; each < partitions; ++each) {
            bool const apart = (each + round) % 2 == 0;
            wanted.push_back({topic, each, (round * 7 + each) % 200, apart});
        }
        must(source->assign(wanted));
        fetched_batch batch;
        if (round % 3 == 0) { // some have begun, some have not
            loop_.run(test::becomes([&] { return source->try_fetch(batch); }));
            ASSERT_TRUE(batch.failures().empty()) << batch.failures().front().failed.message;
        }
    }
    must(source->assign({{topic, 3, 150}}));
    auto const all = read_until(*source, records(50));
    ASSERT_EQ(all.records.size(), 50U);
    EXPECT_EQ(all.records.front().offset, 150);
}

TEST_F(Consumer, OffsetBeyondTheEndIsAnError) {
    auto const topic = make_topic();
    fill(topic, 0, 10);
    auto const source = open_consumer(true);
    must(source->assign({{topic, 0, 11}}));
    auto const all = read_until(*source, failed);
    EXPECT_TRUE(all.records.empty());
    ASSERT_EQ(all.failures.size(), 1U);
    EXPECT_EQ(all.failures[0].failed.code, errc::out_of_range);
    EXPECT_EQ(all.failures[0].failed.classify(), retry_class::lost_position);
    EXPECT_THAT(all.failures[0].failed.message, HasSubstr(topic + " [0]: "));
    EXPECT_EQ(all.failures[0].partition, 0);
}

TEST_F(Consumer, OffsetThatWasDroppedIsAnError) {
    auto const topic = make_topic();
    fill(topic, 0, 10);
    EXPECT_EQ(must(loop_.run(admin_->delete_records(topic, 0, 7, 30s))), 7);
    auto const source = open_consumer(true);
    must(source->assign({{topic, 0, 3}}));
    auto const all = read_until(*source, failed);
    EXPECT_TRUE(all.records.empty());
    EXPECT_EQ(all.failures.at(0).failed.code, errc::out_of_range);
    must(source->assign({{topic, 0, 7}}));
    EXPECT_EQ(read_until(*source, records(3)).records.size(), 3U);
    must(source->assign({{topic, 0, from_beginning}}));
    auto const again = read_until(*source, records(3));
    EXPECT_TRUE(again.failures.empty());
    EXPECT_EQ(again.records.at(0).offset, 7);
}

TEST_F(Consumer, UnknownTopicAndPartitionAreErrors) {
    auto const topic = make_topic(1);
    fill(topic, 0, 1);
    for (auto const& wanted :
         {assignment{unused_topic(), 0, from_beginning}, assignment{topic, 5, from_beginning}}) {
        auto const source = open_consumer();
        must(source->assign({wanted, {topic, 0, from_beginning}}));
        auto const all = read_until(
            *source, [](seen const& so_far) { return failed(so_far) && !so_far.records.empty(); });
        EXPECT_EQ(all.failures[0].failed.code, errc::no_topic);
        EXPECT_EQ(all.failures[0].topic, wanted.topic);
        EXPECT_EQ(all.failures[0].partition, wanted.partition);
        EXPECT_EQ(all.records.size(), 1U); // of the other partition
    }
}

TEST_F(Consumer, BatchMayOutliveItsConsumer) {
    auto const topic = make_topic();
    fill(topic, 0, 100);
    fetched_batch batch{10};
    {
        auto const source = open_consumer();
        must(source->assign({{topic, 0, from_beginning}}));
        loop_.run(test::becomes([&] { return source->try_fetch(batch); }));
        EXPECT_GT(batch.size(), 0U);
        EXPECT_LE(batch.size(), 10U);
        EXPECT_GT(batch[0].timestamp_ms(), 1'600'000'000'000);
        EXPECT_EQ(batch[0].topic(), topic);
        EXPECT_EQ(batch[0].partition(), 0);
    }
    EXPECT_TRUE(batch.empty());
}

TEST_F(Consumer, DestroyedSoonWhateverTheBrokersAre) {
    test::silent_broker const silent{loop_};
    for (auto const& address : {silent.address(), test::refusing_address(loop_), brokers_}) {
        auto source = must(consumer::open(loop_.executor(), address, {}, {}));
        must(source->assign({{"any", 0, 0}}));
        EXPECT_LT(test::time_of([&] { source.reset(); }), 1s) << address;
    }
}

TEST_F(Consumer, WrongAddressIsTrouble) {
    std::vector<error> troubles;
    listener tell;
    tell.trouble = [&troubles](error const& one) { troubles.push_back(one); };
    auto const address = test::refusing_address(loop_);
    auto const source = must(consumer::open(loop_.executor(), address, {}, tell));
    must(source->assign({{"any", 0, 0}}));
    seen all;
    auto reading = loop_.start(test::read(*source, all, failed));
    loop_.run(test::becomes([&] { return source->client().outage().has_value(); }));
    EXPECT_THAT(source->client().outage()->message, HasSubstr("Connection refused"));
    source->client().interrupt();
    EXPECT_FALSE(loop_.finish(reading));
    EXPECT_FALSE(troubles.empty());
}

} // namespace
} // namespace tandem::io::kafka
