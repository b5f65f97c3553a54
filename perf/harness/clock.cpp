#include "perf/harness/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <ctime>

namespace tandem::perf {

namespace {

volatile std::sig_atomic_t ended_by = 0;

extern "C" void note_signal(int number) {
    ended_by = number;
}

} // namespace

std::int64_t now_us() {
    timespec at{};
    clock_gettime(CLOCK_REALTIME, &at);
    return std::int64_t{at.tv_sec} * 1'000'000 + at.tv_nsec / 1000;
}

double monotonic_seconds() {
    timespec at{};
    clock_gettime(CLOCK_MONOTONIC, &at);
    return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) / 1e9;
}

void catch_signals() {
    struct sigaction action = {};
    action.sa_handler = note_signal;
    for (int const number : {SIGINT, SIGTERM, SIGHUP}) {
        sigaction(number, &action, nullptr);
    }
    std::signal(SIGPIPE, SIG_IGN);
}

void check_interrupted() {
    if (ended_by != 0) {
        int const number = ended_by;
        ended_by = 0; // what is cleaned up now may wait again
        throw interrupted(number);
    }
}

void pause_for(std::chrono::microseconds time) {
    timespec const rest{time.count() / 1'000'000, time.count() % 1'000'000 * 1000};
    nanosleep(&rest, nullptr);
    check_interrupted();
}

double wait_for(std::string_view what, double seconds, std::function<bool()> const& there) {
    double const began = monotonic_seconds();
    while (!there()) {
        double const passed = monotonic_seconds() - began;
        if (passed > seconds) {
            throw std::runtime_error(fmt::format("not within {:g} s: {}", seconds, what));
        }
        // A long wait is looked at less often, and still as exactly as 0.1 %.
        pause_for(
            std::chrono::microseconds(static_cast<std::int64_t>(std::max(1000.0, passed * 1000))));
    }
    return monotonic_seconds() - began;
}

void say(std::string_view line) {
    fmt::print(stderr, "{}\n", line);
    std::fflush(stderr);
}

} // namespace tandem::perf
