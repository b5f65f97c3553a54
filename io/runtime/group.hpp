#pragma once
// Several named coroutines that end together.
//
// run() starts all members on one executor; as soon as one ends, however it ends, the others are
// cancelled and run() waits for every one of them. Cancelling run() cancels all. Whatever the
// members refer to must outlive run(); members added after run() are a mistake.

#include "codecs/base/assert.hpp"
#include "io/runtime/awaitable.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>

#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tandem::io {

// T: what each member returns, e.g. result<void, failure>. Default constructible and movable.
template <class T>
class group {
public:
    struct ending {
        std::string name;
        T value;                      // default constructed when it threw
        std::exception_ptr exception; // operation_aborted for a member that was cancelled
    };

    explicit group(asio::any_io_executor executor) : executor_{std::move(executor)} {}

    void add(std::string name, awaitable<T> body) {
        names_.push_back(std::move(name));
        operations_.push_back(asio::co_spawn(executor_, std::move(body), asio::deferred));
    }

    // All members in the order in which they ended: the first one is why the group ended.
    [[nodiscard]] awaitable<std::vector<ending>> run() {
        TANDEM_ASSERT(!operations_.empty());
        auto all = asio::experimental::make_parallel_group(std::move(operations_));
        auto started = all.async_wait(asio::experimental::wait_for_one(), use_tuple_free);
        auto [order, exceptions, values] = co_await std::move(started);
        std::vector<ending> endings;
        endings.reserve(order.size());
        for (auto const index : order) {
            ending one;
            one.name = std::move(names_[index]);
            one.value = std::move(values[index]);
            one.exception = exceptions[index];
            endings.push_back(std::move(one));
        }
        co_return endings;
    }

private:
    static constexpr auto use_tuple_free = asio::use_awaitable;
    using operation = decltype(asio::co_spawn(std::declval<asio::any_io_executor>(),
                                              std::declval<awaitable<T>>(), asio::deferred));

    asio::any_io_executor executor_;
    std::vector<std::string> names_;
    std::vector<operation> operations_;
};

} // namespace tandem::io
