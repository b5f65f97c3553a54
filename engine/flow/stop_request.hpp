#pragma once
// What a user's signals ask of a process.

#include "io/runtime/awaitable.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstdlib>

namespace tandem::engine {

// SIGINT and SIGTERM from its construction on. The first one asks to stop, the second one ends the
// process. Lives as long as its context runs.
class stop_request {
public:
    explicit stop_request(io::asio::io_context& context) : signals_{context, SIGINT, SIGTERM} {
        wait();
    }
    [[nodiscard]] bool made() const noexcept { return received_ != 0; }

private:
    void wait() {
        signals_.async_wait([this](boost::system::error_code failed, int number) {
            if (failed) {
                return;
            }
            if (received_ != 0) {
                std::_Exit(128 + number);
            }
            received_ = number;
            wait();
        });
    }

    io::asio::signal_set signals_;
    int received_ = 0;
};

} // namespace tandem::engine
