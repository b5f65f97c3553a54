#pragma once
// What the tests of io/kafka share: the brokers under test, topics of their own, and short ways to
// produce and to read.

#include "io/kafka/admin.hpp"
#include "io/kafka/consumer.hpp"
#include "io/kafka/producer.hpp"
#include "tests/support/event_loop.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace tandem::test {

// Copies of what a consumer gave.
struct seen_record {
    std::int64_t offset = 0;
    std::optional<std::string> key;
    std::optional<std::string> value;
    std::vector<std::pair<std::string, std::optional<std::string>>> headers;
    bool operator==(seen_record const&) const = default;
};

struct seen {
    std::vector<seen_record> records;
    std::vector<io::kafka::partition_event> ends;
    std::vector<io::kafka::partition_event> failures;
};

inline std::optional<std::string> owned(std::optional<std::string_view> view) {
    return view ? std::optional<std::string>{*view} : std::nullopt;
}

inline void note(io::kafka::fetched_batch const& batch, seen& into) {
    std::vector<io::kafka::header> headers;
    for (std::size_t at = 0; at < batch.size(); ++at) {
        auto const from = batch[at];
        seen_record one;
        one.offset = from.offset();
        one.key = owned(from.key());
        one.value = owned(from.value());
        from.headers(headers);
        for (auto const& header : headers) {
            one.headers.emplace_back(std::string{header.name}, owned(header.value));
        }
        into.records.push_back(std::move(one));
    }
    into.ends.insert(into.ends.end(), batch.ends().begin(), batch.ends().end());
    into.failures.insert(into.failures.end(), batch.failures().begin(), batch.failures().end());
}

// Until `enough`; true, or false when the wait was cancelled.
inline io::awaitable<bool> read(io::kafka::consumer& source, seen& into,
                                std::function<bool(seen const&)> enough) {
    io::kafka::fetched_batch batch;
    for (;;) {
        while (source.try_fetch(batch)) {
            note(batch, into);
        }
        if (enough(into)) {
            co_return true;
        }
        auto const waited = co_await source.wait();
        if (!waited) {
            co_return false;
        }
    }
}

// Serves until nothing is outstanding; the first error.
inline io::awaitable<io::kafka::result<void>> settle(io::kafka::producer& sink) {
    io::kafka::result<void> first;
    while (sink.outstanding() > 0) {
        auto const served = co_await sink.serve();
        if (!served && first) {
            first = served.error();
        }
        if (!served && served.error().code == io::kafka::errc::cancelled) {
            break;
        }
    }
    co_return first;
}

// Until the condition holds; event_loop has the deadline.
inline io::awaitable<void> becomes(std::function<bool()> condition) {
    boost::asio::steady_timer pause{co_await boost::asio::this_coro::executor};
    while (!condition()) {
        pause.expires_after(std::chrono::milliseconds{5});
        co_await pause.async_wait(io::use_tuple);
    }
}

// Accepts connections and never says a word.
class silent_broker {
public:
    explicit silent_broker(event_loop& loop)
        : acceptor_{loop.executor(), {boost::asio::ip::address_v4::loopback(), 0}} {}
    [[nodiscard]] std::string address() const {
        return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
    }

private:
    boost::asio::ip::tcp::acceptor acceptor_;
};

// A port that was free a moment ago.
inline std::string refusing_address(event_loop& loop) {
    return silent_broker{loop}.address();
}

// A test without brokers fails: SetUp() says why.
class kafka_test : public testing::Test {
protected:
    void SetUp() override {
        char const* brokers = std::getenv("TANDEM_TEST_KAFKA");
        ASSERT_NE(brokers, nullptr) << "TANDEM_TEST_KAFKA names no brokers";
        brokers_ = brokers;
        admin_ = must(io::kafka::admin::open(loop_.executor(), brokers_, {}, {}));
    }

    // A name that no other test and no earlier run has.
    std::string unused_topic() {
        auto const now = std::chrono::system_clock::now().time_since_epoch().count();
        return std::string{testing::UnitTest::GetInstance()->current_test_info()->name()} + "." +
               std::to_string(::getpid()) + "." + std::to_string(now);
    }

    std::string make_topic(int partitions = 1, std::map<std::string, std::string> configs = {}) {
        io::kafka::new_topic wanted;
        wanted.name = unused_topic();
        wanted.partitions = partitions;
        wanted.configs = std::move(configs);
        auto const name = wanted.name;
        must(loop_.run(admin_->create_topic(std::move(wanted), std::chrono::seconds{30})));
        return name;
    }

    std::unique_ptr<io::kafka::producer> open_producer(io::kafka::properties set = {},
                                                       io::kafka::listener tell = {}) {
        return must(
            io::kafka::producer::open(loop_.executor(), brokers_, std::move(set), std::move(tell)));
    }
    std::unique_ptr<io::kafka::consumer> open_consumer(bool ends = false) {
        return must(io::kafka::consumer::open(loop_.executor(), brokers_, {}, {}, ends));
    }

    // All records of a partition, in the order of the log.
    std::vector<seen_record> all_of(std::string const& topic, std::int32_t partition,
                                    std::int64_t from = io::kafka::from_beginning) {
        auto const source = open_consumer(true);
        must(source->assign({{topic, partition, from}}));
        seen all;
        loop_.run(read(*source, all, [](seen const& so_far) {
            return !so_far.ends.empty() || !so_far.failures.empty();
        }));
        EXPECT_TRUE(all.failures.empty());
        return std::move(all.records);
    }

    std::string brokers_;
    event_loop loop_;
    std::unique_ptr<io::kafka::admin> admin_;
};

inline std::chrono::milliseconds time_of(std::function<void()> const& work) {
    auto const start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 start);
}

} // namespace tandem::test
