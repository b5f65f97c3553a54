#include "perf/harness/lead.hpp"

#include "perf/harness/clock.hpp"
#include "perf/harness/figures/confidence.hpp"
#include "perf/harness/goals.hpp"
#include "perf/harness/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

namespace tandem::perf {

lead::lead(settings const& set)
    : set_(set),
      record_{{"command", set.words},
              {"runs", nlohmann::json::array()},
              {"notes", nlohmann::json::array()}} {}

masters& lead::plain() {
    return with("tandem");
}

// Servers are kept from step to step while they have the settings that the next one needs.
masters& lead::with(std::string const& target) {
    auto const wanted = target == "pglogical" ? target : std::string("tandem");
    if (!servers_ || servers_for_ != wanted) {
        servers_.reset();
        servers_ = std::make_unique<masters>(masters_for(set_, {wanted}));
        servers_for_ = wanted;
        record_["circumstances"] = circumstances(*servers_);
    }
    return *servers_;
}

run_options lead::options(workload const& what, std::string const& target) const {
    auto made = set_;
    made.profile = what.profile;
    made.rows_per_transaction = what.rows_per_transaction;
    made.direction = what.direction;
    made.peer_commit = what.durable ? "on" : "off";
    made.run.target = target;
    made.run.backlog = what.backlog;
    complete(made);
    return made.run;
}

run_result lead::one(masters& servers, run_options const& how) {
    auto result = experiment(servers, how).run();
    say(report_text(result));
    record_["runs"].push_back(json_of(result));
    if (!result.good()) {
        throw std::runtime_error(fmt::format("{}: {}", result.target, result.check.said()));
    }
    return result;
}

lead::taken lead::in_turn(masters& servers, workload const& what, std::string const& peer) {
    taken found;
    for (int pair = 0; pair < repeats(); ++pair) {
        auto const ours = [&] { found.ours.push_back(one(servers, options(what, "tandem"))); };
        auto const theirs = [&] { found.theirs.push_back(one(servers, options(what, peer))); };
        if (pair % 2 == 0) {
            theirs();
            ours();
        } else {
            ours();
            theirs();
        }
    }
    return found;
}

std::optional<double> lead::ratio(std::vector<run_result> const& left,
                                  std::vector<run_result> const& right,
                                  std::string const& value) const {
    std::vector<double> found;
    for (std::size_t pair = 0; pair < std::min(left.size(), right.size()); ++pair) {
        if (says_something(left[pair]) && says_something(right[pair])) {
            found.push_back(values_of(left[pair]).at(value) / values_of(right[pair]).at(value));
        }
    }
    return found.empty() ? std::nullopt : std::optional(median(found));
}

std::optional<double> lead::median_of(std::vector<run_result> const& runs,
                                      std::string const& value) const {
    std::vector<double> found;
    for (auto const& each : runs) {
        if (says_something(each)) {
            found.push_back(values_of(each).at(value));
        }
    }
    return found.empty() ? std::nullopt : std::optional(median(found));
}

void lead::put(std::string const& goal, std::optional<double> value) {
    if (value) {
        values_[goal] = *value;
        return;
    }
    auto const note = fmt::format("{}: all its runs are void", goal);
    say(note);
    record_["notes"].push_back(note);
}

std::vector<std::pair<std::string, std::function<void()>>> lead::steps() {
    return {{"catchup", [this] { catch_ups(); }},   {"single", [this] { single(); }},
            {"updates", [this] { updates(); }},     {"latency", [this] { latency(); }},
            {"sinks", [this] { sinks(); }},         {"memory", [this] { memory(); }},
            {"growth", [this] { growth(); }},       {"tables", [this] { tables(); }},
            {"echoes", [this] { echoes(); }},       {"capture", [this] { capture(); }},
            {"pglogical", [this] { both_ways(); }}, {"bucardo", [this] { bucardo_both_ways(); }},
            {"kafka", [this] { kafka(); }}};
}

int lead_command(settings set) {
    complete(set);
    auto const goals = read_goals("lead.");
    lead all(set);
    auto const steps = all.steps();
    for (auto const& wanted : set.only) {
        if (std::ranges::find(steps, wanted,
                              &std::pair<std::string, std::function<void()>>::first) ==
            steps.end()) {
            throw wrong_usage(fmt::format("--only: no step '{}'", wanted));
        }
    }
    for (auto const& [name, step] : steps) {
        if (!set.only.empty() && std::ranges::find(set.only, name) == set.only.end()) {
            continue;
        }
        say(fmt::format("=== {}", name));
        try {
            step();
        } catch (interrupted const&) {
            throw;
        } catch (
            std::exception const&
                failure) { // the goals of this step are short; the others are measured all the same
            auto const note = fmt::format("step {} failed: {}", name, failure.what());
            say(note);
            all.record()["notes"].push_back(note);
        }
    }
    auto const judged = judge_goals(goals, all.values());
    for (auto const& each : judged) {
        all.record()["goals"].push_back(
            {{"name", each.wanted.name},
             {"goal", each.wanted.comparison + each.wanted.value_text},
             {"value", each.got ? nlohmann::json(*each.got) : nlohmann::json()},
             {"ok", each.ok}});
    }
    auto const path = set.run.folder / "lead.json";
    std::ofstream file(path);
    file << all.record().dump(1) << '\n';
    if (!file.flush()) {
        throw std::runtime_error(fmt::format("{} can't be written", path.string()));
    }
    fmt::print("recorded in {}\n", path.string());
    return std::ranges::all_of(judged, &judged_goal::ok) ? status_ok : status_short;
}

} // namespace tandem::perf
