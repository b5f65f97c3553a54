#include "perf/harness/pglogical.hpp"

#include "perf/harness/clock.hpp"

#include <fmt/format.h>

namespace tandem::perf {

namespace {

constexpr auto slots_like = "pgl\\_%";

std::string subscription(int to) {
    return fmt::format("perf_to_{}", node_name(to));
}

} // namespace

std::vector<std::string> pglogical_settings(bool durable) {
    if (!std::filesystem::exists(server_programs() / "../lib/pglogical.so")) {
        throw missing_environment(
            "pglogical is not installed: apt-get install postgresql-15-pglogical");
    }
    std::vector<std::string> lines{
        "shared_preload_libraries = 'pglogical'",
        "pglogical.conflict_resolution = 'last_update_wins'",
        "pglogical.conflict_log_level = debug1", // a line per conflict would be measured too
        fmt::format("pglogical.synchronous_commit = {}", durable ? "on" : "off")};
    // Newer minor releases name the output plugins that they trust.
    auto const known =
        run_program({server_programs() / "postgres", "--describe-config"}, server_account());
    if (known.find("output_plugin_libraries") != known.npos) {
        lines.emplace_back("output_plugin_libraries = 'pgoutput, test_decoding, pglogical_output'");
    }
    return lines;
}

void pglogical::set_up() {
    for (int const node : {node_a, node_b}) {
        session own(servers_.uri(node, wanted_.database));
        if (own.value("SHOW shared_preload_libraries").find("pglogical") == std::string::npos) {
            throw missing_environment(fmt::format(
                "master {}: shared_preload_libraries has no pglogical", node_name(node)));
        }
        own.run("CREATE EXTENSION pglogical");
        own.rows("SELECT pglogical.create_node(node_name := $1, dsn := $2)",
                 {std::string(1, node_name(node)), servers_.uri(node, wanted_.database)});
        own.run("SELECT pglogical.replication_set_add_all_tables('default', ARRAY['public'])");
    }
    for (int const to : {node_a, node_b}) {
        if (!flows_to(to)) {
            continue;
        }
        session own(servers_.uri(to, wanted_.database));
        own.rows(
            "SELECT pglogical.create_subscription(subscription_name := $1, provider_dsn := $2, "
            "synchronize_structure := false, synchronize_data := false, forward_origins := '{}')",
            {subscription(to), servers_.uri(1 - to, wanted_.database)});
        wait_for("pglogical replicates", 60, [&] {
            return own.value("SELECT status FROM pglogical.show_subscription_status()") ==
                   "replicating";
        });
    }
    stop();
}

void pglogical::switch_all(std::string const& how) {
    for (int const to : {node_a, node_b}) {
        if (flows_to(to)) {
            session(servers_.uri(to, wanted_.database))
                .rows(fmt::format("SELECT pglogical.alter_subscription_{}($1, true)", how),
                      {subscription(to)});
        }
    }
}

void pglogical::start() {
    switch_all("enable");
}

void pglogical::stop() {
    wait_confirmed(servers_, wanted_.database, slots_like);
    switch_all("disable");
    for (int const node : {node_a, node_b}) {
        session own(servers_.uri(node, wanted_.database));
        wait_for("pglogical's slots are free", 60, [&] {
            return own.number(
                       "SELECT count(*) FROM pg_replication_slots WHERE active AND database = $1",
                       {wanted_.database}) == 0;
        });
    }
}

void pglogical::tear_down() {
    for (int const to : {node_a, node_b}) {
        if (flows_to(to)) {
            session(servers_.uri(to, wanted_.database))
                .rows("SELECT pglogical.drop_subscription($1, true)", {subscription(to)});
        }
    }
    for (int const node : {node_a, node_b}) {
        session(servers_.uri(node, wanted_.database))
            .run("DROP EXTENSION IF EXISTS pglogical CASCADE");
    }
}

} // namespace tandem::perf
