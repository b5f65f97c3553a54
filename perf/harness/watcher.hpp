// When rows that were written at one master are seen at the other: a session there looks for them all the time.
#pragma once

#include "perf/harness/figures/histogram.hpp"
#include "perf/harness/session.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tandem::perf {

struct probe {
    std::int64_t id = 0;
    std::int64_t intended_us = 0; // when its transaction was due at the source
};

class watcher {
public:
    watcher(std::string const& uri, std::string table, std::int64_t look_us);
    watcher(watcher const&) = delete;
    watcher& operator=(watcher const&) = delete;
    ~watcher();

    void expect(probe const& one);
    void forget(std::int64_t id); // its transaction was rolled back

    // Of those seen since the last call of clear(), from the intended time.
    [[nodiscard]] histogram seen() const;
    // The same since the last call of this one.
    histogram take_recent();
    void clear();
    // All that were expected since the last call of clear().
    [[nodiscard]] std::vector<probe> expected() const;
    [[nodiscard]] std::size_t waiting() const;
    // How long the oldest one waits, 0 when none does.
    [[nodiscard]] double lag_seconds() const;
    [[nodiscard]] int backend() const { return session_.backend(); }
    void end();
    void rethrow() const;

private:
    void look_until_ended();
    std::vector<probe> oldest() const;
    void look(std::vector<probe> const& at);

    session session_;
    std::string table_;
    std::int64_t look_us_;
    std::atomic<bool> ending_ = false;
    mutable std::mutex mutex_; // guards what follows
    std::deque<probe> waiting_;
    std::vector<probe> expected_;
    histogram seen_;
    histogram recent_;
    std::exception_ptr failure_;
    std::jthread thread_;
};

} // namespace tandem::perf
