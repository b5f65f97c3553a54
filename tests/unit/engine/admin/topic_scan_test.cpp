#include "engine/admin/topic_scan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

namespace tandem::engine {
namespace {

using record_list = std::vector<topic_record>;
using places = std::vector<std::pair<std::int32_t, std::int64_t>>; // partition, offset

topic_record made(std::int32_t partition, std::int64_t offset, std::int64_t ms,
                  std::size_t size = 0) {
    topic_record one;
    one.partition = partition;
    one.offset = offset;
    one.timestamp_ms = ms;
    one.value = std::string(size, 'x');
    return one;
}

// Reads from lists as read_topic() reads from Kafka. Records whose timestamp is odd do not match when
// `searching`.
class logs_under_test {
public:
    void add(topic_record one) { logs_[one.partition].push_back(std::move(one)); }

    places read(topic_scan::limits set, bool searching = false) {
        std::vector<log_span> spans;
        for (auto const& [partition, records] : logs_) {
            spans.push_back({partition, 0, records.empty() ? 0 : records.back().offset + 1});
        }
        topic_scan scan{spans, set};
        places seen;
        for (;;) {
            while (auto const one = scan.take()) {
                seen.emplace_back(one->partition, one->offset);
            }
            auto const wanted = scan.next_spans();
            if (wanted.empty()) {
                return seen;
            }
            for (log_span const& span : wanted) {
                for (topic_record const& one : logs_[span.partition]) {
                    if (one.offset >= span.begin && one.offset < span.end) {
                        ++records_read;
                        scan.passed(one.partition, one.timestamp_ms);
                        if (!searching || one.timestamp_ms % 2 == 0) {
                            scan.found(one);
                        }
                    }
                }
                scan.finish(span);
            }
        }
    }

    // What must come out, said another way.
    places expected(bool newest_first, std::size_t most, bool searching = false) {
        record_list all;
        for (auto const& [partition, records] : logs_) {
            std::ranges::copy_if(records, std::back_inserter(all), [&](topic_record const& one) {
                return !searching || one.timestamp_ms % 2 == 0;
            });
        }
        std::ranges::sort(all, [&](topic_record const& a, topic_record const& b) {
            return newest_first ? std::tuple{-a.timestamp_ms, a.partition, -a.offset} <
                                      std::tuple{-b.timestamp_ms, b.partition, -b.offset}
                                : std::tuple{a.timestamp_ms, a.partition, a.offset} <
                                      std::tuple{b.timestamp_ms, b.partition, b.offset};
        });
        places some;
        for (topic_record const& one : all) {
            some.emplace_back(one.partition, one.offset);
        }
        some.resize(std::min(most, some.size()));
        return some;
    }

