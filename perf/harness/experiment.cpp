#include "perf/harness/experiment.hpp"

#include "perf/harness/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <stdexcept>
#include <unistd.h>
#include <utility>

namespace tandem::perf {

namespace {

constexpr double most_probes_per_second = 2000;
constexpr double most_probes_beside_updates = 500; // there they are rows more than the profile has
constexpr std::uint64_t probes_each_at_full_speed = 10;
constexpr std::int64_t markers_from = 1'000'000'000'000; // above the probes of a side
constexpr double streaming_seconds = 90;
constexpr auto first_look = std::chrono::milliseconds(1);

std::uint64_t probes_each(run_options const& options) {
    if (options.rate == 0) {
        return probes_each_at_full_speed;
    }
    double const most =
        options.what.updates == 0 ? most_probes_per_second : most_probes_beside_updates;
    return static_cast<std::uint64_t>(std::max(1.0, std::ceil(options.rate / most)));
}

// How many runs this process began.
int runs_begun = 0;

std::string wal_position(masters const& servers, int node) {
    return session(servers.uri(node, "postgres")).value("SELECT pg_current_wal_insert_lsn()");
}

} // namespace

chaos_step parse_chaos(std::string const& text) {
    auto const at = text.rfind('@');
    if (at == text.npos) {
        throw wrong_usage(fmt::format("--chaos '{}': WHAT@SECONDS or WHAT@check", text));
    }
    chaos_step found{text.substr(0, at), std::nullopt};
    if (found.what != "crash" && !found.what.starts_with("sh:")) {
        throw wrong_usage(fmt::format("--chaos '{}': WHAT is crash or sh:COMMAND", text));
    }
    if (auto const when = text.substr(at + 1); when != "check") {
        char* end = nullptr;
        found.at = std::strtod(when.c_str(), &end);
        if (end == when.c_str() || (*end != '\0' && std::string_view(end) != "s")) {
            throw wrong_usage(fmt::format("--chaos '{}': no time", text));
        }
    }
    return found;
}

experiment::experiment(masters& servers, run_options options)
    : servers_(servers),
      options_(std::move(options)),
      database_(fmt::format("tandem_perf_{}_{}", getpid(), ++runs_begun)) {}

experiment::~experiment() {
    loads_ = {};
    watchers_ = {};
    sampler_.reset();
    try {
        if (target_) {
            target_->tear_down();
        }
        target_.reset();
        servers_.drop_database(database_);
    } catch (std::exception const& failure) {
        say(fmt::format("while taking down: {}", failure.what()));
    }
}

std::vector<std::string> experiment::tables() const {
    std::vector<std::string> found;
    for (int number = 0; number < options_.tables; ++number) {
        found.push_back(table_name(options_.what, number));
    }
    return found;
}

run_result experiment::run() {
    target_wanted wanted;
    wanted.name = options_.target;
    wanted.flags = options_.flags;
    wanted.binary = options_.binary;
    wanted.folder = options_.folder;
    wanted.database = database_;
    wanted.tables = tables();
    wanted.a_to_b = options_.a_to_b || options_.echo_back;
    wanted.b_to_a = options_.b_to_a || options_.echo_back;
    wanted.durable = options_.durable;
    wanted.brokers = options_.brokers;
    if (auto const why = refusal(wanted, servers_.version()); !why.empty()) {
        throw wrong_usage(why);
    }
    result_.target = options_.target;
    result_.profile = options_.what.name;
    prepare();
    target_ = make_target(wanted, servers_);
    target_->set_up();
    sampler_ = std::make_unique<process_sampler>(servers_, [this] { return target_->processes(); });
    if (options_.backlog > 0) {
        result_.mode = "catch-up";
        catch_up();
    } else {
        result_.mode = "open loop";
        open_loop();
    }
    result_.figures = target_->figures();
    check();
    target_->stop();
    result_.void_because = void_reasons(result_, options_);
    return std::move(result_);
}

void experiment::prepare() {
    servers_.create_database(database_);
    for (int const node : {node_a, node_b}) {
        session own(servers_.uri(node, database_));
        own.run("SET synchronous_commit = off");
        for (int number = 0; number < options_.tables; ++number) {
            own.run(create_table(options_.what, number));
        }
        if (auto const seeds = seed_rows(options_.what); !seeds.empty()) {
            own.run(seeds);
        }
        own.run(fill_procedure(options_.what, options_.tables));
        own.run("ANALYZE; CHECKPOINT");
    }
}

load_options experiment::load_for(int from) const {
    load_options made;
    made.uri = servers_.uri(from, database_);
    made.what = options_.what;
    made.side = from;
    made.tables = options_.tables;
    made.rate = options_.rate;
    made.connections = options_.connections;
    made.depth = options_.depth;
    made.seed = options_.seed;
    made.probes_each = probes_each(options_);
    return made;
}

// A row each way that has come through: all that was committed before it has, too.
void experiment::await_markers() {
    for (int const from : {node_a, node_b}) {
        if (!goes(from)) {
            continue;
        }
        auto const id =
            first_probe(from) + markers_from + markers_[static_cast<std::size_t>(from)]++;
        auto statement = statements_of(options_.what, 0).insert;
        session(servers_.uri(from, database_))
            .rows(statement, {std::to_string(id), std::to_string(id)});
        session peer(servers_.uri(1 - from, database_));
        wait_for(fmt::format("{} carries a row from {}", options_.target, node_name(from)),
                 streaming_seconds, [&] {
                     return !peer.rows(fmt::format("SELECT 1 FROM {} WHERE id = $1",
                                                   options_.what.table),
                                       {std::to_string(id)})
                                 .empty();
                 });
    }
}

void experiment::open_loop() {
    target_->start();
    await_markers();
    for (int const from : {node_a, node_b}) {
        auto const at = static_cast<std::size_t>(from);
        watchers_[at] = std::make_unique<watcher>(servers_.uri(1 - from, database_),
                                                  options_.what.table, options_.look_us);
        sampler_->ours({watchers_[at]->backend()});
        if (goes(from)) {
            loads_[at] = std::make_unique<load>(load_for(from), *watchers_[at]);
            sampler_->ours(loads_[at]->backends());
        }
    }
    for (auto& each : loads_) {
        if (each) {
            each->start();
        }
    }
    auto const warm = monotonic_seconds() + options_.warm_up;
    while (monotonic_seconds() < warm) {
        pause_for(std::chrono::milliseconds(50));
    }
    begin_window();
    std::vector<load_counts> before(2);
    for (std::size_t at = 0; at < 2; ++at) {
        if (loads_[at]) {
            before[at] = loads_[at]->counts();
            loads_[at]->clear();
        }
        watchers_[at]->clear();
    }
    last_counts_ = {before[0], before[1]};
    auto const began = monotonic_seconds();
    watch_window();
    end_window(before, began);
}

void experiment::begin_window() {
    sampler_->reset();
    last_cpu_ = 0;
    for (int const node : {node_a, node_b}) {
        wal_before_[static_cast<std::size_t>(node)] = wal_position(servers_, node);
        sent_before_[static_cast<std::size_t>(node)] = sent_bytes(node);
    }
}

void experiment::watch_window() {
    auto const began = monotonic_seconds();
    last_second_ = began;
    for (double passed = 0; passed < options_.seconds; passed = monotonic_seconds() - began) {
        pause_for(std::chrono::milliseconds(20));
        run_chaos(passed, false);
        if (monotonic_seconds() - last_second_ >= 1) {
            note_second(monotonic_seconds() - began);
        }
        for (std::size_t at = 0; at < 2; ++at) {
            if (loads_[at]) {
                loads_[at]->rethrow();
            }
            watchers_[at]->rethrow();
        }
    }
}

void experiment::end_window(std::vector<load_counts> const& before, double began) {
    std::array<double, 2> seconds{};
    for (auto& each : loads_) {
        if (each) {
            each->end();
        }
    }
    // A row that never comes is the check's to tell.
    auto const until = monotonic_seconds() + options_.settle_seconds;
    bool waiting = true;
    while (waiting && monotonic_seconds() < until) {
        waiting = false;
        for (std::size_t at = 0; at < 2; ++at) {
            if (loads_[at] && seconds[at] == 0) {
                watchers_[at]->rethrow();
                if (watchers_[at]->waiting() == 0) {
                    seconds[at] = monotonic_seconds() - began;
                } else {
                    waiting = true;
                }
            }
        }
        pause_for(first_look);
    }
    result_.used = sampler_->used();
    for (std::size_t at = 0; at < 2; ++at) {
        if (loads_[at]) {
            auto& way = result_.ways[at].emplace();
            way.written = loads_[at]->counts().since(before[at]);
            way.seconds = seconds[at] == 0 ? monotonic_seconds() - began : seconds[at];
            way.visible = watchers_[at]->seen();
            way.committed = loads_[at]->commits();
            collect_commit_times(static_cast<int>(at));
        }
    }
    collect_bytes();
}

void experiment::check() {
    run_chaos(0, true);
    check_wanted wanted;
    wanted.database = database_;
    wanted.tables = tables();
    wanted.settle_seconds = options_.settle_seconds;
    wanted.rows = options_.what.keys + filled_rows_ + markers_[0] + markers_[1];
    for (auto& each : loads_) {
        if (each) {
            auto const counts = each->counts(); // those of the warm-up as well
            wanted.rows += counts.inserted - counts.deleted;
        }
    }
    loads_ = {};
    watchers_ = {};
    result_.check = check_masters(servers_, wanted);
}

void experiment::run_chaos(double at, bool checking) {
    for (; chaos_done_ < options_.chaos.size(); ++chaos_done_) {
        auto const& step = options_.chaos[chaos_done_];
        if (step.at ? !checking && at < *step.at : !checking) {
            return;
        }
        one_step(step);
    }
}

void experiment::one_step(chaos_step const& step) {
    say(fmt::format("chaos: {}", step.what));
    result_.chaos.push_back(step.what);
    if (step.what == "crash") {
        target_->crash();
        return;
    }
    setenv("A", servers_.uri(node_a, database_).c_str(), 1);
    setenv("B", servers_.uri(node_b, database_).c_str(), 1);
    auto const said = run_program({"/bin/sh", "-c", step.what.substr(3)});
    if (!said.empty()) {
        say(said);
    }
}

} // namespace tandem::perf
