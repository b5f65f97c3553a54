#include "io/runtime/all.hpp"
#include "io/runtime/deadline.hpp"
#include "io/runtime/event.hpp"
#include "io/runtime/group.hpp"
#include "io/runtime/wakeup.hpp"
#include "tests/support/event_loop.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/system/system_error.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace tandem::io {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

// Lets everything on the loop run for that long.
awaitable<> elapse(std::chrono::milliseconds time) {
    auto const executor = co_await asio::this_coro::executor;
    asio::steady_timer timer{executor, time};
    co_await timer.async_wait(asio::use_awaitable);
}

awaitable<int> count_waits(event& told, int rounds) {
    for (int round = 0; round < rounds; ++round) {
        co_await told.wait();
    }
    co_return rounds;
}

TEST(Event, NotifyBeforeTheWaitCountsOnce) {
    test::event_loop loop;
    event told{loop.executor()};
    told.notify();
    told.notify();
    EXPECT_EQ(loop.run(count_waits(told, 1)), 1);
    auto second = loop.start(count_waits(told, 1));
    loop.run(elapse(20ms));
    EXPECT_FALSE(second.done());
    told.notify();
    EXPECT_EQ(loop.finish(second), 1);
}

TEST(Event, WaitUntilTellsTimeFromNotification) {
    test::event_loop loop;
    event told{loop.executor()};
    EXPECT_FALSE(loop.run(told.wait_until(clock::now() + 10ms)));
    auto waiting = loop.start(told.wait_until(clock::now() + 30s));
    loop.run(elapse(5ms));
    told.notify();
    EXPECT_TRUE(loop.finish(waiting));
    told.notify();
    EXPECT_TRUE(loop.run(told.wait_until(clock::now() - 1s)));
    EXPECT_FALSE(loop.run(told.wait_until(clock::now() - 1s)));
}

awaitable<> forward(wakeup& from, int& woken) {
    for (;;) {
        co_await from.wait();
        ++woken;
    }
}

awaitable<> until(int const& value, int least) {
    while (value < least) {
        co_await elapse(1ms);
    }
}

TEST(Wakeup, CrossesThreads) {
    test::event_loop loop;
    wakeup bell{loop.executor()};
    int woken = 0;
    auto const forwarding = loop.start(forward(bell, woken));
    std::thread other{[&bell] { bell.notify(); }};
    loop.run(until(woken, 1));
    other.join();
    bell.notify();
    bell.notify();
    loop.run(until(woken, 2));
    loop.run(elapse(10ms));
    EXPECT_EQ(woken, 2);
    EXPECT_FALSE(forwarding.done());
}

TEST(Deadline, RunsItsActionOnceWhenTimePasses) {
    test::event_loop loop;
    int runs = 0;
    deadline const limit{loop.executor(), 10ms, [&runs] { ++runs; }};
    EXPECT_FALSE(limit.expired());
    loop.run(elapse(40ms));
    EXPECT_TRUE(limit.expired());
    EXPECT_EQ(runs, 1);
}

TEST(Deadline, IsDisarmedByItsEnd) {
    test::event_loop loop;
    int runs = 0;
    {
        deadline const limit{loop.executor(), 0ms, [&runs] { ++runs; }}; // due before the loop runs
    }
    loop.run(elapse(10ms));
    EXPECT_EQ(runs, 0);
}

awaitable<std::string> end_after(std::chrono::milliseconds time, std::string text) {
    co_await elapse(time);
    co_return text;
}

awaitable<std::string> fail_after(std::chrono::milliseconds time) {
    co_await elapse(time);
    throw std::runtime_error{"broken"};
}

// Ends its work after having been cancelled, and says so.
awaitable<std::string> clean_up(bool& cleaned) {
    co_await asio::this_coro::throw_if_cancelled(false);
    auto const executor = co_await asio::this_coro::executor;
    asio::steady_timer timer{executor, 60s};
    auto const [stopped] = co_await timer.async_wait(use_tuple);
    co_await elapse(20ms);
    cleaned = stopped == asio::error::operation_aborted;
    co_return "cleaned";
}

