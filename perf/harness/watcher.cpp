#include "perf/harness/watcher.hpp"

#include "perf/harness/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <unordered_set>
#include <utility>

namespace tandem::perf {

namespace {

// Of more than these only the oldest are looked for: replication keeps the order in which they were committed.
constexpr std::size_t looked_for = 200;

} // namespace

watcher::watcher(std::string const& uri, std::string table, std::int64_t look_us)
    : session_(uri, "tandem-perf looks"), table_(std::move(table)), look_us_(look_us) {
    session_.run(
        "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off");
    session_.run(
        fmt::format("PREPARE look(bigint[]) AS SELECT id FROM {} WHERE id = ANY ($1)", table_));
    thread_ = std::jthread([this] { look_until_ended(); });
}

watcher::~watcher() {
    end();
}

void watcher::end() {
    ending_ = true;
    if (thread_.joinable()) {
        thread_.join();
    }
}

void watcher::rethrow() const {
    std::scoped_lock const lock(mutex_);
    if (failure_) {
        std::rethrow_exception(failure_);
    }
}

void watcher::look_until_ended() {
    try {
        auto next = std::chrono::steady_clock::now();
        while (!ending_) {
            next = std::max(next + std::chrono::microseconds(look_us_),
                            std::chrono::steady_clock::now());
            std::this_thread::sleep_until(next);
            if (auto const some = oldest(); !some.empty()) {
                look(some);
            }
        }
    } catch (...) {
        std::scoped_lock const lock(mutex_);
        failure_ = std::current_exception();
    }
}

std::vector<probe> watcher::oldest() const {
    std::scoped_lock const lock(mutex_);
    auto const end =
        waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(looked_for, waiting_.size()));
    return {waiting_.begin(), end};
}

void watcher::look(std::vector<probe> const& at) {
    std::string ids;
    for (auto const& each : at) {
        ids += fmt::format("{}{}", ids.empty() ? "" : ",", each.id);
    }
    auto const found = session_.rows(fmt::format("EXECUTE look('{{{}}}')", ids));
    auto const now = now_us();
    std::unordered_set<std::int64_t> there;
    for (auto const& each : found) {
        there.insert(std::stoll(each[0]));
    }
    std::scoped_lock const lock(mutex_);
    std::erase_if(waiting_, [&](probe const& each) {
        if (!there.contains(each.id)) {
            return false;
        }
        auto const took =
            static_cast<std::uint64_t>(std::max<std::int64_t>(now - each.intended_us, 0));
        seen_.record(took);
        recent_.record(took);
        return true;
    });
}

void watcher::expect(probe const& one) {
    std::scoped_lock const lock(mutex_);
    waiting_.push_back(one);
    expected_.push_back(one);
}

void watcher::forget(std::int64_t id) {
    std::scoped_lock const lock(mutex_);
    std::erase_if(waiting_, [&](probe const& each) { return each.id == id; });
    std::erase_if(expected_, [&](probe const& each) { return each.id == id; });
}

histogram watcher::seen() const {
    std::scoped_lock const lock(mutex_);
    return seen_;
}

histogram watcher::take_recent() {
    std::scoped_lock const lock(mutex_);
    return std::exchange(recent_, {});
}

void watcher::clear() {
    std::scoped_lock const lock(mutex_);
    seen_.clear();
    recent_.clear();
    // Those on their way count for what comes.
    expected_.assign(waiting_.begin(), waiting_.end());
}

std::vector<probe> watcher::expected() const {
    std::scoped_lock const lock(mutex_);
    return expected_;
}

std::size_t watcher::waiting() const {
    std::scoped_lock const lock(mutex_);
    return waiting_.size();
}

double watcher::lag_seconds() const {
    std::scoped_lock const lock(mutex_);
    return waiting_.empty() ? 0
                            : static_cast<double>(std::max<std::int64_t>(
                                  now_us() - waiting_.front().intended_us, 0)) /
                                  1e6;
}

} // namespace tandem::perf
