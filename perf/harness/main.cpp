// tandem-perf: measures tandem beside its peers, on masters of its own or given ones.

#include "perf/harness/clock.hpp"
#include "perf/harness/commands.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <exception>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace {

using namespace tandem::perf;
namespace fs = std::filesystem;

std::string profile_help() {
    std::string text = "What the application does:";
    for (auto const& each : profiles()) {
        text += fmt::format(" {} ({});", each.name, each.says);
    }
    text.back() = '.';
    return text + " Default: chat.";
}

void add_masters(CLI::App& command, settings& set) {
    command.add_option(
        "--a", set.given_masters[0],
        "Connection string of a running master a; its database tandem_perf is made and dropped. Default: masters are made here.");
    command.add_option("--b", set.given_masters[1], "The same of master b. Default: made here.");
    command.add_option(
        "--masters", set.masters,
        "local (made by initdb) or containers (perf/harness/compose.yaml, by docker compose, podman-compose or what "
        "TANDEM_PERF_COMPOSE names). Default: local.");
    command.add_flag("--tcp", set.tcp,
                     "Reach masters that are made here by loopback TCP. Default: Unix sockets.");
    command.add_option("--workspace", set.run.folder,
                       "Folder of masters, logs and results. Default: build/perf.");
    command.add_option("--binary", set.run.binary,
                       "The tandem that is measured. Default: beside this program.");
    command.add_option("--brokers", set.run.brokers,
                       "Kafka's brokers for targets that need it. Default: one is started here.");
}

void add_load(CLI::App& command, settings& set) {
    command.add_option("--profile", set.profile, profile_help());
    command.add_option("--direction", set.direction,
                       "Which masters are written to: both, a:b or b:a. Default: both.");
    command.add_option(
        "--rate", set.rate_text,
        "Transactions per second and direction, due at fixed times whatever became of those before; "
        "or max: as many as the connections take. Default: the profile's.");
    command.add_option("--duration", set.run.seconds, "Seconds that are measured. Default: 30.");
    command.add_option("--warm-up", set.run.warm_up,
                       "Seconds of the same load before, that are not. Default: 5.");
    command.add_option(
        "--catch-up", set.run.backlog,
        "Rows per direction: a backlog is written while the target is away, then it catches up. Default: 0 (open loop).");
    command.add_option("--rows-per-txn", set.rows_per_transaction,
                       "Rows of a transaction. Default: the profile's (1; huge 100000).");
    command.add_option(
        "--keys", set.keys,
        "Rows that are there before, which updates are made to. Default: the profile's.");
    command.add_option("--row-bytes", set.body,
                       "Characters of a message's text. Default: 120 (text4k 4096).");
    command.add_option("--tables", set.run.tables,
                       "Tables that are written to in turn. Default: 1.");
    command.add_flag(
        "--echo-back", set.run.echo_back,
        "With one direction written, the target serves both, so that its echo comes back. Default: off.");
    command.add_option("--connections", set.run.connections,
                       "Connections of the application, per direction. Default: 16.");
    command.add_option("--pipeline", set.run.depth,
                       "Transactions on their way on one connection. Default: 1.");
    command.add_option("--seed", set.run.seed, "Decides which rows are touched. Default: 42.");
    command.add_option("--look-us", set.run.look_us,
                       "Microseconds between two looks at the peer. Default: 1000.");
    command.add_option(
        "--peer-sync-commit", set.peer_commit,
        "synchronous_commit of what is applied, of each target that has the choice: on or off. Default: off.");
    command.add_option("--settle", set.run.settle_seconds,
                       "Seconds the masters may take to become equal after the load. Default: 60.");
    command
        .add_option(
            "--chaos", set.chaos,
            "crash@SECONDS (the target dies and is started again), sh:COMMAND@SECONDS or sh:COMMAND@check "
            "($A and $B are the masters' addresses). Repeatable, in the order of time. Default: none.")
        ->expected(1)
        ->take_all();
    command.add_option(
        "--out", set.out,
        "Folder of result.json, *.hgrm and report.html. Default: the time, below the workspace.");
    command.add_flag("--json", set.json,
                     "Print result.json in place of the report. Default: text.");
}

void add_target(CLI::App& command, settings& set) {
    command.add_option("--target", set.run.target,
                       fmt::format("What keeps the masters in sync: {}. Default: tandem.",
                                   fmt::join(target_names(), ", ")));
    command.add_option("--flags", set.run.flags,
                       "More flags for tandem run, as one word. Default: none.");
}

void add_run(CLI::App& command, settings& set) {
    command
        .add_option(
            "--threshold", set.thresholds,
            "What must hold, as 'p99<6ms', 'rows_per_s>=100000', 'lost=0'; any value of result.json. Repeatable. Default: none.")
        ->expected(1)
        ->take_all();
    command.add_option("--repeats", set.repeats, "Runs one after the other. Default: 1.");
}

struct sweep_arguments {
    std::vector<double> rates;
    std::vector<std::string> flags;
};

void add_sweep(CLI::App& app, settings& set, sweep_arguments& given, std::function<int()>& chosen) {
    auto* const command = app.add_subcommand(
        "sweep", "One target under several rates and flags: what latency each throughput costs.");
    add_masters(*command, set);
    add_load(*command, set);
    add_target(*command, set);
    command
        ->add_option("--rates", given.rates, "Rates, with commas between. Default: that of --rate.")
        ->delimiter(',');
    command
        ->add_option(
            "--flag-set", given.flags,
            "Flags for tandem run, as one word, in place of --flags. Repeatable: each is run at each rate. Default: --flags.")
        ->expected(1)
        ->take_all();
    command->callback(
        [&] { chosen = [&] { return sweep_command(set, given.rates, given.flags); }; });
}

