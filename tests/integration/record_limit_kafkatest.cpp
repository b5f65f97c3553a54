// The size that is counted before a record is sent is the one that the brokers count.

#include "engine/core/stream_record.hpp"
#include "tests/integration/io_kafka.hpp"

namespace tandem::engine {
namespace {

class RecordLimit : public test::kafka_test {};

io::kafka::result<void> sent(test::event_loop& loop, io::kafka::producer& sink,
                             std::string const& topic, stream_record const& one) {
    std::vector<io::kafka::header> headers;
    for (auto const& each : one.headers) {
        headers.push_back({each.name, each.value});
    }
    io::kafka::unsettled batch;
    io::kafka::record what;
    what.key = one.key;
    what.value = one.value;
    what.headers = headers;
    if (sink.produce(sink.open_topic(topic), 0, what, batch) != io::kafka::producer::queued::yes) {
        return sink.why();
    }
    return loop.run(test::settle(sink));
}

TEST_F(RecordLimit, TheBrokersCountTheSame) {
    std::string const value(20'000, 'v');
    std::string const key(70, 'k');
    std::string const note(200, 'n');
    for (int shape = 0; shape < 3; ++shape) {
        stream_record one;
        if (shape != 2) {
            one.value = value;
        }
        if (shape == 0) {
            one.key = key;
        }
        one.headers = {{"origin", "a"}, {"tandem.note", shape == 2 ? value : note}};
        auto const bytes = batch_bytes(one);
        for (auto const limit : {bytes - 1, bytes}) {
            auto const topic = make_topic(1, {{"max.message.bytes", std::to_string(limit)}});
            auto const sink = open_producer(
                {{"compression.type", "none"}, {"message.max.bytes", std::to_string(bytes)}});
            auto const done = sent(loop_, *sink, topic, one);
            if (limit == bytes) {
                EXPECT_TRUE(done) << shape << ": " << done.error().message;
            } else {
                ASSERT_FALSE(done) << shape;
                EXPECT_EQ(done.error().code, io::kafka::errc::record_refused)
                    << done.error().message;
                EXPECT_NE(done.error().name, "") << "the broker's word";
            }
        }
    }
}

} // namespace
} // namespace tandem::engine
