#include "engine/admin/pooler.hpp"

#include "engine/admin/failure.hpp"

#include <fmt/format.h>

#include <utility>

namespace tandem::engine {
namespace {

constexpr char const* looking = "looking for a connection pooler";
constexpr char const* backend = "SELECT pg_backend_pid(), current_setting('search_path')";

[[noreturn]] void refuse(std::string const& node, std::string const& why) {
    throw command_failed{
        exit_status::environment,
        fmt::format("node {}: {}: give tandem the server's own address", node, why)};
}

} // namespace

awaitable<void> refuse_pooler(io::asio::any_io_executor executor, session& link,
                              node_options node) {
    auto const mine = co_await link.run(backend, looking);
    if (mine.integer(0, 0) == link.link().backend_pid()) {
        co_return; // nobody between
    }
    std::string const name = node.name;
    if (mine.text(0, 1) != "pg_catalog") {
        refuse(name, "a connection pooler is between, which does not pass settings on");
    }
    // What is idle between two transactions of ours is somebody else's meanwhile.
    session other = co_await session::open(std::move(executor), std::move(node));
    co_await other.run("BEGIN", looking);
    auto const theirs = co_await other.run(backend, looking);
    auto const again = co_await link.run(backend, looking);
    if (theirs.integer(0, 0) == mine.integer(0, 0) || again.integer(0, 0) != mine.integer(0, 0)) {
        refuse(name, "a connection pooler in transaction mode is between, where a session does not "
                     "keep what it is told");
    }
}

} // namespace tandem::engine
