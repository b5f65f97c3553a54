#pragma once
// The first of two operations, the other cancelled and waited for.
//
// Both are started with asio::deferred and complete with nothing but an error code. Costs about 2 µs:
// for waits that are rare, never per row.

#include "io/runtime/awaitable.hpp"

#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>

#include <cstddef>
#include <utility>

namespace tandem::io {

struct race_end {
    std::size_t winner = 0; // 0 or 1
    boost::system::error_code failed;
};

template <class First, class Second>
[[nodiscard]] awaitable<race_end> race(First first, Second second) {
    auto both = asio::experimental::make_parallel_group(std::move(first), std::move(second));
    auto started = both.async_wait(asio::experimental::wait_for_one(), asio::deferred);
    auto const [order, first_failed, second_failed] =
        co_await std::move(started)(asio::use_awaitable);
    race_end end;
    end.winner = order[0];
    end.failed = end.winner == 0 ? first_failed : second_failed;
    co_return end;
}

} // namespace tandem::io
