// An application that writes to one master: several connections, transactions due at times that don't wait for the
// ones before (open loop).
#pragma once

#include "perf/harness/figures/histogram.hpp"
#include "perf/harness/figures/schema.hpp"
#include "perf/harness/figures/workload.hpp"
#include "perf/harness/session.hpp"
#include "perf/harness/watcher.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tandem::perf {

struct load_options {
    std::string uri;
    profile what;
    int side = 0;
    int tables = 1;
    double rate = 0; // transactions/s; 0: as many as the connections take, each due when it is sent
    int connections = 16;
    int depth = 1; // transactions on their way on one connection
    std::uint64_t seed = 1;
    std::uint64_t probes_each = 1;
    bool durable = true; // synchronous_commit of the application itself
};

struct load_counts {
    std::int64_t transactions = 0;
    std::int64_t inserted = 0;
    std::int64_t updated = 0;
    std::int64_t deleted = 0;
    std::int64_t failed =
        0; // deadlocks and serialization failures: rolled back, nothing of them is there

    [[nodiscard]] std::int64_t rows() const { return inserted + updated + deleted; }
    [[nodiscard]] load_counts since(load_counts const& before) const;
    void add(load_counts const& other);
};

class load {
public:
    // Probes are told to the watcher of the other master.
    load(load_options options, watcher& peer);
    load(load const&) = delete;
    load& operator=(load const&) = delete;
    ~load();

    void start();
    // No more transactions; waits for those on their way. Throws what the load died of.
    void end();

    [[nodiscard]] load_counts counts() const;
    // From the intended time to the commit's answer, since the last call of clear().
    [[nodiscard]] histogram commits() const;
    void clear();
    // How far behind its own times it is; an overload shows here.
    [[nodiscard]] double behind_seconds() const {
        return static_cast<double>(behind_us_.load()) / 1e6;
    }
    [[nodiscard]] std::vector<int> backends() const;
    void rethrow() const;

private:
    struct sent {
        transaction what;
        std::int64_t intended = 0;
        bool failed = false;
        load_counts changed; // counted once it has committed
    };
    struct connection {
        pg_connection raw;
        std::deque<sent> on_their_way;
    };

    void prepare();
    void work();
    void work_until_ended();
    void send_due(std::int64_t now);
    connection* free_connection();
    void send(connection& to, std::int64_t intended);
    void receive(connection& from);
    void take(connection& from, PGresult const* result);
    void done(connection& from);
    void wait_for_something(std::int64_t now);
    [[nodiscard]] bool all_idle() const;

    load_options options_;
    watcher& peer_;
    planner plan_;
    std::vector<connection> connections_;
    std::int64_t next_us_ = 0;
    std::int64_t began_us_ = 0;
    std::int64_t due_ = 0; // transactions that were due so far
    std::int64_t turn_ = 0;
    std::atomic<std::int64_t> behind_us_ = 0;
    std::atomic<bool> ending_ = false;
    mutable std::mutex mutex_; // guards what follows
    load_counts counts_;
    histogram commits_;
    std::exception_ptr failure_;
    std::jthread thread_;
};

} // namespace tandem::perf
