#include "engine/flow/supervised.hpp"

#include "engine/core/retry_policy.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>

namespace tandem::engine {

using namespace std::chrono_literals;

failure supervised::said_by(io::group<failure>::ending const& first) {
    if (!first.exception) {
        return first.value;
    }
    try {
        std::rethrow_exception(first.exception);
    } catch (std::exception const& thrown) {
        return {next_step::retry, fmt::format("{}: {}", first.name, thrown.what())};
    }
}

// True when no further try makes sense.
bool supervised::ended_by(failure const& why) {
    switch (why.step) {
    case next_step::stopped:
        return true;
    case next_step::gap:
        set_state(direction_state::gap, why.reason);
        break;
    case next_step::lost:
        set_state(direction_state::lost, why.reason);
        break;
    case next_step::fenced:
        set_state(direction_state::fenced, why.reason);
        break;
    case next_step::paused:
        set_state(direction_state::paused, why.reason);
        break;
    case next_step::again:
        spdlog::info("{}: {}", name_, why.reason);
        return false;
    case next_step::retry_text:
        change_way(why.step);
        spdlog::info("{}: {}", name_, why.reason);
        return false;
    case next_step::retry_whole:
        change_way(why.step);
        stats_.add_warning(why.reason);
        spdlog::warn("{}: {}", name_, why.reason);
        return false;
    case next_step::retry:
        set_state(direction_state::retrying, why.reason);
        stats_.count.retries.fetch_add(1, std::memory_order_relaxed);
        spdlog::warn("{}: starting again: {}", name_, why.reason);
        return false;
    }
    spdlog::error("{}: stopped in state {}: {}", name_, to_string(stats_.state().state),
                  why.reason);
    stuck_.store(true);
    return true;
}

void supervised::stand_by() {
    set_state(direction_state::standby,
              "another instance serves; this one takes over when that ends");
}

void supervised::tell_outage(outage_watch& watch, outage_watch::seen const& seen,
                             std::string const& brokers) {
    auto const found = watch.look(seen, std::chrono::steady_clock::now());
    auto const now = stats_.state(part_);
    if (found == outage_watch::verdict::none) {
        if (!outage_.empty() && now.reason == outage_) {
            spdlog::info("{}: Kafka is there again", name_);
            set_state(direction_state::streaming);
        }
        outage_.clear();
        return;
    }
    if (now.state == direction_state::streaming) {
        outage_ =
            found == outage_watch::verdict::unreachable
                ? fmt::format("no Kafka broker of {} can be reached: changes wait where they are, "
                              "and go on by themselves",
                              brokers)
                : fmt::format(
                      "Kafka ({}) has acknowledged nothing for {} s: changes wait and go on "
                      "by themselves; see whether enough brokers run "
                      "(min.insync.replicas) and answer",
                      brokers, outage_watch::patience.count());
        spdlog::warn("{}: {}", name_, outage_);
        set_state(direction_state::retrying, outage_);
    }
}

io::awaitable<void> supervised::run() {
    set_state(direction_state::starting);
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    backoff pause{100ms, 5s};
    while (!stop_requested_) {
        auto const started = std::chrono::steady_clock::now();
        auto const why = co_await guarded_stream();
        if (ended_by(why)) {
            break;
        }
        if (std::chrono::steady_clock::now() - started > 10s) {
            pause.reset();
        }
        if (why.step == next_step::retry) {
            auto const until = std::chrono::steady_clock::now() + pause.next();
            while (!stop_requested_ && std::chrono::steady_clock::now() < until) {
                timer.expires_after(50ms);
                co_await timer.async_wait(io::use_tuple);
            }
        }
    }
    while (!stop_requested_) { // gap, lost or fenced: visible until the process ends
        timer.expires_after(100ms);
        co_await timer.async_wait(io::use_tuple);
    }
}

// Whatever is thrown (memory, a defect) ends this start, not the direction.
io::awaitable<failure> supervised::guarded_stream() {
    try {
        auto why = co_await stream();
        co_return why;
    } catch (std::exception const& thrown) {
        co_return failure{next_step::retry, thrown.what()};
    }
}

} // namespace tandem::engine
