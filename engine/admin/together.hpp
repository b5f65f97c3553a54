#pragma once
// Two coroutines at the same time on one thread, typically one query on each node.

#include "io/runtime/awaitable.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace tandem::engine {

namespace detail {

template <class T>
struct arrival {
    explicit arrival(io::asio::any_io_executor executor)
        : bell{std::move(executor), io::asio::steady_timer::time_point::max()} {}

    io::asio::steady_timer bell; // cancelled on arrival
    bool there = false;
    std::exception_ptr failed;
    std::optional<T> value;
};

} // namespace detail

// Both run to their end, whatever becomes of the other; then the first failure is thrown.
template <class First, class Second>
[[nodiscard]] io::awaitable<std::pair<First, Second>> together(io::awaitable<First> first,
                                                               io::awaitable<Second> second) {
    auto const executor = co_await io::asio::this_coro::executor;
    auto const other = std::make_shared<detail::arrival<Second>>(executor);
    io::asio::co_spawn(executor, std::move(second),
                       [other](std::exception_ptr failed, Second value) {
                           other->there = true;
                           other->failed = failed;
                           other->value = std::move(value);
                           other->bell.cancel();
                       });
    std::optional<First> mine;
    std::exception_ptr failed;
    try {
        mine = co_await std::move(first);
    } catch (...) {
        failed = std::current_exception();
    }
    while (!other->there) {
        co_await other->bell.async_wait(io::use_tuple);
    }
    for (std::exception_ptr const& each : {failed, other->failed}) {
        if (each) {
            std::rethrow_exception(each);
        }
    }
    co_return std::pair<First, Second>{std::move(*mine), std::move(*other->value)};
}

} // namespace tandem::engine
