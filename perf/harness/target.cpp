#include "perf/harness/target.hpp"

#include "perf/harness/bucardo.hpp"
#include "perf/harness/clock.hpp"
#include "perf/harness/kafka_target.hpp"
#include "perf/harness/native.hpp"
#include "perf/harness/pglogical.hpp"
#include "perf/harness/tandem_target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace tandem::perf {

namespace {

constexpr double confirm_seconds = 120;

bool debezium(std::string const& name) {
    return name.starts_with("debezium-");
}

} // namespace

void target::crash() {
    throw wrong_usage("this target can't be crashed");
}

std::vector<std::string> const& target_names() {
    static std::vector<std::string> const names{
        "tandem",       "native",        "pglogical",         "bucardo",
        "tandem-kafka", "debezium-flat", "debezium-envelope", "debezium-default"};
    return names;
}

std::unique_ptr<target> make_target(target_wanted const& wanted, masters& servers) {
    if (wanted.name == "tandem") {
        return std::make_unique<tandem_target>(wanted, servers, std::vector<std::string>{});
    }
    if (wanted.name == "native") {
        return std::make_unique<native>(wanted, servers);
    }
    if (wanted.name == "pglogical") {
        return std::make_unique<pglogical>(wanted, servers);
    }
    if (wanted.name == "bucardo") {
        return std::make_unique<bucardo>(wanted, servers);
    }
    if (wanted.name == "tandem-kafka" || debezium(wanted.name)) {
        return std::make_unique<kafka_target>(wanted, servers);
    }
    throw wrong_usage(
        fmt::format("no target '{}'; there are {}", wanted.name, fmt::join(target_names(), ", ")));
}

std::vector<std::string> settings_for(std::string const& target_name, bool durable) {
    if (target_name == "pglogical") {
        return pglogical_settings(durable);
    }
    return {};
}

std::string refusal(target_wanted const& wanted, int server_version) {
    bool const both = wanted.a_to_b && wanted.b_to_a;
    if (wanted.name == "native" && both && server_version < 160000) {
        return "native logical replication goes both ways from PostgreSQL 16 on (origin = none); use --direction a:b";
    }
    if (debezium(wanted.name) && (both || wanted.b_to_a)) {
        return "Debezium and its JDBC sink are set up from a to b; two-way they loop (docs of the harness)";
    }
    return {};
}

void wait_confirmed(masters const& servers, std::string const& database,
                    std::string const& slots_like) {
    for (int const node : {node_a, node_b}) {
        session own(servers.uri(node, database));
        auto const until = own.value("SELECT pg_current_wal_lsn()");
        wait_for(
            fmt::format("slots like {} of {} have confirmed {}", slots_like, node_name(node),
                        until),
            confirm_seconds, [&] {
                // A source that is idle says nothing by itself: this makes it.
                own.rows("SELECT pg_logical_emit_message(false, 'tandem-perf', 'confirm')");
                return own.value(
                           "SELECT coalesce(bool_and(confirmed_flush_lsn >= $1::pg_lsn), true) "
                           "FROM pg_replication_slots WHERE slot_name LIKE $2 AND database = $3",
                           {until, slots_like, database}) == "t";
            });
    }
}

} // namespace tandem::perf
