#include "perf/harness/bucardo.hpp"

#include "perf/harness/clock.hpp"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>
#include <unistd.h>
#include <utility>

namespace tandem::perf {

namespace {

constexpr double start_seconds = 60;
constexpr double stop_seconds = 60;

void add_with_children(std::vector<pid_t>& into, pid_t process) {
    into.push_back(process);
    for (auto const each : children_of(process)) {
        add_with_children(into, each);
    }
}

} // namespace

bucardo::bucardo(target_wanted wanted, masters& servers)
    : wanted_(std::move(wanted)),
      servers_(servers),
      home_(wanted_.folder / fmt::format("bucardo-{}", getpid())) {
    if (!std::filesystem::exists("/usr/bin/bucardo")) {
        throw missing_environment(
            "Bucardo is not installed: apt-get install bucardo postgresql-plperl-15");
    }
    if (!servers.made()) {
        throw wrong_usage(
            "Bucardo is set up on masters that are made here only: its triggers would stay in yours");
    }
    std::filesystem::create_directories(home_);
}

std::string bucardo::command(std::vector<std::string> const& words) const {
    std::vector<std::string> all{"/usr/bin/bucardo",
                                 "--no-bucardorc",
                                 "--batch",
                                 "--quiet",
                                 fmt::format("--piddir={}", home_.string()),
                                 fmt::format("--dbhost={}", servers_.sockets().string()),
                                 fmt::format("--dbport={}", servers_.port(node_a)),
                                 "--dbuser=postgres"};
    all.insert(all.end(), words.begin(), words.end());
    return run_program(all);
}

void bucardo::set_up() {
    session admin(servers_.uri(node_a, "postgres"));
    if (admin.number("SELECT count(*) FROM pg_database WHERE datname = 'bucardo'") == 0) {
        command({"--dbname=postgres", "install"});
    }
    for (int const node : {node_a, node_b}) {
        command({"--dbname=bucardo", "add", "db", std::string(1, node_name(node)),
                 "dbname=" + wanted_.database, "dbhost=" + servers_.sockets().string(),
                 fmt::format("dbport={}", servers_.port(node)), "dbuser=postgres"});
    }
    for (auto const& table : wanted_.tables) {
        command({"--dbname=bucardo", "add", "table", "public." + table, "db=a", "relgroup=perf"});
    }
    // Who is no source is a target: its changes stay where they are.
    auto const role = [](bool source) { return source ? "source" : "target"; };
    command({"--dbname=bucardo", "add", "sync", "perf", "relgroup=perf",
             fmt::format("dbs=a:{},b:{}", role(wanted_.a_to_b), role(wanted_.b_to_a)),
             "conflict_strategy=bucardo_latest"});
}

void bucardo::start() {
    command({"--dbname=bucardo", "start", "--log-destination=" + home_.string()});
    wait_for("Bucardo's daemon runs", start_seconds, [&] { return daemon() != 0; });
}

void bucardo::stop() {
    command({"--dbname=bucardo", "stop"});
    wait_for("Bucardo's daemon is gone", stop_seconds, [&] { return daemon() == 0; });
    // It refuses to start while either is there.
    std::filesystem::remove(home_ / "fullstopbucardo");
    std::filesystem::remove(home_ / "bucardo.mcp.pid");
}

void bucardo::tear_down() {
    if (daemon() != 0) {
        stop();
    }
    session admin(servers_.uri(node_a, "postgres"));
    admin.run("DROP DATABASE IF EXISTS bucardo WITH (FORCE)");
    admin.run("DROP ROLE IF EXISTS bucardo");
    std::filesystem::remove_all(home_);
}

pid_t bucardo::daemon() const {
    std::ifstream file(home_ / "bucardo.mcp.pid");
    pid_t process = 0;
    file >> process;
    return process != 0 && std::filesystem::exists(fmt::format("/proc/{}", process)) ? process : 0;
}

parts bucardo::processes() {
    std::vector<pid_t> found;
    if (auto const process = daemon(); process != 0) {
        add_with_children(found, process);
    }
    return {{"bucardo", found}};
}

} // namespace tandem::perf
