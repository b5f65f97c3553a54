#include "perf/harness/processes.hpp"

#include "perf/harness/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>
#include <unistd.h>

namespace tandem::perf {

namespace {

constexpr std::chrono::milliseconds between_looks{250};

struct machine_time {
    double busy = 0;
    double stolen = 0;
};

machine_time machine() {
    std::ifstream stat("/proc/stat");
    std::string word;
    double user = 0;
    double nice = 0;
    double system = 0;
    double idle = 0;
    double waiting = 0;
    double hard = 0;
    double soft = 0;
    double stolen = 0;
    stat >> word >> user >> nice >> system >> idle >> waiting >> hard >> soft >> stolen;
    auto const ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    return {(user + nice + system + hard + soft) / ticks, stolen / ticks};
}

std::string title_of(pid_t process) {
    std::ifstream file(fmt::format("/proc/{}/cmdline", process));
    std::string title;
    std::getline(file, title, '\0');
    return title;
}

// What a process of PostgreSQL is, by its title.
std::string role_of(std::string_view title) {
    title.remove_prefix(std::min<std::size_t>(title.find(": ") + 2, title.size()));
    for (std::string_view const word :
         {"walsender", "walwriter", "checkpointer", "background writer"}) {
        if (title.starts_with(word)) {
            return word == "background writer" ? "writer" : std::string(word);
        }
    }
    if (title.starts_with("logical replication worker") || title.starts_with("pglogical apply")) {
        return "apply";
    }
    if (title.starts_with("logical replication launcher") || title.starts_with("autovacuum") ||
        title.starts_with("pglogical") || title.starts_with("stats")) {
        return "other";
    }
    return "apply"; // a client that is not ours
}

} // namespace

std::optional<double> process_cpu_seconds(pid_t process) {
    // As clock_getcpuclockid(3) makes it: the whole process, threads that ended too.
    auto const clock = static_cast<clockid_t>((~static_cast<unsigned>(process) << 3) | 2U);
    timespec used{};
    if (clock_gettime(clock, &used) != 0) {
        return {};
    }
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

double usage::cpu_of(std::string const& ending) const {
    double sum = 0;
    for (auto const& [part, used] : cpu_seconds) {
        sum += part.ends_with(ending) ? used : 0;
    }
    return sum;
}

double memory_mb(pid_t process, std::string const& field) {
    std::ifstream status(fmt::format("/proc/{}/status", process));
    std::string line;
    while (std::getline(status, line)) {
        if (line.starts_with(field + ":")) {
            return std::stod(line.substr(field.size() + 1)) / 1024;
        }
    }
    return 0;
}

std::vector<pid_t> children_of(pid_t process) {
    std::ifstream file(fmt::format("/proc/{}/task/{}/children", process, process));
    std::vector<pid_t> found;
    for (pid_t each = 0; file >> each;) {
        found.push_back(each);
    }
    return found;
}

process_sampler::process_sampler(masters const& servers, std::function<parts()> more)
    : servers_(servers), more_(std::move(more)) {
    reset();
    thread_ = std::jthread([this] {
        while (!ending_) {
            std::this_thread::sleep_for(between_looks);
            std::scoped_lock const lock(mutex_);
            look();
        }
    });
}

process_sampler::~process_sampler() {
    ending_ = true;
    if (thread_.joinable()) {
        thread_.join();
    }
}

void process_sampler::ours(std::vector<int> const& backends) {
    std::scoped_lock const lock(mutex_);
    ours_.insert(backends.begin(), backends.end());
}

void process_sampler::reset() {
    std::scoped_lock const lock(mutex_);
    seen_.clear();
    peak_mb_.clear();
    fresh_ = true;
    look();
    fresh_ = false;
    began_ = monotonic_seconds();
    auto const now = machine();
    machine_began_ = now.busy;
    stolen_began_ = now.stolen;
}

void process_sampler::look() {
    for (int const node : {node_a, node_b}) {
        look_at_server(node, !fresh_);
    }
    see("harness", getpid(), false);
    for (auto const& [part, processes] : more_()) {
        for (auto const process : processes) {
            see(part, process, !fresh_);
            auto& peak = peak_mb_[part];
            peak = std::max(peak, memory_mb(process, "VmHWM"));
        }
    }
}

void process_sampler::look_at_server(int node, bool from_birth) {
    auto const postmaster = servers_.postmaster(node);
    if (postmaster == 0) {
        return;
    }
    auto const prefix = std::string(1, node_name(node)) + ".";
    see(prefix + "other", postmaster, false);
    for (auto const process : children_of(postmaster)) {
        auto const known = seen_.find(process);
        see(known != seen_.end()      ? known->second.part
            : ours_.contains(process) ? prefix + "load"
                                      : prefix + role_of(title_of(process)),
            process, from_birth);
    }
}

void process_sampler::see(std::string const& part, pid_t process, bool from_birth) {
    auto const used = process_cpu_seconds(process);
    if (!used) {
        return;
    }
    auto const [at, fresh] = seen_.try_emplace(process, one{part, from_birth ? 0 : *used, *used});
    at->second.last = *used;
}

usage process_sampler::used() {
    std::scoped_lock const lock(mutex_);
    look();
    usage found;
    double sum = 0;
    for (auto const& [process, each] : seen_) {
        found.cpu_seconds[each.part] += each.last - each.first;
        sum += each.last - each.first;
    }
    found.peak_mb = peak_mb_;
    found.seconds = monotonic_seconds() - began_;
    auto const now = machine();
    if (servers_.postmaster(node_a) != 0 && servers_.postmaster(node_b) != 0 && found.seconds > 0) {
        found.others_cores = std::max(0.0, (now.busy - machine_began_ - sum) / found.seconds);
    }
    found.stolen_cores = (now.stolen - stolen_began_) / std::max(found.seconds, 0.001);
    return found;
}

} // namespace tandem::perf
