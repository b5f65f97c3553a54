#pragma once
// One node's connection for administrative work.
//
// Every value is read under the same settings on every server, so that texts from two nodes can be
// compared. Errors are thrown as command_failed: see engine/admin/failure.hpp.

#include "engine/config/options.hpp"
#include "io/pg/connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tandem::engine {

using io::awaitable;

class session {
public:
    // `replication` = "database" opens a walsender connection, which also takes replication commands.
    [[nodiscard]] static awaitable<session> open(io::asio::any_io_executor executor,
                                                 node_options node, std::string replication = {});

    [[nodiscard]] std::string const& node() const noexcept { return node_; }
    [[nodiscard]] io::pg::connection& link() noexcept { return *link_; }

    // `doing` names the step in the message of a failure: "reading the catalog".
    [[nodiscard]] awaitable<io::pg::rows> run(std::string sql, std::string doing);
    [[nodiscard]] awaitable<io::pg::rows> ask(std::string sql, io::pg::parameters values,
                                              std::string doing);

private:
    session(std::string node, std::unique_ptr<io::pg::connection> link)
        : node_{std::move(node)}, link_{std::move(link)} {}

    std::string node_;
    std::unique_ptr<io::pg::connection> link_;
};

// The settings under which every session of tandem reads and writes values.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> value_settings();

// Runs one coroutine to its end on `io` and returns or throws what it did. Other work of `io` gets its
// turn meanwhile and may go on afterwards.
template <class T>
T run_on(io::asio::io_context& io, awaitable<T> work) {
    auto done = io::asio::co_spawn(io, std::move(work), io::asio::use_future);
    io.restart();
    while (done.wait_for(std::chrono::seconds{0}) != std::future_status::ready) {
        io.run_one();
    }
    return done.get();
}

} // namespace tandem::engine