TEST(Group, FirstEndCancelsTheOthersAndWaitsForThem) {
    test::event_loop loop;
    group<std::string> together{loop.executor()};
    bool cleaned = false;
    together.add("slow", end_after(60s, "never"));
    together.add("quick", end_after(5ms, "done"));
    together.add("tidy", clean_up(cleaned));
    auto const began = clock::now();
    auto const ends = loop.run(together.run());
    EXPECT_LT(clock::now() - began, 30s);
    ASSERT_EQ(ends.size(), 3U);
    EXPECT_EQ(ends[0].name, "quick");
    EXPECT_EQ(ends[0].value, "done");
    EXPECT_EQ(ends[0].exception, nullptr);
    EXPECT_EQ(ends[1].name, "slow");
    EXPECT_THROW(std::rethrow_exception(ends[1].exception), boost::system::system_error);
    EXPECT_EQ(ends[2].name, "tidy");
    EXPECT_EQ(ends[2].value, "cleaned");
    EXPECT_TRUE(cleaned);
}

TEST(Group, AnExceptionIsAnEndToo) {
    test::event_loop loop;
    group<std::string> together{loop.executor()};
    together.add("slow", end_after(60s, "never"));
    together.add("broken", fail_after(5ms));
    auto const ends = loop.run(together.run());
    ASSERT_EQ(ends.size(), 2U);
    EXPECT_EQ(ends[0].name, "broken");
    EXPECT_THROW(std::rethrow_exception(ends[0].exception), std::runtime_error);
}

TEST(Group, CancellingItCancelsAll) {
    test::event_loop loop;
    group<std::string> together{loop.executor()};
    bool cleaned = false;
    together.add("tidy", clean_up(cleaned));
    asio::cancellation_signal stop;
    bool ended = false;
    asio::co_spawn(loop.executor(), together.run(),
                   asio::bind_cancellation_slot(
                       stop.slot(), [&ended](std::exception_ptr, auto) { ended = true; }));
    loop.run(elapse(5ms));
    EXPECT_FALSE(ended);
    stop.emit(asio::cancellation_type::terminal);
    for (auto const limit = clock::now() + 30s; !ended && clock::now() < limit;) {
        loop.run(elapse(1ms));
    }
    EXPECT_TRUE(ended);
    EXPECT_TRUE(cleaned);
}

awaitable<int> after(std::chrono::milliseconds time, int value, bool throws) {
    co_await elapse(time);
    if (throws) {
        throw std::runtime_error{"number " + std::to_string(value)};
    }
    co_return value;
}

awaitable<int> noting(std::chrono::milliseconds time, int value, std::vector<int>& ended) {
    co_await elapse(time);
    ended.push_back(value);
    co_return value;
}

TEST(All, GivesTheValuesInTheOrderAskedForAndWaitsSideBySide) {
    test::event_loop loop;
    std::vector<int> ended;
    std::vector<awaitable<int>> bodies;
    for (int number = 0; number < 3; ++number) {
        bodies.push_back(noting(std::chrono::milliseconds{60 - 20 * number}, number, ended));
    }
    EXPECT_THAT(loop.run(all(loop.executor(), std::move(bodies))), testing::ElementsAre(0, 1, 2));
    EXPECT_THAT(ended, testing::ElementsAre(2, 1, 0)) << "the shortest first";
}

TEST(All, TheFirstInOrderThatThrewThrowsWhenAllHaveEnded) {
    test::event_loop loop;
    std::vector<awaitable<int>> bodies;
    bodies.push_back(after(30ms, 0, false));
    bodies.push_back(after(20ms, 1, true));
    bodies.push_back(after(1ms, 2, true));
    try {
        loop.run(all(loop.executor(), std::move(bodies)));
        FAIL() << "nothing was thrown";
    } catch (std::runtime_error const& thrown) {
        EXPECT_STREQ(thrown.what(), "number 1");
    }
}

} // namespace
} // namespace tandem::io
