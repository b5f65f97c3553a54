// What is measured for each goal of the lead table.

#include "perf/harness/capture.hpp"
#include "perf/harness/clock.hpp"
#include "perf/harness/figures/confidence.hpp"
#include "perf/harness/lead.hpp"
#include "perf/harness/sink_peers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <unistd.h>

namespace tandem::perf {

namespace {

double greatest_over_least(std::vector<double> const& values) {
    auto const [least, greatest] = std::ranges::minmax(values);
    return greatest / least;
}

} // namespace

void lead::catch_ups() {
    auto const quick = in_turn(plain(), {"chat", 100, rows(500'000), "a:b", false}, "native");
    put("lead.catchup.vs_native", ratio(quick.ours, quick.theirs, "rows_per_s"));
    put("lead.memory.direct_mb", median_of(quick.ours, "memory_mb"));
    auto const durable = in_turn(plain(), {"chat", 100, rows(500'000), "a:b", true}, "native");
    put("lead.catchup_sync.vs_native", ratio(durable.ours, durable.theirs, "rows_per_s"));
}

void lead::single() {
    auto const durable = in_turn(plain(), {"chat", 1, rows(60'000), "a:b", true}, "native");
    put("lead.single_sync.vs_native", ratio(durable.ours, durable.theirs, "rows_per_s"));
    auto const quick = in_turn(plain(), {"chat", 1, rows(200'000), "a:b", false}, "native");
    put("lead.single.vs_native", ratio(quick.ours, quick.theirs, "rows_per_s"));
}

void lead::updates() {
    auto const updated = in_turn(plain(), {"updates", 100, rows(300'000), "a:b", false}, "native");
    put("lead.updates.vs_native", ratio(updated.ours, updated.theirs, "rows_per_s"));
    put("lead.sink.update_vs_native", ratio(updated.ours, updated.theirs, "apply_us_per_row"));
    auto const mixed = in_turn(plain(), {"oltp", 100, rows(300'000), "a:b", false}, "native");
    put("lead.oltp.vs_native", ratio(mixed.ours, mixed.theirs, "rows_per_s"));
}

void lead::both_ways() {
    auto const both =
        in_turn(with("pglogical"), {"chat", 100, rows(300'000), "both", false}, "pglogical");
    put("lead.both_ways.vs_pglogical", ratio(both.ours, both.theirs, "rows_per_s"));
}

void lead::bucardo_both_ways() {
    auto const both = in_turn(plain(), {"chat", 100, rows(50'000), "both", true}, "bucardo");
    put("lead.both_ways.vs_bucardo", ratio(both.ours, both.theirs, "rows_per_s"));
}

void lead::latency() {
    std::vector<run_result> ours;
    std::vector<run_result> theirs;
    for (int pair = 0; pair < repeats(); ++pair) {
        for (auto const* name : {"native", "tandem"}) {
            auto how = options({"chat", 1, 0, "a:b", false}, name);
            how.rate = 2000;
            how.seconds = set_.quick ? 5 : 20;
            (name == std::string_view("tandem") ? ours : theirs).push_back(one(plain(), how));
        }
    }
    put("lead.latency.p50", ratio(ours, theirs, "replicated_p50"));
    put("lead.latency.p99", ratio(ours, theirs, "replicated_p99"));
}

void lead::sinks() {
    std::vector<run_result> runs;
    std::vector<double> copied;
    std::vector<double> pipelined;
    auto const many = rows(500'000);
    for (int pair = 0; pair < repeats(); ++pair) {
        runs.push_back(one(plain(), options({"chat", 100, many, "a:b", false}, "tandem")));
        auto const peers = measure_sink_peers(plain(), many);
        copied.push_back(peers.copy_us_per_row);
        pipelined.push_back(peers.pipelined_us_per_row);
        record_["sinks"].push_back(
            {{"copy_us_per_row", copied.back()}, {"pipelined_us_per_row", pipelined.back()}});
    }
    auto const ours = median_of(runs, "apply_us_per_row");
    put("lead.sink.insert_vs_copy", ours ? std::optional(*ours / median(copied)) : std::nullopt);
    put("lead.sink.pipelined_vs_ours",
        ours ? std::optional(median(pipelined) / *ours) : std::nullopt);
}

void lead::memory() {
    std::vector<run_result> steady;
    std::vector<run_result> huge;
    auto const many = rows(5'000'000);
    steady.push_back(one(plain(), options({"chat", 100, rows(500'000), "a:b", false}, "tandem")));
    huge.push_back(one(plain(), options({"chat", many, many, "a:b", false}, "tandem")));
    // Memory is the process's own, whatever others do beside.
    values_["lead.memory.huge_vs_steady"] =
        values_of(huge[0]).at("memory_mb") / values_of(steady[0]).at("memory_mb");
}

void lead::growth() {
    std::vector<double> backlogs;
    std::vector<double> transactions;
    bool something = true;
    auto const cost = [&](workload const& what) {
        auto const run = one(plain(), options(what, "tandem"));
        something = something && says_something(run);
        return values_of(run).at("cpu_us_per_row");
    };
    for (std::int64_t const many : {50'000, 200'000, 1'000'000}) {
        if (!set_.quick || many <= 200'000) {
            backlogs.push_back(cost({"chat", 100, many, "a:b", false}));
        }
    }
    for (std::int64_t const size : {1, 10, 100, 1'000, 10'000, 100'000, 1'000'000}) {
        if (!set_.quick || size <= 100'000) {
            transactions.push_back(
                cost({"chat", size, std::max<std::int64_t>(size, rows(200'000)), "a:b", false}));
        }
    }
    record_["growth"] = {{"backlog_us_per_row", backlogs},
                         {"transaction_us_per_row", transactions}};
    put("lead.growth.backlog",
        something ? std::optional(greatest_over_least(backlogs)) : std::nullopt);
    put("lead.growth.transaction",
        something ? std::optional(greatest_over_least(transactions)) : std::nullopt);
}

void lead::tables() {
    for (int const many : {20, 2000}) {
        std::vector<run_result> alone;
        std::vector<run_result> spread;
        for (int pair = 0; pair < std::min(repeats(), 3); ++pair) {
            alone.push_back(
                one(plain(), options({"chat", 100, rows(500'000), "a:b", false}, "tandem")));
            auto how = options({"chat", 100, rows(500'000), "a:b", false}, "tandem");
            how.tables = many;
            spread.push_back(one(plain(), how));
        }
        put(fmt::format("lead.growth.tables_{}", many), ratio(spread, alone, "rows_per_s"));
    }
}

// The same rows from a to b, with and without their echo from b.
void lead::echoes() {
    std::vector<double> costs;
    for (int pair = 0; pair < repeats(); ++pair) {
        auto how = options({"chat", 100, rows(500'000), "a:b", false}, "tandem");
        auto const without = one(plain(), how);
        how.echo_back = true;
        auto const with_echo = one(plain(), how);
        if (says_something(without) && says_something(with_echo)) {
            costs.push_back(values_of(with_echo).at("target_us_per_row") -
                            values_of(without).at("target_us_per_row"));
        }
    }
    put("lead.echo_us_per_row", costs.empty() ? std::nullopt : std::optional(median(costs)));
}

// What tandem reads with, without what it does with it; the rest of the machine is looked at as in any run.
void lead::capture() {
    process_sampler beside(plain(), [] { return parts{{"reader", children_of(getpid())}}; });
    auto const found = measure_capture(plain(), rows(1'000'000), repeats());
    auto const others = beside.used().others_cores;
    record_["capture"] = {{"ours_rows_per_s", found.ours_rows_per_s},
                          {"pg_recvlogical_rows_per_s", found.theirs_rows_per_s},
                          {"others_cores", others}};
    std::vector<double> ratios;
    for (std::size_t pair = 0; pair < found.ours_rows_per_s.size(); ++pair) {
        ratios.push_back(found.ours_rows_per_s[pair] / found.theirs_rows_per_s[pair]);
    }
    put("lead.capture.vs_pg_recvlogical", others <= most_others_cores || set_.void_too
                                              ? std::optional(median(ratios))
                                              : std::nullopt);
}

// Through Kafka and beside Debezium: the harness in Python that sets up the JVM's part, by its own record.
void lead::kafka() {
    servers_.reset(); // it makes its own
    auto const record = set_.run.folder / "kafka.json";
    std::filesystem::remove(record);
    std::vector<std::string> words{"/usr/bin/python3", "-B", TANDEM_PERF_FILES "/harness/kafka.py",
                                   "--nodes",          "1",  "--binary",
                                   set_.run.binary};
    if (set_.quick) {
        words.emplace_back("--quick");
    }
    child program(words, {{}, set_.run.folder / "lead-kafka.log", false});
    int const status = program.wait();
    std::ifstream file(record);
    if (!file) {
        throw std::runtime_error(fmt::format("kafka.py ended with {}: see {}", status,
                                             (set_.run.folder / "lead-kafka.log").string()));
    }
    auto const found = nlohmann::json::parse(file);
    record_["kafka"] = found;
    for (auto const& goal : found.at("goals")) {
        static constexpr std::array<std::pair<char const*, char const*>, 7> same{
            {{"kafka.catchup.flat", "lead.kafka.flat"},
             {"kafka.catchup.envelope", "lead.kafka.envelope"},
             {"kafka.catchup.default", "lead.kafka.default"},
             {"kafka.latency.p50", "lead.kafka.latency.p50"},
             {"kafka.latency.p99", "lead.kafka.latency.p99"},
             {"kafka.cpu_per_row", "lead.cpu.kafka"},
             {"kafka.memory_mb", "lead.memory.kafka_mb"}}};
        for (auto const& [theirs, ours] : same) {
            if (goal.at("name") == theirs && !goal.at("value").is_null()) {
                values_[ours] = goal.at("value").get<double>();
            }
        }
    }
    auto const& phase = found.at("phases").at("1");
    if (phase.at("void").contains("flat")) {
        throw std::runtime_error(
            "Debezium's runs are void: lead.cpu.direct has nothing to be held against");
    }
    auto const cpu = [&](char const* system, char const* part) {
        std::vector<double> each;
        for (auto const& run : phase.at("runs").at(system)) {
            each.push_back(run.at("cpu_us_per_row").at(part).get<double>());
        }
        return median(each);
    };
    values_["lead.cpu.direct"] = cpu("tandem-direct", "tandem") / cpu("flat", "connect");
}

} // namespace tandem::perf
