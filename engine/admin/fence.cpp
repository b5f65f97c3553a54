#include "engine/admin/fence.hpp"

#include "engine/core/names.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;

constexpr auto fence_tick = 20ms;
constexpr auto fence_told_first = 1s;
constexpr auto fence_told_every = 10s;
// An instance that connects anew is away for a moment.
constexpr auto idle_patience = 3s;

// Before 14 nobody is sent messages: their bytes let the instance store an idle position in its own time.
constexpr char const* mark_place =
    "SELECT pg_catalog.pg_logical_emit_message(true, $1, pg_catalog.repeat('-', 4096))";

awaitable<void> pause_briefly(std::chrono::milliseconds how_long) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    timer.expires_after(how_long);
    co_await timer.async_wait(io::use_tuple);
}

} // namespace

stream_fence::stream_fence(workbench& bench, options const& set, std::chrono::milliseconds patience)
    : bench_{bench}, patience_{patience} {
    for (direction_names const& each : directions(set)) {
        auto const* const source = find_catalog(bench.nodes, each.source);
        auto const* const target = find_catalog(bench.nodes, each.target);
        stream one;
        one.source = each.source;
        one.target = each.target;
        if (source != nullptr && target != nullptr) {
            one.slot = slot_name(each.source, each.target, source->database);
            one.set_up = target->installed.schema_version.has_value() &&
                         source->installed.schema_version.has_value();
        }
        one.is = one.set_up ? condition::unknown : condition::idle;
        streams_.push_back(std::move(one));
    }
}

awaitable<void> stream_fence::mark(stream& one) {
    std::string const doing = "marking a place in its WAL";
    io::pg::parameters values;
    values.emplace_back(std::string{fence_prefix});
    auto const got = co_await bench_.of(one.source).ask(mark_place, std::move(values), doing);
    one.place = std::string{got.text(0, 0)};
}

awaitable<bool> stream_fence::is_served(stream const& one) {
    io::pg::parameters values;
    values.emplace_back(one.slot);
    auto const got = co_await bench_.of(one.source)
                         .ask("SELECT active FROM pg_replication_slots WHERE slot_name = $1",
                              std::move(values), "looking at its slot");
    co_return !got.empty() && got.boolean(0, 0);
}

awaitable<bool> stream_fence::passed(stream const& one) {
    io::pg::parameters of_slot;
    of_slot.emplace_back(one.slot);
    of_slot.emplace_back(one.place);
    auto const slot =
        co_await bench_.of(one.source)
            .ask(
                "SELECT confirmed_flush_lsn > $2::pg_lsn FROM pg_replication_slots WHERE slot_name = $1",
                std::move(of_slot), "looking at its slot");
    if (slot.empty() || !slot.boolean(0, 0)) {
        co_return false;
    }
    io::pg::parameters of_progress;
    of_progress.emplace_back(one.source);
    of_progress.emplace_back(one.place);
    auto const progress =
        co_await bench_.of(one.target)
            .ask(
                "SELECT greatest(applied_lsn, safe_lsn) > $2::pg_lsn FROM tandem.progress WHERE stream = $1 AND "
                "lane = 0",
                std::move(of_progress), "reading tandem.progress");
    co_return !progress.empty() && progress.boolean(0, 0);
}

awaitable<void> stream_fence::wait(stream& one, std::chrono::steady_clock::time_point since) {
    auto served_at = since;
    auto told_at = since - fence_told_every + fence_told_first;
    for (;;) {
        bool const is_passed = co_await passed(one);
        if (is_passed) {
            one.is = condition::served;
            co_return;
        }
        auto const now = std::chrono::steady_clock::now();
        bool const has_reader = co_await is_served(one);
        if (has_reader) {
            served_at = now;
        } else if (!insists_ && (now - served_at >= idle_patience || one.is == condition::idle)) {
            one.is = condition::idle;
            co_return;
        }
        if (now - since >= patience_) {
            one.is = condition::late;
            co_return;
        }
        if (waiting_ && now - told_at >= fence_told_every) {
            told_at = now;
            auto telling = waiting_(one.source + ":" + one.target);
            co_await std::move(telling);
        }
        co_await pause_briefly(fence_tick);
    }
}

awaitable<stream_fence::outcome> stream_fence::pass() {
    if (!those(condition::late).empty()) {
        co_return outcome::late;
    }
    for (stream& one : streams_) {
        if (one.set_up) {
            co_await mark(one);
        }
    }
    auto const since = std::chrono::steady_clock::now();
    for (stream& one : streams_) {
        if (one.set_up) {
            co_await wait(one, since);
        }
    }
    waited_ += std::chrono::steady_clock::now() - since;
    co_return those(condition::late).empty() ? outcome::passed : outcome::late;
}

std::vector<std::string> stream_fence::those(condition what) const {
    std::vector<std::string> found;
    for (stream const& one : streams_) {
        if (one.is == what) {
            found.push_back(one.source + ":" + one.target);
        }
    }
    return found;
}

std::vector<std::string> stream_fence::idle() const {
    return those(condition::idle);
}

std::vector<std::string> stream_fence::late() const {
    return those(condition::late);
}

bool stream_fence::served() const {
    return std::ranges::all_of(streams_,
                               [](stream const& one) { return one.is == condition::served; });
}

} // namespace tandem::engine
