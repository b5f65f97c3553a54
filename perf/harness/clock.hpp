// The clocks of a run, and its end.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string_view>

namespace tandem::perf {

// Microseconds since 1970, as PostgreSQL's clock_timestamp() counts on the same machine.
[[nodiscard]] std::int64_t now_us();

// Seconds that only go forward.
[[nodiscard]] double monotonic_seconds();

// A server, program or port is not there (exit status 3).
class missing_environment : public std::runtime_error {
public:
    using runtime_error::runtime_error;
};

// What the user asked for makes no sense (exit status 2).
class wrong_usage : public std::runtime_error {
public:
    using runtime_error::runtime_error;
};

// The user ended it.
class interrupted : public std::runtime_error {
public:
    explicit interrupted(int signal) : runtime_error("interrupted"), number(signal) {}
    int number;
};

// SIGINT, SIGTERM and SIGHUP make the next check_interrupted() throw.
void catch_signals();
void check_interrupted();

// Waits so long, or until a signal.
void pause_for(std::chrono::microseconds time);

// Looks until it is there; returns the seconds it took, throws std::runtime_error after so many.
double wait_for(std::string_view what, double seconds, std::function<bool()> const& there);

// One line on stderr.
void say(std::string_view line);

} // namespace tandem::perf
