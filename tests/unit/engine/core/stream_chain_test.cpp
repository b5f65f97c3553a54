#include "engine/core/stream_chain.hpp"

#include <gtest/gtest.h>

namespace tandem::engine {
namespace {

using event::record_headers;
using event::stream_position;
using verdict = stream_chain::verdict;

record_headers record(std::int64_t epoch, stream_position previous, stream_position position) {
    record_headers made;
    made.epoch = epoch;
    made.previous = previous;
    made.position = position;
    return made;
}

// A transaction whose commit record begins at 200 and ends at 250, behind one that ended at 100.
constexpr stream_position start{lsn{100}, 0};
constexpr stream_position first{lsn{200}, 1};
constexpr stream_position second{lsn{200}, 2};
constexpr stream_position end{lsn{250}, 0};

TEST(StreamChain, TakesWhatFollows) {
    stream_chain chain{start, 3};
    EXPECT_EQ(chain.take(record(3, start, first)), verdict::next);
    EXPECT_EQ(chain.take(record(3, first, second)), verdict::next);
    EXPECT_EQ(chain.take(record(3, second, end)), verdict::next);
    EXPECT_EQ(chain.last(), end);
    EXPECT_EQ(chain.take(record(3, end, {lsn{250}, 1})), verdict::next)
        << "a commit record right behind the end of the one before";
}

TEST(StreamChain, DropsWhatWasThere) {
    stream_chain chain{second, 3};
    EXPECT_EQ(chain.take(record(3, start, first)), verdict::duplicate);
    EXPECT_EQ(chain.take(record(3, first, second)), verdict::duplicate);
    EXPECT_EQ(chain.take(record(3, second, second)), verdict::duplicate) << "covers nothing";
    EXPECT_EQ(chain.last(), second);
}

TEST(StreamChain, TakesOneThatCoversMoreThanIsMissing) {
    stream_chain chain{first, 3};
    EXPECT_EQ(chain.take(record(3, start, second)), verdict::next);
    EXPECT_EQ(chain.last(), second);
}

TEST(StreamChain, SeesWhatIsMissing) {
    stream_chain chain{start, 3};
    EXPECT_EQ(chain.take(record(3, first, second)), verdict::gap);
    EXPECT_EQ(chain.take(record(3, {lsn{101}, 0}, first)), verdict::gap);
    EXPECT_EQ(chain.last(), start);
}

TEST(StreamChain, KnowsItsWriters) {
    stream_chain chain{start, 3};
    EXPECT_EQ(chain.take(record(4, start, first)), verdict::unannounced);
    EXPECT_TRUE(chain.start(4));
    EXPECT_EQ(chain.take(record(3, start, first)), verdict::outdated);
    EXPECT_FALSE(chain.start(3));
    EXPECT_EQ(chain.take(record(4, start, first)), verdict::next);
    EXPECT_TRUE(chain.start(4)) << "the head of its next segment";
    EXPECT_EQ(chain.epoch(), 4);
    EXPECT_EQ(chain.last(), first);
}

} // namespace
} // namespace tandem::engine
