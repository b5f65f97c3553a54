#pragma once
// Several coroutines side by side on one executor, all of them to their ends.

#include "codecs/base/assert.hpp"
#include "io/runtime/awaitable.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>

#include <exception>
#include <utility>
#include <vector>

namespace tandem::io {

// Their values in the order of `bodies`. When some threw, the first of these throws here, after all
// have ended. T is default constructible and movable.
template <class T>
[[nodiscard]] awaitable<std::vector<T>> all(asio::any_io_executor executor,
                                            std::vector<awaitable<T>> bodies) {
    TANDEM_ASSERT(!bodies.empty());
    using operation = decltype(asio::co_spawn(executor, std::move(bodies.front()), asio::deferred));
    std::vector<operation> operations;
    operations.reserve(bodies.size());
    for (auto& body : bodies) {
        operations.push_back(asio::co_spawn(executor, std::move(body), asio::deferred));
    }
    auto group = asio::experimental::make_parallel_group(std::move(operations));
    auto started = group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    auto [order, exceptions, values] = co_await std::move(started);
    for (auto const& exception : exceptions) {
        if (exception) {
            std::rethrow_exception(exception);
        }
    }
    co_return std::move(values);
}

} // namespace tandem::io
