// The lead table: what is measured for each goal.
#pragma once

#include "perf/harness/commands.hpp"
#include "perf/harness/figures/threshold.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tandem::perf {

// One lead run: steps that put values under the goals' names. Values of void runs are left out, and why is noted.
class lead {
public:
    explicit lead(settings const& set);

    // Each step by its name, for --only; in the order in which they are taken.
    [[nodiscard]] std::vector<std::pair<std::string, std::function<void()>>> steps();

    [[nodiscard]] measured_values const& values() const { return values_; }
    [[nodiscard]] nlohmann::json& record() { return record_; }

private:
    struct workload {
        std::string profile = "chat";
        std::int64_t rows_per_transaction = 100;
        std::int64_t backlog = 0;
        std::string direction = "a:b";
        bool durable = false;
    };
    struct taken {
        std::vector<run_result> ours;
        std::vector<run_result> theirs;
    };

    [[nodiscard]] std::int64_t rows(std::int64_t full) const {
        return set_.quick ? std::max<std::int64_t>(full / 10, 10'000) : full;
    }
    [[nodiscard]] int repeats() const { return set_.quick ? 2 : 5; }
    [[nodiscard]] run_options options(workload const& what, std::string const& target) const;
    // Runs, keeps the record, throws when rows are lost.
    run_result one(masters& servers, run_options const& how);
    taken in_turn(masters& servers, workload const& what, std::string const& peer);
    // Of those that say something; nothing when there are none.
    [[nodiscard]] std::optional<double> ratio(std::vector<run_result> const& left,
                                              std::vector<run_result> const& right,
                                              std::string const& value) const;
    void put(std::string const& goal, std::optional<double> value);
    [[nodiscard]] std::optional<double> median_of(std::vector<run_result> const& runs,
                                                  std::string const& value) const;
    [[nodiscard]] bool says_something(run_result const& run) const {
        return set_.void_too || run.void_because.empty();
    }
    masters& plain();
    masters& with(std::string const& target);

    void catch_ups();
    void single();
    void updates();
    void both_ways();
    void bucardo_both_ways();
    void latency();
    void capture();
    void kafka();
    void sinks();
    void memory();
    void growth();
    void tables();
    void echoes();

    settings set_;
    measured_values values_;
    nlohmann::json record_;
    std::unique_ptr<masters> servers_;
    std::string servers_for_ = "none";
};

} // namespace tandem::perf
