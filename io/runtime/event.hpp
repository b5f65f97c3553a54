#pragma once
// A flag that coroutines of one thread can wait for.
//
// notify() wakes the waiter, or lets the next wait() pass at once; several calls before a wait count
// as one. One waiter at a time. The event outlives its waiter.

#include "io/runtime/awaitable.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <utility>

namespace tandem::io {

class event {
public:
    using clock = std::chrono::steady_clock;

    explicit event(asio::any_io_executor const& executor) : timer_{executor} {}

    void notify() {
        set_ = true;
        timer_.cancel();
    }

    // Until notified, or until the coroutine is cancelled (its next co_await then throws as usual).
    [[nodiscard]] awaitable<> wait() { return wait_for_flag(clock::time_point::max()); }

    // True when notified, false when the time came first or the coroutine was cancelled.
    [[nodiscard]] awaitable<bool> wait_until(clock::time_point limit) {
        co_await wait_for_flag(limit);
        co_return std::exchange(was_set_, false);
    }

private:
    awaitable<> wait_for_flag(clock::time_point limit) {
        was_set_ = false;
        while (!set_) {
            timer_.expires_at(limit);
            auto const [stopped] = co_await timer_.async_wait(use_tuple);
            auto const cancellation = co_await asio::this_coro::cancellation_state;
            bool const cancelled = cancellation.cancelled() != asio::cancellation_type::none;
            if (!set_ && (!stopped || cancelled)) {
                co_return;
            }
        }
        set_ = false;
        was_set_ = true;
    }

    asio::steady_timer timer_;
    bool set_ = false;
    bool was_set_ = false;
};

} // namespace tandem::io
