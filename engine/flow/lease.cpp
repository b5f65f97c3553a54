#include "engine/flow/lease.hpp"

#include "engine/flow/sessions.hpp"
#include "io/runtime/deadline.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;

constexpr auto look_interval = 500ms;  // while standing by: a dead instance is followed within this
constexpr auto keep_interval = 2s;     // a sign of life
constexpr auto silence_patience = 8s;  // without one
constexpr auto question_patience = 5s; // for one answer of the database

// Of 'tand'; the second number leaves room.
#define TANDEM_LEASE "1952542308, 1"

constexpr char const* try_lock = "SELECT pg_try_advisory_lock(" TANDEM_LEASE ")";
// Every question changes state_change, without any WAL.
constexpr char const* show_life = "SELECT 1";
constexpr char const* find_holder =
    "SELECT l.pid, a.state_change::text FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a USING (pid) "
    "WHERE l.locktype = 'advisory' AND (l.classid::bigint, l.objid::bigint) = (" TANDEM_LEASE
    ") AND "
    "l.objsubid = 2 AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = "
    "current_database())";
constexpr char const* end_holder = "SELECT pg_terminate_backend($1::integer)";

#undef TANDEM_LEASE

io::awaitable<void> pause(std::chrono::milliseconds length) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor, length};
    co_await timer.async_wait(io::use_tuple);
}

} // namespace

node_lease::node_lease(node_options node) : node_{std::move(node)}, holder_{silence_patience} {}

void node_lease::release() noexcept {
    link_.reset();
    held_ = false;
    holder_.forget();
}

io::awaitable<outcome_of<void>> node_lease::connect() {
    session_request request;
    request.node = node_;
    request.application_name = "tandem lease";
    auto const executor = co_await io::asio::this_coro::executor;
    auto opened = co_await open_session(executor, request);
    if (!opened) {
        co_return opened.error();
    }
    link_ = std::move(*opened);
    co_return boost::system::in_place_value;
}

io::awaitable<node_lease::answer> node_lease::look(bool take) {
    outcome_of<answer> got = answer::unknown;
    if (!link_) {
        auto connected = co_await connect();
        if (!connected) {
            got = connected.error();
        }
    }
    if (link_) {
        auto const executor = co_await io::asio::this_coro::executor;
        io::deadline const limit{executor, question_patience, [this] { link_->interrupt(); }};
        got = co_await ask(take);
    }
    if (!got) {
        if (said_ != got.error().reason) {
            said_ = got.error().reason;
            spdlog::warn("lease of node {}: {}", node_.name, said_);
        }
        link_.reset();
        held_ = false;
        co_return answer::unknown;
    }
    said_.clear();
    co_return *got;
}

io::awaitable<outcome_of<node_lease::answer>> node_lease::ask(bool take) {
    if (held_ || take) {
        auto got = co_await link_->execute(held_ ? show_life : try_lock);
        if (!got) {
            co_return retry_after(node_.name, "asking for the lease", got.error());
        }
        held_ = held_ || got->boolean(0, 0);
    }
    if (held_) {
        co_return answer::ours;
    }
    auto watched = co_await watch_holder(take);
    co_return watched;
}

io::awaitable<outcome_of<node_lease::answer>> node_lease::watch_holder(bool take) {
    auto found = co_await link_->execute(find_holder);
    if (!found) {
        co_return retry_after(node_.name, "looking for the lease's holder", found.error());
    }
    if (found->empty()) {
        co_return answer::unknown; // released just now
    }
    std::string const pid{found->text(0, 0)};
    std::string const sign = found->null(0, 1) ? "" : fmt::format("{} {}", pid, found->text(0, 1));
    auto const verdict = holder_.seen(sign, lease_watch::clock::now());
    if (take && verdict == lease_watch::verdict::silent) {
        spdlog::warn("node {}: the instance that serves it has given no sign of life for {} s: "
                     "taking over",
                     node_.name, std::chrono::seconds{silence_patience}.count());
        io::pg::parameters values;
        values.emplace_back(pid);
        auto ended = co_await link_->query(end_holder, std::move(values));
        if (!ended) {
            co_return retry_after(node_.name, "ending the lease of a silent instance",
                                  ended.error());
        }
        holder_.forget();
    }
    co_return verdict == lease_watch::verdict::alive ? answer::others : answer::unknown;
}

instance_lease::instance_lease(std::vector<node_options> nodes) {
    std::ranges::sort(nodes, {}, &node_options::name);
    for (node_options& each : nodes) {
        leases_.emplace_back(std::move(each));
    }
}

void instance_lease::start(io::asio::any_io_executor const& executor) {
    ended_ = false;
    io::asio::co_spawn(executor, run(),
                       io::asio::bind_cancellation_slot(
                           end_.slot(), [this](std::exception_ptr const&) { ended_ = true; }));
}

io::awaitable<void> instance_lease::stop() {
    end_.emit(io::asio::cancellation_type::terminal);
    auto const limit = std::chrono::steady_clock::now() + 2s;
    while (!ended_ && std::chrono::steady_clock::now() < limit) {
        co_await pause(5ms);
    }
}

io::awaitable<void> instance_lease::run() {
    for (;;) {
        co_await take();
        held_ = true;
        co_await keep();
        held_ = false;
        for (node_lease& each : leases_) {
            each.release();
        }
    }
}

io::awaitable<void> instance_lease::take() {
    for (auto next = leases_.begin(); next != leases_.end();) {
        auto const answer = co_await next->look();
        if (answer == node_lease::answer::ours) {
            ++next;
            continue;
        }
        for (auto later = next + 1; later != leases_.end(); ++later) {
            co_await later->look(false);
        }
        co_await pause(look_interval);
    }
}

// Until another instance shows that it has one of them. A database that does not answer has given it to nobody.
io::awaitable<void> instance_lease::keep() {
    for (;;) {
        bool sure = true;
        for (node_lease& each : leases_) {
            auto const answer = co_await each.look();
            if (answer == node_lease::answer::others) {
                spdlog::warn("node {}: another instance has taken over", each.node());
                co_return;
            }
            sure = sure && answer == node_lease::answer::ours;
        }
        std::chrono::milliseconds const length = sure ? keep_interval : look_interval;
        co_await pause(length);
    }
}

} // namespace tandem::engine
