#pragma once
// Wakes a coroutine from another thread, through an eventfd.
//
// notify() may be called from any thread, also from a signal handler; calls before a wait count as
// one. wait() belongs to one coroutine on the executor. The object outlives both.

#include "io/runtime/awaitable.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

namespace tandem::io {

class wakeup {
public:
    // Throws boost::system::system_error when the process has no descriptor left.
    explicit wakeup(asio::any_io_executor const& executor);

    void notify() noexcept;

    // Until notified, or until the coroutine is cancelled.
    [[nodiscard]] awaitable<> wait();

private:
    asio::posix::stream_descriptor descriptor_;
};

} // namespace tandem::io
