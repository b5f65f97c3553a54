#include "engine/connect/flow/connector_run.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace tandem::connect {
namespace {

using engine::direction_state;

// As Connect's, a task runs once it has started whole: a source that does has its slot.
connector_run::told told_of(engine::direction_stats const& stats) {
    auto const seen = stats.state();
    switch (seen.state) {
    case direction_state::starting:
        return {run_state::unassigned, {}};
    case direction_state::snapshot:
    case direction_state::streaming:
    case direction_state::standby:
        return {run_state::running, {}};
    case direction_state::retrying:
        return {run_state::failed,
                fmt::format("org.apache.kafka.connect.errors.RetriableException: {}; it is tried "
                            "again until it is good",
                            seen.reason)};
    case direction_state::paused:
    case direction_state::gap:
    case direction_state::lost:
    case direction_state::fenced:
        break;
    }
    return {run_state::failed,
            fmt::format("org.apache.kafka.connect.errors.ConnectException: {}", seen.reason)};
}

} // namespace

void connector_run::running::start() {
    thread = std::thread{[this] {
        io::asio::io_context context{1};
        io::asio::co_spawn(context, what.body->run(), [this](std::exception_ptr failed) {
            if (!failed) {
                return;
            }
            try {
                std::rethrow_exception(failed);
            } catch (std::exception const& thrown) {
                spdlog::critical("{}: ended by {}", what.body->name(), thrown.what());
            }
        });
        context.run();
        ended.store(true);
    }};
}

connector_run::connector_run(std::string name, task_maker const& make)
    : name_{std::move(name)}, make_{make} {}

connector_run::~connector_run() {
    for (auto const& [number, one] : tasks_) {
        stop_task(*one);
        if (one->thread.joinable()) {
            one->thread.join();
        }
    }
}

void connector_run::want(wanted what) {
    for (auto const& [number, one] : tasks_) {
        stale_.insert(number); // whatever changed, they start anew with it
    }
    want_ = std::move(what);
    ended_ = false;
}

void connector_run::restart(bool only_failed) {
    auto const seen = tasks();
    for (auto const& [number, one] : tasks_) {
        auto const found = seen.find(number);
        bool const failed = found != seen.end() && found->second.state == run_state::failed;
        if (!only_failed || failed) {
            stale_.insert(number);
        }
    }
}

void connector_run::restart_task(int number) {
    if (tasks_.contains(number)) {
        stale_.insert(number);
    }
}

void connector_run::end() {
    ended_ = true;
}

void connector_run::stop_task(running& one) {
    if (one.what.body != nullptr && !std::exchange(one.stopping, true)) {
        one.what.body->stop();
    }
}

void connector_run::start_task(task_setup const& setup) {
    auto one = std::make_unique<running>();
    auto knowing = setup;
    if (want_.offsets) {
        knowing.offsets = want_.offsets();
    }
    auto made = make_(knowing);
    if (!made) {
        one->refused = fmt::format("{}: {}", java_class(made.error().kind), made.error().what);
        spdlog::error("connector {}: task {} does not start: {}", name_, setup.number,
                      made.error().what);
    } else {
        one->what = std::move(*made);
        one->start();
        spdlog::info("connector {}: task {} starts", name_, setup.number);
    }
    tasks_.emplace(setup.number, std::move(one));
}

void connector_run::step() {
    bool const due = !ended_ && want_.target == target_state::started && want_.problem.empty();
    for (auto at = tasks_.begin(); at != tasks_.end();) {
        auto& one = *at->second;
        if (due && !stale_.contains(at->first) && !one.ended.load()) {
            ++at;
            continue;
        }
        stop_task(one);
        if (one.what.body != nullptr && !one.ended.load()) {
            ++at;
            continue;
        }
        if (one.thread.joinable()) {
            one.thread.join();
        }
        stale_.erase(at->first);
        at = tasks_.erase(at);
    }
    if (!due) {
        return;
    }
    for (auto const& each : want_.tasks) {
        if (!tasks_.contains(each.number)) {
            start_task(each);
        }
    }
}

connector_run::told connector_run::connector() const {
    if (!want_.problem.empty()) {
        return {run_state::failed, want_.problem};
    }
    switch (want_.target) {
    case target_state::started:
        return {run_state::running, {}};
    case target_state::paused:
        return {run_state::paused, {}};
    case target_state::stopped:
        break;
    }
    return {run_state::stopped, {}};
}

std::map<int, connector_run::told> connector_run::tasks() const {
    std::map<int, told> made;
    if (want_.target == target_state::stopped || !want_.problem.empty()) {
        for (auto const& [number, one] : tasks_) { // until they have ended
            if (one->what.body != nullptr) {
                made[number] = {run_state::running, {}};
            }
        }
        return made;
    }
    for (auto const& each : want_.tasks) {
        auto const found = tasks_.find(each.number);
        if (want_.target == target_state::paused) {
            made[each.number] = {found == tasks_.end() ? run_state::paused : run_state::running,
                                 {}};
        } else if (found == tasks_.end()) {
            made[each.number] = {run_state::unassigned, {}};
        } else if (!found->second->refused.empty()) {
            made[each.number] = {run_state::failed, found->second->refused};
        } else if (stale_.contains(each.number)) {
            made[each.number] = {run_state::restarting, {}};
        } else {
            made[each.number] = told_of(*found->second->what.stats);
        }
    }
    return made;
}

} // namespace tandem::connect
