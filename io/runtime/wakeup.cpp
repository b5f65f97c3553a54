#include "io/runtime/wakeup.hpp"

#include <boost/system/system_error.hpp>

#include <cerrno>
#include <cstdint>
#include <sys/eventfd.h>
#include <unistd.h>

namespace tandem::io {

namespace {

int open_eventfd() {
    int const descriptor = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (descriptor < 0) {
        boost::system::error_code const code{errno, boost::system::system_category()};
        throw boost::system::system_error{code, "eventfd"};
    }
    return descriptor;
}

} // namespace

wakeup::wakeup(asio::any_io_executor const& executor) : descriptor_{executor, open_eventfd()} {}

void wakeup::notify() noexcept {
    std::uint64_t const one = 1;
    // It fails only when the counter is full, and then the waiter is being woken already.
    [[maybe_unused]] auto const written = ::write(descriptor_.native_handle(), &one, sizeof one);
}

awaitable<> wakeup::wait() {
    auto const [failed] =
        co_await descriptor_.async_wait(asio::posix::descriptor_base::wait_read, use_tuple);
    if (!failed) {
        std::uint64_t count = 0;
        [[maybe_unused]] auto const taken =
            ::read(descriptor_.native_handle(), &count, sizeof count);
    }
}

} // namespace tandem::io
