// One run of one target: databases of its own, load, what was measured, the check.
#pragma once

#include "perf/harness/masters.hpp"
#include "perf/harness/result.hpp"
#include "perf/harness/target.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tandem::perf {

struct chaos_step {
    std::string what;         // "crash": the target dies and is started again; "sh:COMMAND"
    std::optional<double> at; // seconds after the warm-up; nothing: right before the check
};
// As 'crash@10s' or 'sh:COMMAND@check'; throws wrong_usage.
[[nodiscard]] chaos_step parse_chaos(std::string const& text);

struct run_options {
    std::string target = "tandem";
    std::string flags;
    std::filesystem::path binary;
    std::filesystem::path folder;
    std::string brokers;
    profile what;
    bool a_to_b = true;
    bool b_to_a = true;
    bool echo_back = false; // the target serves both ways, though only one is written
    double rate = 0;        // transactions/s and direction; 0: as many as go
    double seconds = 30;
    double warm_up = 5;
    std::int64_t backlog = 0; // rows per direction: catch-up in place of an open loop
    int connections = 16;
    int depth = 1;
    int tables = 1;
    std::uint64_t seed = 42;
    std::int64_t look_us = 1000;
    bool durable = false; // synchronous_commit of what the target applies
    double settle_seconds = 60;
    std::vector<chaos_step> chaos;

    [[nodiscard]] std::string direction() const {
        return a_to_b && b_to_a ? "both" : a_to_b ? "a:b" : "b:a";
    }
};

class experiment {
public:
    experiment(masters& servers, run_options options);
    experiment(experiment const&) = delete;
    experiment& operator=(experiment const&) = delete;
    ~experiment();

    run_result run();

private:
    void prepare();
    void open_loop();
    void catch_up();
    void fill(std::int64_t rows, std::int64_t from);
    [[nodiscard]] std::int64_t rows_of_side(session& own, int side) const;
    void await_markers();
    [[nodiscard]] bool goes(int from) const {
        return from == node_a ? options_.a_to_b : options_.b_to_a;
    }
    load_options load_for(int from) const;
    void begin_window();
    void watch_window();
    void end_window(std::vector<load_counts> const& before, double began);
    void note_second(double at);
    void run_chaos(double at, bool checking);
    void one_step(chaos_step const& step);
    void collect_commit_times(int from);
    [[nodiscard]] double sent_bytes(int from) const;
    void collect_bytes();
    void check();
    [[nodiscard]] std::vector<std::string> tables() const;

    masters& servers_;
    run_options options_;
    std::string database_; // of this run alone
    std::unique_ptr<target> target_;
    std::unique_ptr<process_sampler> sampler_;
    std::array<std::unique_ptr<watcher>, 2> watchers_; // by the source
    std::array<std::unique_ptr<load>, 2> loads_;
    std::array<std::int64_t, 2> markers_{}; // rows that the harness itself wrote
    std::int64_t filled_rows_ = 0;          // that are there, inserted less deleted, by the backlog
    std::array<std::string, 2> wal_before_; // positions at the masters
    std::array<double, 2> sent_before_{};
    std::array<load_counts, 2> last_counts_{};
    double last_second_ = 0;
    double last_cpu_ = 0;
    std::size_t chaos_done_ = 0;
    run_result result_;
};

inline constexpr double most_others_cores = 0.2;
// Why the run says nothing of its target, by the rules of the harness.
[[nodiscard]] std::vector<std::string> void_reasons(run_result const& result,
                                                    run_options const& options);

} // namespace tandem::perf