struct compare_arguments {
    std::string left;
    std::string right;
    int pairs = 5;
    std::string value = "rows_per_s";
};

void add_compare(CLI::App& app, settings& set, compare_arguments& given,
                 std::function<int()>& chosen) {
    auto* const command = app.add_subcommand(
        "compare",
        "Two targets in turn, or two records: the ratio with its confidence interval; exit 4 on a regression.");
    add_masters(*command, set);
    add_load(*command, set);
    command
        ->add_option("left", given.left,
                     "What is judged: a target, TARGET:FLAGS, or a result.json.")
        ->required();
    command->add_option("right", given.right, "What it is held against.")->required();
    command->add_option("--pairs", given.pairs, "Runs of each, in turn. Default: 5.");
    command->add_option(
        "--value", given.value,
        "Value of result.json that is compared; of all but rows_per_s less is better. Default: rows_per_s.");
    command->add_flag("--void-too", set.void_too,
                      "Compare void runs as well. Default: they are left out.");
    command->callback([&] {
        chosen = [&] {
            return compare_command(set, given.left, given.right, given.pairs, given.value);
        };
    });
}

struct report_arguments {
    std::vector<std::string> files;
    fs::path out = "report.html";
};

void add_report(CLI::App& app, report_arguments& given, std::function<int()>& chosen) {
    auto* const command = app.add_subcommand("report", "One page of the records of several runs.");
    command->add_option("records", given.files, "result.json files, or their folders.")->required();
    command->add_option("--out", given.out, "The page. Default: report.html.");
    command->callback([&] { chosen = [&] { return report_command(given.files, given.out); }; });
}

void add_lead(CLI::App& app, settings& set, std::function<int()>& chosen) {
    auto* const command = app.add_subcommand(
        "lead",
        "The lead over the peers, goal by goal of perf/goals.txt (lead.*); exit 4 when one is short.");
    command->add_flag(
        "--quick", set.quick,
        "Fewer rows and repeats, to see that it works; goals are judged all the same. Default: off.");
    command
        ->add_option(
            "--only", set.only,
            "Steps to take, with commas between; the goals of others are short. Default: all.")
        ->delimiter(',');
    command->add_option("--workspace", set.run.folder,
                        "Folder of masters, logs and the record lead.json. Default: build/perf.");
    command->add_option("--binary", set.run.binary,
                        "The tandem that is measured. Default: beside this program.");
    command->add_flag(
        "--void-too", set.void_too,
        "Judge void runs as well; the record says so. Default: their goals are short.");
    command->callback([&] { chosen = [&] { return lead_command(set); }; });
}

// Passwords in connection strings are for nobody to read.
std::vector<std::string> without_passwords(std::vector<std::string> words) {
    for (auto& word : words) {
        auto const scheme = word.find("://");
        auto const at = scheme == word.npos ? word.npos : word.find('@', scheme);
        auto const colon = at == word.npos ? word.npos : word.find(':', scheme + 3);
        if (colon != word.npos && colon < at) {
            word.replace(colon + 1, at - colon - 1, "***");
        }
        if (auto const key = word.find("password="); key != word.npos) {
            word.replace(key + 9, word.find_first_of(" &", key) - key - 9, "***");
        }
    }
    return words;
}

int guarded(auto const& work) {
    try {
        return work();
    } catch (wrong_usage const& failure) {
        say(fmt::format("tandem-perf: {}", failure.what()));
        return status_usage;
    } catch (missing_environment const& failure) {
        say(fmt::format("tandem-perf: {}", failure.what()));
        return status_environment;
    } catch (interrupted const& ended) {
        return 128 + ended.number;
    } catch (std::exception const& failure) {
        say(fmt::format("tandem-perf: {}", failure.what()));
        return status_failed;
    }
}

int with_arguments(int count, char** words) {
    settings set;
    set.words.assign(words, words + count);
    fs::path const build = fs::read_symlink("/proc/self/exe").parent_path();
    set.run.folder = build.parent_path() / "perf";
    set.run.binary = build / "tandem";
    CLI::App app{
        "tandem-perf measures tandem beside its peers; a run with a lost, doubled or looped row fails whatever its speed.\n"
        "Exit status: 0 ok, 1 runtime failure, 2 usage, 3 something is not there, 4 a check failed or a threshold was missed."};
    app.require_subcommand(1);
    std::function<int()> chosen;
    auto* const run = app.add_subcommand("run", "One target under one load.");
    add_masters(*run, set);
    add_load(*run, set);
    add_target(*run, set);
    add_run(*run, set);
    run->callback([&] { chosen = [&] { return run_command(set); }; });
    sweep_arguments sweep;
    add_sweep(app, set, sweep, chosen);
    compare_arguments compare;
    add_compare(app, set, compare, chosen);
    report_arguments report;
    add_report(app, report, chosen);
    add_lead(app, set, chosen);
    try {
        app.parse(count, words);
    } catch (CLI::ParseError const& error) {
        int const status = app.exit(error);
        return status == 0 ? status_ok : status_usage;
    }
    catch_signals();
    set.words = without_passwords(set.words);
    return guarded(chosen);
}

} // namespace

int main(int count, char** words) {
    return guarded([&] { return with_arguments(count, words); });
}
