#include "perf/harness/clock.hpp"
#include "perf/harness/commands.hpp"
#include "perf/harness/report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace tandem::perf {

namespace {

void set_direction(settings& set) {
    if (set.direction != "both" && set.direction != "a:b" && set.direction != "b:a") {
        throw wrong_usage(fmt::format("--direction {}: both, a:b or b:a", set.direction));
    }
    set.run.a_to_b = set.direction != "b:a";
    set.run.b_to_a = set.direction != "a:b";
}

void set_profile(settings& set) {
    auto const* const found = find_profile(set.profile);
    if (found == nullptr) {
        throw wrong_usage(fmt::format("no profile '{}'", set.profile));
    }
    auto& what = set.run.what = *found;
    if (set.rows_per_transaction > 0) {
        what.rows_per_transaction = set.rows_per_transaction;
    }
    if (set.keys >= 0) {
        what.keys = set.keys;
    }
    if (set.body >= 0) {
        what.body = set.body;
    }
    if (what.updates > 0 && what.keys < 2) {
        throw wrong_usage("--keys: a profile with updates has at least 2");
    }
    if (set.run.tables > 1 && what.inserts != 100) {
        throw wrong_usage("--tables: of several tables only inserts are measured");
    }
    if (set.run.backlog > 0 && what.inserts + what.updates + what.deletes == 0) {
        throw wrong_usage("--catch-up: this profile writes no backlog");
    }
    if (set.rate_text == "max") {
        set.run.rate = 0;
    } else if (set.rate_text.empty()) {
        set.run.rate = what.rate;
    } else {
        char* end = nullptr;
        set.run.rate = std::strtod(set.rate_text.c_str(), &end);
        if (*end != '\0' || !(set.run.rate > 0)) {
            throw wrong_usage(
                fmt::format("--rate {}: transactions per second, or max", set.rate_text));
        }
    }
}

} // namespace

void complete(settings& set) {
    set_direction(set);
    set_profile(set);
    if (set.peer_commit != "on" && set.peer_commit != "off") {
        throw wrong_usage(fmt::format("--peer-sync-commit {}: on or off", set.peer_commit));
    }
    set.run.durable = set.peer_commit == "on";
    if (set.given_masters[0].empty() != set.given_masters[1].empty()) {
        throw wrong_usage("--a and --b go together");
    }
    if (set.masters != "local" && set.masters != "containers") {
        throw wrong_usage(fmt::format("--masters {}: local or containers", set.masters));
    }
    if (set.masters == "containers" && !set.given_masters[0].empty()) {
        throw wrong_usage("--masters containers makes masters; --a and --b give some");
    }
    if (set.repeats < 1 || set.run.connections < 1 || set.run.depth < 1 || set.run.tables < 1 ||
        set.run.look_us < 1) {
        throw wrong_usage(
            "--repeats, --connections, --pipeline, --tables and --look-us are at least 1");
    }
    set.run.chaos.clear();
    for (auto const& each : set.chaos) {
        set.run.chaos.push_back(parse_chaos(each));
    }
    std::filesystem::create_directories(set.run.folder);
    if (set.out.empty()) {
        std::array<char, 32> at{};
        std::time_t const now = std::time(nullptr);
        std::strftime(at.data(), at.size(), "%Y%m%d-%H%M%S", std::gmtime(&now));
        set.out = set.run.folder / at.data();
    }
}

masters_wanted masters_for(settings const& set, std::vector<std::string> const& targets) {
    masters_wanted wanted{
        set.given_masters, set.run.folder, set.tcp, set.masters == "containers", {}};
    for (auto const& each : targets) {
        if (wanted.containers && (each == "native" || each == "pglogical" || each == "bucardo")) {
            throw wrong_usage(fmt::format(
                "--masters containers: {} connects one master to the other, whose port on this machine "
                "is not to be reached from within a container",
                each));
        }
        for (auto const& line : settings_for(each, set.run.durable)) {
            wanted.settings.push_back(line);
        }
    }
    return wanted;
}

int run_command(settings set) {
    complete(set);
    std::vector<threshold> thresholds;
    for (auto const& each : set.thresholds) {
        try {
            thresholds.push_back(parse_threshold(each));
        } catch (std::invalid_argument const& wrong) {
            throw wrong_usage(wrong.what());
        }
    }
    masters servers(masters_for(set, {set.run.target}));
    nlohmann::json record{{"circumstances", circumstances(servers)},
                          {"command", set.words},
                          {"runs", nlohmann::json::array()}};
    std::vector<run_result> runs;
    bool good = true;
    for (int number = 0; number < set.repeats; ++number) {
        say(fmt::format(
            "tandem-perf · {} · {} · {} · {} · seed {}", set.run.target, set.profile,
            set.run.direction(),
            set.run.backlog > 0 ? fmt::format("backlog of {} rows each way", set.run.backlog)
            : set.run.rate == 0 ? fmt::format("as fast as {} connections go", set.run.connections)
                                : fmt::format("{:g} transactions/s each way", set.run.rate),
            set.run.seed));
        runs.push_back(experiment(servers, set.run).run());
        record["runs"].push_back(json_of(runs.back()));
        auto const told = report_thresholds(thresholds, values_of(runs.back()));
        if (!set.json) {
            fmt::print("{}{}", report_text(runs.back()), told.text);
            std::fflush(stdout);
        }
        good = good && runs.back().good() && told.met;
    }
    auto const written = write_files(set.out, record, runs);
    if (set.json) {
        fmt::print("{}\n", record.dump());
    } else {
        fmt::print("written: {}\n", written.back().parent_path().string());
    }
    return good ? status_ok : status_short;
}

} // namespace tandem::perf
