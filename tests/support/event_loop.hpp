#pragma once
// Lets a test call coroutines as if they were functions.

#include "io/runtime/awaitable.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace tandem::test {

// Owns an io_context of one thread. What the coroutines refer to must be destroyed before it.
class event_loop {
public:
    [[nodiscard]] io::asio::any_io_executor executor() { return context_.get_executor(); }

    // Starts a coroutine that goes on while others are run.
    template <class T>
    class pending {
    public:
        [[nodiscard]] bool done() const { return state_->done; }

    private:
        friend class event_loop;
        struct state {
            bool done = false;
            std::exception_ptr thrown;
            std::optional<T> value;
        };
        std::shared_ptr<state> state_ = std::make_shared<state>();
    };

    template <class T>
    [[nodiscard]] pending<T> start(io::awaitable<T> work) {
        pending<T> begun;
        io::asio::co_spawn(context_, std::move(work),
                           [held = begun.state_](std::exception_ptr thrown, T value) {
                               held->done = true;
                               held->thrown = thrown;
                               held->value = std::move(value);
                           });
        return begun;
    }

    template <class T>
    T finish(pending<T> begun) {
        auto const limit = std::chrono::steady_clock::now() + std::chrono::seconds{60};
        context_.restart();
        while (!begun.state_->done) {
            context_.run_one_until(limit);
            if (std::chrono::steady_clock::now() > limit) {
                throw std::runtime_error{"the coroutine did not end within a minute"};
            }
        }
        if (begun.state_->thrown) {
            std::rethrow_exception(begun.state_->thrown);
        }
        return std::move(*begun.state_->value);
    }

    template <class T>
    T run(io::awaitable<T> work) {
        return finish(start(std::move(work)));
    }

    void run(io::awaitable<void> work) { run(with_value(std::move(work))); }
    [[nodiscard]] pending<bool> start(io::awaitable<void> work) {
        return start(with_value(std::move(work)));
    }

private:
    static io::awaitable<bool> with_value(io::awaitable<void> work) {
        co_await std::move(work);
        co_return true;
    }

    io::asio::io_context context_{1};
};

// The value of a result, or a failed test that says what the error was.
template <class Result>
auto must(Result outcome) {
    if (!outcome) {
        throw std::runtime_error{outcome.error().message};
    }
    if constexpr (!std::is_void_v<typename Result::value_type>) {
        return std::move(*outcome);
    }
}

} // namespace tandem::test
