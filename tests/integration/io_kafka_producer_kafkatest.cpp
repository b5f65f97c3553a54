// io/kafka/producer against real brokers.

#include "tests/integration/io_kafka.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <gmock/gmock.h>

#include <array>

namespace tandem::io::kafka {
namespace {

using namespace std::chrono_literals;
using queued = producer::queued;
using test::must;
using test::seen_record;
using testing::AllOf;
using testing::AnyOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class Producer : public test::kafka_test {};

record of(std::string_view value) {
    record made;
    made.value = value;
    return made;
}

std::vector<std::string> values(std::vector<seen_record> const& records) {
    std::vector<std::string> found;
    for (auto const& one : records) {
        found.push_back(one.value.value_or("null"));
    }
    return found;
}

// The bytes of many records, and the batch that they are in.
struct slab {
    std::vector<std::string> values;
    unsettled batch;
};

// `count` records in slabs of a thousand, with two headers, as capture would send them.
awaitable<result<void>> send_many(producer& sink, producer::topic& to, int count,
                                  std::vector<std::unique_ptr<slab>>& slabs, int& times_full) {
    for (int at = 0; at < count;) {
        auto& one = *slabs.emplace_back(std::make_unique<slab>());
        for (int in_slab = 0; in_slab < 1000 && at < count; ++in_slab, ++at) {
            one.values.push_back("value " + std::to_string(at));
        }
        for (int in_slab = 0; auto const& value : one.values) {
            auto const position =
                std::to_string(at - static_cast<int>(one.values.size()) + in_slab++);
            std::array<header, 2> const headers{header{"tandem.pos", position},
                                                header{"origin", "a"}};
            record what = of(value);
            what.key = position;
            what.headers = headers;
            while (sink.produce(to, 0, what, one.batch) == queued::full) {
                ++times_full;
                auto const served = co_await sink.serve();
                if (!served) {
                    co_return served.error();
                }
            }
        }
    }
    co_return co_await test::settle(sink);
}

TEST_F(Producer, HundredThousandRecordsArriveOnceInOrder) {
    constexpr int count = 100'000;
    auto const topic = make_topic();
    auto const sink = open_producer();
    std::vector<std::unique_ptr<slab>> slabs;
    int full = 0;
    must(loop_.run(send_many(*sink, sink->open_topic(topic), count, slabs, full)));
    for (auto const& one : slabs) {
        EXPECT_TRUE(one->batch.settled());
        EXPECT_FALSE(one->batch.failure());
    }
    auto const records = all_of(topic, 0);
    ASSERT_EQ(records.size(), static_cast<std::size_t>(count));
    for (int at = 0; at < count; ++at) {
        seen_record expected;
        expected.offset = at;
        expected.key = std::to_string(at);
        expected.value = "value " + std::to_string(at);
        expected.headers = {{"tandem.pos", std::to_string(at)}, {"origin", "a"}};
        ASSERT_EQ(records[static_cast<std::size_t>(at)], expected) << at;
    }
}

TEST_F(Producer, FullQueueIsBackPressure) {
    auto const topic = make_topic();
    auto const sink = open_producer({{"queue.buffering.max.messages", "500"}});
    std::vector<std::unique_ptr<slab>> slabs;
    int full = 0;
    must(loop_.run(send_many(*sink, sink->open_topic(topic), 5000, slabs, full)));
    EXPECT_GT(full, 0);
    auto const records = all_of(topic, 0);
    ASSERT_EQ(records.size(), 5000U);
    EXPECT_EQ(records.back().value, "value 4999");
}

TEST_F(Producer, KnowsHowFullARequestIs) {
    EXPECT_EQ(open_producer()->full_request(), 1'000'000U);
    EXPECT_EQ(open_producer({{"batch.size", "4096"}})->full_request(), 4096U);
}

TEST_F(Producer, QueueOfBytesIsFullToo) {
    auto const topic = make_topic();
    std::string const value(10'000, 'x');
    unsettled batch; // goes after the producer
    auto const sink =
        open_producer({{"queue.buffering.max.kbytes", "100"}, {"linger.ms", "60000"}});
    auto& to = sink->open_topic(topic);
    int taken = 0;
    while (sink->produce(to, 0, of(value), batch) == queued::yes) {
        ++taken;
    }
    EXPECT_EQ(taken, 10);
    EXPECT_EQ(batch.outstanding(), 10U);
}

TEST_F(Producer, TooLargeARecordIsRefusedAndOthersGoOn) {
    auto const topic = make_topic();
    auto const sink = open_producer();
    auto& to = sink->open_topic(topic);
    std::string const huge(2'000'000, 'x');
    unsettled batch;
    ASSERT_EQ(sink->produce(to, 0, of("before"), batch), queued::yes);
    ASSERT_EQ(sink->produce(to, 0, of(huge), batch), queued::refused);
    EXPECT_EQ(sink->why().code, errc::record_refused);
    EXPECT_EQ(sink->why().name, "MSG_SIZE_TOO_LARGE");
    EXPECT_THAT(sink->why().message, HasSubstr(topic + " [0]: a record with a value of 2000000"));
    ASSERT_EQ(sink->produce(to, 0, of("after"), batch), queued::yes);
    must(loop_.run(test::settle(*sink)));
    EXPECT_FALSE(batch.failure());
    EXPECT_THAT(values(all_of(topic, 0)), ElementsAre("before", "after"));
}

TEST_F(Producer, WhatTheBrokerRefusesBreaksItsPartitionOnly) {
    auto const topic = make_topic(2, {{"max.message.bytes", "2000"}});
    auto const sink = open_producer({{"compression.type", "none"}});
    auto& to = sink->open_topic(topic);
    std::string const large(5000, 'x');
    unsettled good;
    unsettled bad;
    unsettled later;
    unsettled elsewhere;
    ASSERT_EQ(sink->produce(to, 0, of("good"), good), queued::yes);
    must(loop_.run(test::settle(*sink)));
    ASSERT_EQ(sink->produce(to, 0, of(large), bad), queued::yes);
    ASSERT_EQ(sink->produce(to, 1, of("elsewhere"), elsewhere), queued::yes);
    auto const served = loop_.run(test::settle(*sink));
    ASSERT_FALSE(served);
    EXPECT_EQ(served.error().classify(), retry_class::record);
    EXPECT_THAT(served.error().message, HasSubstr(topic + " [0]: "));
    ASSERT_TRUE(bad.failure());
    EXPECT_EQ(bad.failure()->code, errc::record_refused);
    EXPECT_FALSE(good.failure());
    EXPECT_FALSE(elsewhere.failure());
    EXPECT_EQ(sink->produce(to, 0, of("later"), later), queued::refused);
    EXPECT_EQ(sink->why().code, errc::record_refused);
    EXPECT_EQ(sink->produce(to, 1, of("more"), elsewhere), queued::yes);
    must(loop_.run(test::settle(*sink)));
    EXPECT_FALSE(elsewhere.failure());
    EXPECT_THAT(values(all_of(topic, 0)), ElementsAre("good"));
    EXPECT_THAT(values(all_of(topic, 1)), ElementsAre("elsewhere", "more"));
}

// librdkafka stores what comes behind a refused record: nobody may take that for success.
TEST_F(Producer, WhatIsStoredBehindAHoleIsNoSuccess) {
    auto const topic = make_topic(1, {{"max.message.bytes", "2000"}});
    auto const sink = open_producer(
        {{"compression.type", "none"}, {"batch.num.messages", "1"}, {"linger.ms", "50"}});
    auto& to = sink->open_topic(topic);
    std::string const large(5000, 'x');
    std::array<unsettled, 3> batches;
    ASSERT_EQ(sink->produce(to, 0, of("before"), batches[0]), queued::yes);
    ASSERT_EQ(sink->produce(to, 0, of(large), batches[1]), queued::yes);
    ASSERT_EQ(sink->produce(to, 0, of("behind"), batches[2]), queued::yes);
    EXPECT_FALSE(loop_.run(test::settle(*sink)));
    EXPECT_FALSE(batches[0].failure());
    EXPECT_TRUE(batches[1].failure());
    EXPECT_TRUE(batches[2].failure());
}

TEST_F(Producer, UnknownTopicIsSaidSoon) {
    auto const sink = open_producer();
    auto const topic = unused_topic();
    unsettled batch;
    ASSERT_EQ(sink->produce(sink->open_topic(topic), 0, of("lost"), batch), queued::yes);
    auto const took = test::time_of([&] {
        auto const served = loop_.run(test::settle(*sink));
        ASSERT_FALSE(served);
        EXPECT_EQ(served.error().code, errc::no_topic);
        EXPECT_EQ(served.error().classify(), retry_class::missing_topic);
    });
    EXPECT_LT(took, 20s);
    ASSERT_TRUE(batch.failure());
    EXPECT_EQ(batch.failure()->code, errc::no_topic);
}

TEST_F(Producer, UnknownPartitionIsSaid) {
    auto const topic = make_topic(1);
    auto const sink = open_producer();
    unsettled batch;
    if (sink->produce(sink->open_topic(topic), 7, of("lost"), batch) == queued::yes) {
        auto const served = loop_.run(test::settle(*sink));
        ASSERT_FALSE(served);
        EXPECT_EQ(served.error().code, errc::no_topic);
    }
    // By now the topic is known, and the answer is there at once.
    EXPECT_EQ(sink->produce(sink->open_topic(topic), 9, of("lost"), batch), queued::refused);
    EXPECT_EQ(sink->why().code, errc::no_topic);
}

TEST_F(Producer, NullsAndEmptyTextsAreDifferent) {
    auto const topic = make_topic();
    auto const sink = open_producer();
    auto& to = sink->open_topic(topic);
    std::array<header, 3> const headers{header{"null", std::nullopt}, header{"empty", ""},
                                        header{"", "without a name"}};
    record all_null;
    record all_empty;
    all_empty.key = "";
    all_empty.value = std::string_view{};
    all_empty.headers = headers;
    record tombstone;
    tombstone.key = "key";
    unsettled batch;
    for (auto const& one : {all_null, all_empty, tombstone}) {
        ASSERT_EQ(sink->produce(to, 0, one, batch), queued::yes);
    }
    EXPECT_EQ(sink->outstanding_bytes(), std::string_view{"key"}.size());
    must(loop_.run(test::settle(*sink)));
    seen_record const null{0, std::nullopt, std::nullopt, {}};
    seen_record const empty{
        1, "", "", {{"null", std::nullopt}, {"empty", ""}, {"", "without a name"}}};
    seen_record const stone{2, "key", std::nullopt, {}};
    EXPECT_THAT(all_of(topic, 0), ElementsAre(null, empty, stone));
}

TEST_F(Producer, EachBatchSettlesByItself) {
    auto const topic = make_topic(2);
    auto const sink = open_producer();
    auto& to = sink->open_topic(topic);
    EXPECT_EQ(&to, &sink->open_topic(topic));
    std::array<unsettled, 2> batches;
    for (int at = 0; at < 100; ++at) {
        ASSERT_EQ(sink->produce(to, at % 2, of("x"), batches[static_cast<std::size_t>(at / 50)]),
                  queued::yes);
    }
    EXPECT_EQ(sink->outstanding(), 100U);
    EXPECT_EQ(sink->outstanding_bytes(), 100U);
    EXPECT_EQ(batches[0].outstanding(), 50U);
    must(loop_.run(test::settle(*sink)));
    EXPECT_EQ(sink->outstanding_bytes(), 0U);
    EXPECT_TRUE(batches[0].settled());
    EXPECT_TRUE(batches[1].settled());
    ASSERT_EQ(sink->produce(to, 0, of("again"), batches[0]), queued::yes);
    EXPECT_FALSE(batches[0].settled());
    must(loop_.run(test::settle(*sink)));
    EXPECT_TRUE(batches[0].settled());
}

TEST_F(Producer, DestroyedWithRecordsOnTheWay) {
    auto const topic = make_topic();
    std::vector<std::string> values(20'000, std::string(700, 'x'));
    unsettled batch;
    {
        auto const sink = open_producer();
        auto& to = sink->open_topic(topic);
        for (auto const& value : values) {
            ASSERT_EQ(sink->produce(to, 0, of(value), batch), queued::yes);
        }
        must(loop_.run(sink->serve()));
    }
    EXPECT_TRUE(batch.settled());
    if (batch.failure()) { // as a rule: 14 MB are more than one answer confirms
        EXPECT_EQ(batch.failure()->classify(), retry_class::rebuild);
    }
    values.clear(); // nobody reads them any more: ASan would see it
}

TEST_F(Producer, DestroyedSoonWhateverTheBrokersAre) {
    test::silent_broker const silent{loop_};
    for (auto const& address : {silent.address(), test::refusing_address(loop_), brokers_}) {
        unsettled batch;
        auto sink = must(producer::open(loop_.executor(), address, {}, {}));
        ASSERT_EQ(sink->produce(sink->open_topic("any"), 0, of("lost"), batch), queued::yes);
        EXPECT_LT(test::time_of([&] { sink.reset(); }), 1s) << address;
        ASSERT_TRUE(batch.failure()) << address;
        EXPECT_EQ(batch.failure()->code, errc::unknown_outcome) << address;
    }
}

TEST_F(Producer, WrongAddressIsTroubleAndTheRecordsStay) {
    std::vector<error> troubles;
    listener tell;
    tell.trouble = [&troubles](error const& one) { troubles.push_back(one); };
    auto const address = test::refusing_address(loop_);
    unsettled batch;
    auto const sink = must(producer::open(loop_.executor(), address, {}, tell));
    ASSERT_EQ(sink->produce(sink->open_topic("any"), 0, of("stays"), batch), queued::yes);
    auto serving = loop_.start(sink->serve());
    loop_.run(test::becomes([&] { return sink->client().outage().has_value(); }));
    EXPECT_FALSE(serving.done());
    ASSERT_FALSE(troubles.empty());
    EXPECT_EQ(sink->client().outage()->code, errc::unreachable);
    EXPECT_THAT(sink->client().outage()->message, HasSubstr(address));
    EXPECT_THAT(sink->client().outage()->message, HasSubstr("Connection refused"));
    EXPECT_EQ(batch.outstanding(), 1U);
    sink->client().interrupt();
    EXPECT_EQ(loop_.finish(serving).error().code, errc::cancelled);
}

// What librdkafka is known to log is made the secret.
TEST_F(Producer, LogsComeWithoutSecrets) {
    std::vector<std::string> lines;
    std::vector<std::string> troubles;
    listener tell;
    tell.log = [&lines](log_line const& line) {
        lines.push_back(std::string{line.facility} + " " + std::string{line.text});
    };
    tell.trouble = [&troubles](error const& one) { troubles.push_back(one.message); };
    properties const set{{"sasl.password", "refused"}, {"ssl.key.password", "Connect"}};
    auto const sink =
        must(producer::open(loop_.executor(), test::refusing_address(loop_), set, tell));
    auto serving = loop_.start(sink->serve());
    loop_.run(test::becomes([&] { return !lines.empty() && !troubles.empty(); }));
    EXPECT_THAT(lines, Each(AllOf(HasSubstr("***"), Not(HasSubstr("refused")))));
    EXPECT_THAT(troubles, Each(Not(AnyOf(HasSubstr("refused"), HasSubstr("Connect")))));
    sink->client().interrupt();
    EXPECT_FALSE(loop_.finish(serving));
}

TEST_F(Producer, StatisticsCome) {
    std::string last;
    listener tell;
    tell.statistics = [&last](std::string_view json) { last = json; };
    auto const sink = open_producer({{"statistics.interval.ms", "50"}}, tell);
    auto serving = loop_.start(sink->serve());
    loop_.run(test::becomes([&] { return !last.empty(); }));
    EXPECT_THAT(last, HasSubstr("\"type\": \"producer\""));
    sink->client().interrupt();
    EXPECT_FALSE(loop_.finish(serving));
}

TEST_F(Producer, AfterAFatalErrorItIsVoid) {
    auto const topic = make_topic();
    auto const sink = open_producer();
    auto& to = sink->open_topic(topic);
    unsettled batch;
    ASSERT_EQ(sink->produce(to, 0, of("first"), batch), queued::yes);
    must(loop_.run(test::settle(*sink)));
    rd_kafka_test_fatal_error(sink->client().native(),
                              RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "as if");
    for (int again = 0; again < 2; ++again) {
        auto const served = loop_.run(sink->serve());
        ASSERT_FALSE(served);
        EXPECT_EQ(served.error().classify(), retry_class::rebuild);
        EXPECT_EQ(served.error().name, "OUT_OF_ORDER_SEQUENCE_NUMBER");
        EXPECT_EQ(sink->produce(to, 0, of("second"), batch), queued::refused);
        EXPECT_EQ(sink->why().classify(), retry_class::rebuild);
    }
}

TEST_F(Producer, PropertiesAreCheckedAtOnce) {
    auto const bad = [this](properties set) {
        auto const opened = producer::open(loop_.executor(), brokers_, std::move(set), {});
        return opened ? error{} : opened.error();
    };
    EXPECT_EQ(bad({{"acks", "1"}}).code, errc::configuration);
    EXPECT_THAT(bad({{"acks", "1"}}).message, HasSubstr("in-sync replicas"));
    EXPECT_THAT(bad({{"linger.ms", "soon"}}).message, HasSubstr("linger.ms"));
    EXPECT_THAT(bad({{"ssl.ca.location", "none.pem"}, {"security.protocol", "ssl"}}).message,
                HasSubstr("ssl.ca.location"));
    auto const key = bad({{"ssl.key.pem", "sesame"}, {"security.protocol", "ssl"}});
    EXPECT_EQ(key.classify(), retry_class::operator_);
    EXPECT_THAT(key.message, Not(HasSubstr("sesame")));
    auto const nobody = producer::open(loop_.executor(), "", {}, {});
    EXPECT_EQ(nobody.error().code, errc::configuration);
    // What only a consumer knows is left out, so that one list serves both.
    EXPECT_TRUE(producer::open(loop_.executor(), brokers_, {{"fetch.min.bytes", "1"}}, {}));
}

TEST_F(Producer, WaitCanBeCancelled) {
    auto const sink = open_producer();
    asio::cancellation_signal stop;
    std::optional<result<void>> ended;
    asio::co_spawn(
        loop_.executor(), sink->serve(),
        asio::bind_cancellation_slot(stop.slot(), [&ended](std::exception_ptr, result<void> value) {
            ended = std::move(value);
        }));
    loop_.run(test::becomes([turns = 0]() mutable { return ++turns > 3; }));
    EXPECT_FALSE(ended);
    stop.emit(asio::cancellation_type::terminal);
    loop_.run(test::becomes([&] { return ended.has_value(); }));
    EXPECT_EQ(ended->error().code, errc::cancelled);
}

} // namespace
} // namespace tandem::io::kafka
