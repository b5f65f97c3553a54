// io/kafka/admin against real brokers.

#include "tests/integration/io_kafka.hpp"

#include <gmock/gmock.h>

namespace tandem::io::kafka {
namespace {

using namespace std::chrono_literals;
using test::must;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;

// A deleted topic is known to some brokers for a moment.
awaitable<void> gone(admin& asked, std::string name) {
    for (;;) {
        auto const found = co_await asked.describe_topic(name, 30s);
        if (!found && found.error().code == errc::no_topic) {
            co_return;
        }
    }
}

// A new topic is unknown to some brokers for a moment.
awaitable<cluster_metadata> all_topics_with(admin& asked, std::string name) {
    for (;;) {
        auto found = co_await asked.metadata(std::nullopt, 30s);
        if (found && std::any_of(found->topics.begin(), found->topics.end(),
                                 [&name](auto const& one) { return one.name == name; })) {
            co_return std::move(*found);
        }
    }
}

awaitable<topic_configs> configs_of(admin& asked, std::string name) {
    for (;;) {
        auto found = co_await asked.describe_topic(name, 30s);
        if (found) {
            co_return std::move(*found);
        }
    }
}

class Admin : public test::kafka_test {
protected:
    error create_fails(new_topic wanted) {
        auto const made = loop_.run(admin_->create_topic(std::move(wanted), 30s));
        return made ? error{} : made.error();
    }
    new_topic wanted() {
        new_topic made;
        made.name = unused_topic();
        return made;
    }
};

TEST_F(Admin, CreatesDescribesAndDeletes) {
    auto made = wanted();
    made.partitions = 3;
    made.replication_factor = 1;
    made.configs = {{"cleanup.policy", "delete"}, {"max.message.bytes", "2000000"}};
    auto const name = made.name;
    must(loop_.run(admin_->create_topic(made, 30s)));

    auto const configs = loop_.run(configs_of(*admin_, name));
    EXPECT_EQ(configs.at("max.message.bytes").value, "2000000");
    EXPECT_FALSE(configs.at("max.message.bytes").by_default);
    EXPECT_EQ(configs.at("cleanup.policy").value, "delete");
    EXPECT_TRUE(configs.at("segment.bytes").by_default);

    auto const seen = must(loop_.run(admin_->metadata(name, 30s)));
    EXPECT_FALSE(seen.brokers.empty());
    ASSERT_EQ(seen.topics.size(), 1U);
    EXPECT_EQ(seen.topics[0].name, name);
    ASSERT_EQ(seen.topics[0].partitions.size(), 3U);
    for (std::int32_t id = 0; auto const& one : seen.topics[0].partitions) {
        EXPECT_EQ(one.id, id++);
        EXPECT_GE(one.leader, 0);
        EXPECT_EQ(one.replicas.size(), 1U);
        EXPECT_EQ(one.in_sync.size(), 1U);
    }

    EXPECT_EQ(create_fails(made).code, errc::topic_exists);
    must(loop_.run(admin_->delete_topic(name, 30s)));
    EXPECT_EQ(loop_.run(admin_->delete_topic(name, 30s)).error().code, errc::no_topic);
    loop_.run(gone(*admin_, name));
}

TEST_F(Admin, ListsAllTopics) {
    auto const name = make_topic(2);
    auto const seen = loop_.run(all_topics_with(*admin_, name));
    EXPECT_THAT(seen.topics, Contains(Field(&topic_metadata::name, name)));
    EXPECT_GE(seen.brokers.size(), 1U);
    EXPECT_GT(seen.brokers[0].port, 0);
}

TEST_F(Admin, WhatCannotBeCreatedHasAName) {
    auto much = wanted();
    much.replication_factor = 100;
    EXPECT_EQ(create_fails(much).name, "INVALID_REPLICATION_FACTOR");
    EXPECT_EQ(create_fails(much).classify(), retry_class::operator_);
    auto odd = wanted();
    odd.configs = {{"no.such.setting", "1"}};
    EXPECT_EQ(create_fails(odd).code, errc::configuration);
    auto nameless = wanted();
    nameless.name = "a topic/with?odd characters";
    EXPECT_EQ(create_fails(nameless).code, errc::configuration);
    auto none = wanted();
    none.partitions = 0;
    EXPECT_EQ(create_fails(none).code, errc::configuration);
}

TEST_F(Admin, WhatIsNotThereHasAName) {
    auto const name = unused_topic();
    for (auto const& found : {loop_.run(admin_->describe_topic(name, 30s)).error(),
                              loop_.run(admin_->metadata(name, 30s)).error(),
                              loop_.run(admin_->query_watermarks(name, 0, 30s)).error(),
                              loop_.run(admin_->delete_topic(name, 30s)).error(),
                              loop_.run(admin_->delete_records(name, 0, 0, 10s)).error()}) {
        EXPECT_EQ(found.code, errc::no_topic) << found.message;
        EXPECT_EQ(found.classify(), retry_class::missing_topic);
    }
    auto const topic = make_topic(1);
    EXPECT_EQ(loop_.run(admin_->query_watermarks(topic, 3, 30s)).error().code, errc::no_topic);
}

TEST_F(Admin, WatermarksFollowTheLog) {
    auto const topic = make_topic(1);
    auto const empty = must(loop_.run(admin_->query_watermarks(topic, 0, 30s)));
    EXPECT_EQ(empty.low, 0);
    EXPECT_EQ(empty.high, 0);
    auto const sink = open_producer();
    unsettled batch;
    record one;
    one.value = "x";
    for (int at = 0; at < 10; ++at) {
        ASSERT_EQ(sink->produce(sink->open_topic(topic), 0, one, batch), producer::queued::yes);
    }
    must(loop_.run(test::settle(*sink)));
    EXPECT_EQ(must(loop_.run(admin_->query_watermarks(topic, 0, 30s))).high, 10);
    EXPECT_EQ(must(loop_.run(admin_->delete_records(topic, 0, 4, 30s))), 4);
    auto const cut = must(loop_.run(admin_->query_watermarks(topic, 0, 30s)));
    EXPECT_EQ(cut.low, 4);
    EXPECT_EQ(cut.high, 10);
}

TEST_F(Admin, WrongAddressIsSaidSoonByEveryCall) {
    auto const address = test::refusing_address(loop_);
    auto const fresh = [&] { return must(admin::open(loop_.executor(), address, {}, {})); };
    auto const check = [&](error const& failed) {
        EXPECT_EQ(failed.code, errc::unreachable) << failed.message;
        EXPECT_THAT(failed.message, HasSubstr(address));
        EXPECT_THAT(failed.message, HasSubstr("Connection refused"));
    };
    auto const took = test::time_of([&] {
        check(loop_.run(fresh()->metadata(std::nullopt, 30s)).error());
        check(loop_.run(fresh()->query_watermarks("any", 0, 30s)).error());
        check(loop_.run(fresh()->describe_topic("any", 30s)).error());
        check(loop_.run(fresh()->create_topic(wanted(), 30s)).error());
    });
    EXPECT_LT(took, 10s);
    auto const nowhere = must(admin::open(loop_.executor(), "no-such-host.invalid:9092", {}, {}));
    auto const unknown = loop_.run(nowhere->metadata(std::nullopt, 30s)).error();
    EXPECT_EQ(unknown.code, errc::unreachable);
    EXPECT_THAT(unknown.message, HasSubstr("no-such-host.invalid"));
}

TEST_F(Admin, OffsetsOfTimesOfManyPartitionsAtOnce) {
    auto const first = make_topic(2);
    auto const second = unused_topic();
    new_topic other;
    other.name = second;
    must(loop_.run(admin_->create_topic(other, 30s)));
    auto const before = std::chrono::system_clock::now();
    {
        auto const sink = open_producer();
        auto& topic = sink->open_topic(first);
        unsettled reports;
        for (int n = 0; n < 5; ++n) {
            record one;
            one.value = "x";
            ASSERT_EQ(sink->produce(topic, 1, one, reports), producer::queued::yes);
        }
        must(loop_.run(test::settle(*sink)));
    }
    must(loop_.run(admin_->delete_records(first, 1, 2, 30s)));
    auto const ms = [](std::chrono::system_clock::time_point of) {
        return std::chrono::duration_cast<std::chrono::milliseconds>(of.time_since_epoch()).count();
    };
    using offsets = std::vector<std::optional<std::int64_t>>;
    auto const all_at = [&](std::int64_t time_ms) {
        std::vector<time_question> const wanted{
            {first, 1, time_ms}, {second, 0, time_ms}, {first, 0, time_ms}};
        return must(loop_.run(admin_->offsets_for_times(wanted, 30s)));
    };
    offsets const ends{5, 0, 0};
    offsets seen_ends; // as committed: a moment later than acknowledged
    for (int tries = 0; tries < 1'000 && seen_ends != ends; ++tries) {
        seen_ends = all_at(time_question::log_end);
    }
    EXPECT_EQ(seen_ends, ends);
    EXPECT_EQ(all_at(time_question::log_begin), (offsets{2, 0, 0}));
    EXPECT_EQ(all_at(ms(before) - 1'000), (offsets{2, std::nullopt, std::nullopt}));
    EXPECT_EQ(all_at(ms(before + 24h)), (offsets{std::nullopt, std::nullopt, std::nullopt}));
    std::vector<time_question> const none{{"no." + second, 0, time_question::log_end}};
    EXPECT_EQ(loop_.run(admin_->offsets_for_times(none, 5s)).error().code, errc::no_topic);
}

TEST_F(Admin, SilentBrokerIsADeadlineAndNoHang) {
    test::silent_broker const silent{loop_};
    auto asking = must(admin::open(loop_.executor(), silent.address(), {}, {}));
    std::vector<time_question> const any{{"any", 0, time_question::log_end}};
    for (int question = 0; question < 4; ++question) {
        std::optional<error> failed;
        auto const took = test::time_of([&] {
            failed = question == 0   ? loop_.run(asking->metadata("any", 500ms)).error()
                     : question == 1 ? loop_.run(asking->query_watermarks("any", 0, 500ms)).error()
                     : question == 2 ? loop_.run(asking->offsets_for_times(any, 500ms)).error()
                                     : loop_.run(asking->describe_topic("any", 500ms)).error();
        });
        EXPECT_EQ(failed->code, errc::timed_out) << question << failed->message;
        EXPECT_LT(took, 2s) << question;
        EXPECT_GT(took, 400ms) << question;
    }
    EXPECT_LT(test::time_of([&] { asking.reset(); }), 4s);
}

TEST_F(Admin, ACallThatWasGivenUpDoesNoHarm) {
    auto const topic = make_topic(1);
    auto described = loop_.start(admin_->describe_topic(topic, 30s));
    admin_->client().interrupt();
    loop_.run(test::becomes([&] { return described.done(); }));
    auto asked = loop_.start(admin_->metadata(topic, 30s));
    loop_.run(test::becomes([turns = 0]() mutable { return ++turns > 0; }));
    admin_->client().interrupt();
    loop_.run(test::becomes([&] { return asked.done(); }));
    EXPECT_FALSE(loop_.run(all_topics_with(*admin_, topic)).brokers.empty());
    EXPECT_FALSE(loop_.run(configs_of(*admin_, topic)).empty());
}

} // namespace
} // namespace tandem::io::kafka
