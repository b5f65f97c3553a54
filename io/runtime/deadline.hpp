#pragma once
// One limit of time on one piece of work.
//
// Owned by the frame that does the work, on the single thread of its executor. When the time passes
// first, `expired()` turns true and the action runs once on the executor, never inside the
// constructor: typically connection::interrupt() or connection::request_cancel(). Destroying the
// deadline disarms it, so the action may refer to whatever outlives the deadline.

#include "io/runtime/awaitable.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace tandem::io {

class deadline {
public:
    deadline(asio::any_io_executor const& executor, std::chrono::milliseconds after,
             std::function<void()> action)
        : timer_{executor, after}, state_{std::make_shared<state>()} {
        state_->action = std::move(action);
        timer_.async_wait([held = state_](boost::system::error_code cancelled) {
            if (!cancelled && held->armed) {
                held->armed = false;
                held->expired = true;
                held->action();
            }
        });
    }
    // The timer's handler may already be queued when the work ends: `armed` stops it.
    ~deadline() { state_->armed = false; }
    deadline(deadline const&) = delete;
    deadline& operator=(deadline const&) = delete;

    [[nodiscard]] bool expired() const noexcept { return state_->expired; }

private:
    struct state {
        std::function<void()> action;
        bool armed = true;
        bool expired = false;
    };
    asio::steady_timer timer_;
    std::shared_ptr<state> state_;
};

} // namespace tandem::io
