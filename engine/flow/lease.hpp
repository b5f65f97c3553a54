#pragma once
// Which of several instances serves: the one whose sessions hold an advisory lock in the database of each of its nodes.
// The others stand by and take over when the sessions end (its process died) or fall silent (it was stopped, or its
// network is gone). This only elects: what an instance that was taken over still tries is refused by epochs (R4).

#include "engine/config/options.hpp"
#include "engine/core/lease_watch.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"

#include <boost/asio/cancellation_signal.hpp>

#include <memory>
#include <string>
#include <vector>

namespace tandem::engine {

// Of one node. All on one thread.
class node_lease {
public:
    explicit node_lease(node_options node);

    enum class answer { ours, others, unknown };
    // One look, bounded in time. `others`: another instance has it and shows life; `unknown`: it cannot be told yet.
    // Without `take` it only learns whether the holder lives, so that it is known when its turn comes.
    [[nodiscard]] io::awaitable<answer> look(bool take = true);
    void release() noexcept;
    [[nodiscard]] std::string const& node() const noexcept { return node_.name; }

private:
    [[nodiscard]] io::awaitable<outcome_of<void>> connect();
    [[nodiscard]] io::awaitable<outcome_of<answer>> ask(bool take);
    [[nodiscard]] io::awaitable<outcome_of<answer>> watch_holder(bool take);

    node_options node_;
    std::unique_ptr<io::pg::connection> link_;
    bool held_ = false; // by link_
    lease_watch holder_;
    std::string said_; // the trouble that was logged last
};

// Of all nodes that the process serves, taken in the order of their names, so that two instances never wait for each
// other.
class instance_lease {
public:
    explicit instance_lease(std::vector<node_options> nodes);

    // From now on it takes them, keeps them, and takes them again when they were lost.
    void start(io::asio::any_io_executor const& executor);
    // No more of that; before the end of its life.
    [[nodiscard]] io::awaitable<void> stop();
    // This instance is to serve.
    [[nodiscard]] bool held() const noexcept { return held_; }

private:
    [[nodiscard]] io::awaitable<void> run();
    [[nodiscard]] io::awaitable<void> take();
    [[nodiscard]] io::awaitable<void> keep();

    std::vector<node_lease> leases_;
    io::asio::cancellation_signal end_;
    bool held_ = false;
    bool ended_ = true;
};

} // namespace tandem::engine