    std::size_t records_read = 0;

private:
    std::map<std::int32_t, record_list> logs_;
};

TEST(TopicScan, NothingIsNothing) {
    topic_scan none{{}, {}};
    EXPECT_FALSE(none.take());
    EXPECT_TRUE(none.next_spans().empty());
    topic_scan empty{{{0, 7, 7}}, {}};
    EXPECT_FALSE(empty.take());
    EXPECT_TRUE(empty.next_spans().empty());
}

TEST(TopicScan, ReadsFromTheEndsAndNotMoreThanItNeeds) {
    topic_scan::limits set;
    set.span = 10;
    set.records = 10;
    topic_scan scan{{{0, 5, 1'000}, {3, 998, 1'000}}, set};
    EXPECT_EQ(scan.next_spans(), (std::vector<log_span>{{0, 990, 1'000}, {3, 998, 1'000}}));
    set.newest_first = false;
    topic_scan forward{{{0, 5, 1'000}, {3, 998, 1'000}}, set};
    EXPECT_EQ(forward.next_spans(), (std::vector<log_span>{{0, 5, 15}, {3, 998, 1'000}}));

    logs_under_test logs;
    for (int offset = 0; offset < 10'000; ++offset) {
        logs.add(made(offset % 2, offset / 2, offset));
    }
    set.newest_first = true;
    EXPECT_EQ(logs.read(set), logs.expected(true, 10));
    EXPECT_LE(logs.records_read, 20U);
}

// Any spans, any bound of memory, any holes and equal times: the same order.
TEST(TopicScan, OrderDoesNotDependOnHowItIsRead) {
    std::mt19937 random{1}; // NOLINT: the same every time
    for (int round = 0; round < 300; ++round) {
        logs_under_test logs;
        for (std::int32_t partition = 0; partition < 4; ++partition) {
            std::int64_t offset = 0;
            std::int64_t ms = 1'000;
            for (std::size_t left = random() % 60; left > 0; --left) {
                offset += 1 + static_cast<std::int64_t>(random() % 3);
                ms += static_cast<std::int64_t>(random() % 4);
                logs.add(made(partition, offset, ms, random() % 100));
            }
        }
        topic_scan::limits set;
        set.newest_first = random() % 2 == 0;
        set.span = 1 + static_cast<std::int64_t>(random() % 20);
        set.span_most = 1 + static_cast<std::int64_t>(random() % 50);
        set.bytes = 4 * (200 + random() % 2'000);
        set.records = random() % 3 == 0 ? 1 + random() % 50 : 1'000;
        bool const searching = random() % 2 == 0;
        EXPECT_EQ(logs.read(set, searching),
                  logs.expected(set.newest_first, set.records, searching))
            << round;
    }
}

TEST(TopicScan, MemoryIsBounded) {
    for (bool const newest_first : {true, false}) {
        topic_scan::limits set;
        set.newest_first = newest_first;
        set.span = 1'000;
        set.bytes = 10'000;
        topic_scan scan{{{0, 0, 1'000}}, set};
        ASSERT_EQ(scan.next_spans(), (std::vector<log_span>{{0, 0, 1'000}}));
        for (int offset = 0; offset < 1'000; ++offset) {
            scan.passed(0, offset);
            scan.found(made(0, offset, offset, 1'000));
        }
        scan.finish({0, 0, 1'000});
        std::size_t bytes = 0;
        std::int64_t last = newest_first ? 1'000 : -1;
        while (auto const one = scan.take()) {
            bytes += one->bytes();
            EXPECT_EQ(one->offset, last + (newest_first ? -1 : 1));
            last = one->offset;
        }
        EXPECT_GT(bytes, 5'000U);
        EXPECT_LE(bytes, 10'000U);
        auto const again = scan.next_spans();
        ASSERT_EQ(again.size(), 1U);
        EXPECT_EQ(newest_first ? again[0].end : again[0].begin, newest_first ? last : last + 1);
    }
}

TEST(TopicScan, OneRecordBeyondTheBoundStillComes) {
    logs_under_test logs;
    for (int offset = 0; offset < 20; ++offset) {
        logs.add(made(0, offset, offset, 5'000));
    }
    topic_scan::limits set;
    set.bytes = 100;
    EXPECT_EQ(logs.read(set), logs.expected(true, 20));
    set.newest_first = false;
    EXPECT_EQ(logs.read(set), logs.expected(false, 20));
}

// Writers may set any timestamp: each partition still comes in its own order, whole.
TEST(TopicScan, TimesThatGoBackLoseNothing) {
    std::mt19937 random{2}; // NOLINT: the same every time
    logs_under_test logs;
    for (int offset = 0; offset < 500; ++offset) {
        logs.add(made(offset % 3, offset / 3, static_cast<std::int64_t>(random() % 1'000)));
    }
    for (bool const newest_first : {true, false}) {
        topic_scan::limits set;
        set.newest_first = newest_first;
        set.span = 7;
        auto const seen = logs.read(set);
        EXPECT_EQ(seen.size(), 500U);
        std::map<std::int32_t, std::int64_t> last;
        for (auto const& [partition, offset] : seen) {
            auto const before = last.find(partition);
            if (before != last.end()) {
                EXPECT_EQ(offset, before->second + (newest_first ? -1 : 1));
            }
            last[partition] = offset;
        }
    }
}

} // namespace
} // namespace tandem::engine
