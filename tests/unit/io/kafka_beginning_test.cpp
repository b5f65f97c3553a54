// io/kafka/consumer where a log does not begin at zero, or a broker does not have the partition yet that it leads:
// librdkafka's own mock brokers, for real ones are in that state for milliseconds only.

#include "io/kafka/consumer.hpp"
#include "tests/integration/io_kafka.hpp"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka_mock.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

namespace tandem::io::kafka {
namespace {

constexpr std::int16_t fetch = 1; // its key in the protocol
constexpr std::int64_t count = 8; // records: more than a mock partition keeps

class Beginning : public testing::Test {
protected:
    Beginning() {
        std::array<char, 256> complaint{};
        owner_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), complaint.data(),
                                  complaint.size()));
        if (owner_ == nullptr) {
            throw std::runtime_error{complaint.data()};
        }
        brokers_.reset(rd_kafka_mock_cluster_new(owner_.get(), 1));
        rd_kafka_mock_topic_create(brokers_.get(), "just_made", 3, 1);
    }
    // The first of these records are gone then: the log does not begin at zero.
    void fill(std::int32_t partition) {
        auto sink = producer::open(loop_.executor(), brokers(), {{"compression.type", "none"}}, {});
        ASSERT_TRUE(sink) << sink.error().message;
        std::string const large(900'000, 'x');
        for (std::int64_t each = 0; each < count; ++each) {
            unsettled batch;
            record what;
            what.value = large;
            ASSERT_EQ((*sink)->produce((*sink)->open_topic("just_made"), partition, what, batch),
                      producer::queued::yes);
            auto const settled = loop_.run(test::settle(**sink));
            ASSERT_TRUE(settled) << settled.error().message;
        }
    }
    [[nodiscard]] std::string brokers() const {
        return rd_kafka_mock_cluster_bootstraps(brokers_.get());
    }
    void look_for(std::chrono::milliseconds time, consumer& source) {
        fetched_batch batch;
        auto const until = std::chrono::steady_clock::now() + time;
        loop_.run(test::becomes([&] {
            static_cast<void>(source.try_fetch(batch));
            return std::chrono::steady_clock::now() > until;
        }));
    }
    std::unique_ptr<consumer> open_consumer() {
        return test::must(consumer::open(loop_.executor(), brokers(), {}, {}));
    }

    test::event_loop loop_;
    std::unique_ptr<rd_kafka_t, void (*)(rd_kafka_t*)> owner_{nullptr, rd_kafka_destroy};
    std::unique_ptr<rd_kafka_mock_cluster_t, void (*)(rd_kafka_mock_cluster_t*)> brokers_{
        nullptr, rd_kafka_mock_cluster_destroy};
};

auto reads_to(std::int64_t last) {
    return [last](test::seen const& all) {
        return !all.records.empty() && all.records.back().offset == last;
    };
}

TEST_F(Beginning, IsFoundInEachPartition) {
    for (std::int32_t each = 0; each < 3; ++each) {
        fill(each);
    }
    auto const source = open_consumer();
    test::must(source->assign({{"just_made", 0, from_beginning},
                               {"just_made", 1, from_beginning, true},
                               {"just_made", 2, from_beginning}}));
    test::seen all;
    test::seen apart;
    loop_.run(test::becomes([&] {
        fetched_batch batch;
        while (source->try_fetch(batch)) {
            test::note(batch, all);
        }
        while (source->try_fetch_apart(1, batch)) {
            test::note(batch, apart);
        }
        return std::ranges::count(all.records, count - 1, &test::seen_record::offset) == 2 &&
               reads_to(count - 1)(apart);
    }));
    EXPECT_GT(apart.records.front().offset, 0);
    EXPECT_TRUE(all.failures.empty() && apart.failures.empty());
}

TEST_F(Beginning, IsWaitedForWhereTheLeaderDoesNotHaveIt) {
    fill(0);
    rd_kafka_mock_push_request_errors(
        brokers_.get(), fetch, 3, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
    auto const source = open_consumer();
    test::must(source->assign({{"just_made", 0, from_beginning}}));
    test::seen all;
    EXPECT_TRUE(loop_.run(test::read(*source, all, reads_to(count - 1))));
    for (auto const& each : all.failures) {
        EXPECT_NE(each.failed.code, errc::out_of_range) << each.failed.message;
    }
}

TEST_F(Beginning, IsFoundWhileItsReaderWaits) {
    fill(0);
    auto const source = open_consumer();
    test::must(source->assign({{"just_made", 0, from_beginning}}));
    test::seen all;
    EXPECT_TRUE(loop_.run(test::read(*source, all, reads_to(count - 1))));
    EXPECT_GT(all.records.front().offset, 0);
    EXPECT_TRUE(all.failures.empty());
}

TEST_F(Beginning, IsNotLookedForAfterSomethingElseWasAskedFor) {
    fill(0);
    auto const source = open_consumer();
    for (int round = 0; round < 8; ++round) {
        test::must(source->assign({{"just_made", 0, from_beginning}}));
        look_for(std::chrono::milliseconds{3 * round}, *source);
        test::must(source->assign({{"just_made", 0, count - 1}}));
        test::seen all;
        loop_.run(test::read(*source, all, reads_to(count - 1)));
        ASSERT_EQ(all.records.size(), 1U) << "round " << round;
    }
}

// Where a log was read up to is not its beginning.
TEST_F(Beginning, IsNotWhereAnOffsetWas) {
    fill(0);
    auto const source = open_consumer();
    test::must(source->assign({{"just_made", 0, 0}}));
    test::seen all;
    loop_.run(test::read(*source, all,
                         [](test::seen const& so_far) { return !so_far.failures.empty(); }));
    EXPECT_EQ(all.failures.at(0).failed.code, errc::out_of_range);
    EXPECT_TRUE(all.records.empty());
}

TEST_F(Beginning, MayBeLookedForByAConsumerThatGoes) {
    fill(0);
    for (int round = 0; round < 10; ++round) {
        auto const source = open_consumer();
        test::must(source->assign({{"just_made", 0, from_beginning}}));
        look_for(std::chrono::milliseconds{3 * round}, *source);
    }
    auto const later = std::chrono::steady_clock::now() + std::chrono::milliseconds{300};
    loop_.run(test::becomes([&] { return std::chrono::steady_clock::now() > later; }));
}

} // namespace
} // namespace tandem::io::kafka
