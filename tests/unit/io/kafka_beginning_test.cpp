// io/kafka/consumer where a broker does not have the partition yet that it leads: librdkafka's own mock brokers, for real
// ones are in that state for milliseconds only.

#include "io/kafka/consumer.hpp"
#include "tests/integration/io_kafka.hpp"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

namespace tandem::io::kafka {
namespace {

constexpr std::int16_t list_offsets = 2; // its key in the protocol

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
    void refuse(int times, rd_kafka_resp_err_t why) {
        for (int at = 0; at < times; ++at) {
            rd_kafka_mock_push_request_errors(brokers_.get(), list_offsets, 1, why);
        }
    }
    void fill(std::int32_t partition) {
        std::string const topic = "just_made";
        auto sink = producer::open(loop_.executor(), brokers(), {}, {});
        ASSERT_TRUE(sink) << sink.error().message;
        unsettled batch;
        record what;
        what.value = "first";
        ASSERT_EQ((*sink)->produce((*sink)->open_topic(topic), partition, what, batch),
                  producer::queued::yes);
        auto const settled = loop_.run(test::settle(**sink));
        ASSERT_TRUE(settled) << settled.error().message;
    }
    [[nodiscard]] std::string brokers() const {
        return rd_kafka_mock_cluster_bootstraps(brokers_.get());
    }
    std::unique_ptr<consumer> open_consumer() {
        return test::must(consumer::open(loop_.executor(), brokers(), {}, {}));
    }

    test::event_loop loop_;
    std::unique_ptr<rd_kafka_t, void (*)(rd_kafka_t*)> owner_{nullptr, rd_kafka_destroy};
    std::unique_ptr<rd_kafka_mock_cluster_t, void (*)(rd_kafka_mock_cluster_t*)> brokers_{
        nullptr, rd_kafka_mock_cluster_destroy};
};

auto until_records(std::size_t count) {
    return [count](test::seen const& all) { return all.records.size() >= count; };
}

TEST_F(Beginning, IsAskedForUntilTheLeaderHasIt) {
    for (std::int32_t each = 0; each < 3; ++each) {
        fill(each);
    }
    refuse(5, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
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
        return all.records.size() == 2 && apart.records.size() == 1;
    }));
    EXPECT_EQ(all.failures.size() + apart.failures.size(), 5U);
    for (auto const& list : {all.failures, apart.failures}) {
        for (auto const& each : list) {
            EXPECT_EQ(each.failed.code, errc::no_topic) << each.failed.message;
        }
    }
}

TEST_F(Beginning, IsAskedForWhileItsReaderWaits) {
    fill(0);
    refuse(2, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    auto const source = open_consumer();
    test::must(source->assign({{"just_made", 0, from_beginning}}));
    test::seen all;
    EXPECT_TRUE(loop_.run(test::read(*source, all, until_records(1))));
    EXPECT_EQ(all.records.at(0).value, "first");
    EXPECT_EQ(all.failures.size(), 2U);
}

TEST_F(Beginning, IsNotAskedForAfterSomethingElseWas) {
    fill(0);
    fill(0);
    refuse(1, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    auto const source = open_consumer();
    test::must(source->assign({{"just_made", 0, from_beginning}}));
    test::seen all;
    loop_.run(test::read(*source, all,
                         [](test::seen const& so_far) { return !so_far.failures.empty(); }));
    test::must(source->assign({{"just_made", 0, 1}}));
    all = {};
    loop_.run(test::read(*source, all, until_records(1)));
    EXPECT_EQ(all.records.at(0).offset, 1);
    fill(0);
    loop_.run(test::read(*source, all, until_records(2)));
    ASSERT_EQ(all.records.size(), 2U);
    EXPECT_EQ(all.records.at(1).offset, 2);
}

TEST_F(Beginning, MayBeRefusedToAConsumerThatGoes) {
    refuse(1, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    {
        auto const source = open_consumer();
        test::must(source->assign({{"just_made", 0, from_beginning}}));
        test::seen all;
        loop_.run(test::read(*source, all,
                             [](test::seen const& so_far) { return !so_far.failures.empty(); }));
    }
    auto const later = std::chrono::steady_clock::now() + std::chrono::milliseconds{300};
    loop_.run(test::becomes([&] { return std::chrono::steady_clock::now() > later; }));
}

} // namespace
} // namespace tandem::io::kafka
