// What the processes of a run use: CPU time by part, memory, and what the rest of the machine does beside.
#pragma once

#include "perf/harness/masters.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace tandem::perf {

using parts = std::map<std::string, std::vector<pid_t>>;

struct usage {
    std::map<std::string, double> cpu_seconds; // by part: a.walsender, b.apply, tandem ...
    std::map<std::string, double> peak_mb;     // of the parts that are no servers of PostgreSQL
    double seconds = 0;
    double others_cores = 0; // that processes that are no part of the run had on average
    double stolen_cores = 0; // that the host of the machine took

    [[nodiscard]] double cpu_of(std::string const& ending) const; // sum of the parts with this end
};

// Looks at the processes four times a second; those that end between two looks lose what they used since the first.
class process_sampler {
public:
    // More parts than the masters' processes, asked at each look.
    process_sampler(masters const& servers, std::function<parts()> more);
    process_sampler(process_sampler const&) = delete;
    process_sampler& operator=(process_sampler const&) = delete;
    ~process_sampler();

    // These backends are the application or the harness, no part of what is measured.
    void ours(std::vector<int> const& backends);
    // Counts from now on.
    void reset();
    [[nodiscard]] usage used();

private:
    struct one {
        std::string part;
        double first = 0;
        double last = 0;
    };
    void look();
    void see(std::string const& part, pid_t process, bool from_birth);
    void look_at_server(int node, bool from_birth);

    masters const& servers_;
    std::function<parts()> more_;
    std::atomic<bool> ending_ = false;
    std::mutex mutex_; // guards what follows
    std::set<pid_t> ours_;
    std::map<pid_t, one> seen_;
    std::map<std::string, double> peak_mb_;
    double began_ = 0;
    double machine_began_ = 0;
    double stolen_began_ = 0;
    bool fresh_ = true;
    std::jthread thread_;
};

// What a process has used, threads that ended too; nothing when there is none.
[[nodiscard]] std::optional<double> process_cpu_seconds(pid_t process);
// Megabytes of a process: VmRSS, VmHWM.
[[nodiscard]] double memory_mb(pid_t process, std::string const& field);
[[nodiscard]] std::vector<pid_t> children_of(pid_t process);

} // namespace tandem::perf
