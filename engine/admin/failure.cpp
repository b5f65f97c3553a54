#include "engine/admin/failure.hpp"

#include <fmt/format.h>

namespace tandem::engine {
namespace {

struct known_cure {
    std::string_view sqlstate; // five characters, or a class of two
    std::string_view cure;
};

constexpr known_cure cures[] = {
    {"28P01", "check user and password in --node, or put the password into ~/.pgpass"},
    {"28000", "check user and database in --node, and pg_hba.conf (a replication connection to the "
              "database counts as that database)"},
    {"3D000", "create the database, or correct its name in --node"},
    {"42501",
     "grant what is missing; 'tandem init --dry-run' prints the grants, 'tandem doctor' says "
     "what the role lacks"},
    {"53300", "raise max_connections, or close other sessions"},
    {"53400", "raise max_replication_slots (and max_wal_senders) and restart the server, or drop "
              "slots that nobody uses"},
    {"55006", "a running instance still uses it: stop that first"},
    {"55P03", "another session holds the lock; let it finish (see pg_stat_activity) and try again"},
    {"55000", "the server is not set up for it; 'tandem doctor' names the setting"},
    {"57P03", "the server is starting or stopping; try again"},
    {"25006", "the server is read-only (a standby?); give the primary"},
};

int status_of(io::pg::error const& error) {
    if (error.code == io::pg::errc::bad_conninfo) {
        return exit_status::usage;
    }
    if (error.code != io::pg::errc::server_error) {
        return exit_status::environment;
    }
    std::string_view const state{error.sqlstate};
    for (std::string_view const environment :
         {"28", "3D", "42501", "53", "55", "57", "25006", "08"}) {
        if (state.starts_with(environment)) {
            return exit_status::environment;
        }
    }
    return exit_status::runtime;
}

} // namespace

std::string cure_for(io::pg::error const& error) {
    for (known_cure const& each : cures) {
        if (error.sqlstate.starts_with(each.sqlstate)) {
            return std::string{each.cure};
        }
    }
    if (error.message.find("unsupported startup parameter") != std::string::npos) {
        return "a connection pooler is between: give tandem the server's own address";
    }
    if (error.sqlstate.empty() && error.code == io::pg::errc::connect_failed) {
        return "check that the server runs and that host and port in --node are right";
    }
    return {};
}

command_failed database_failure(std::string const& node, std::string const& doing,
                                io::pg::error const& error) {
    std::string text = fmt::format("node {}: {}: {}", node, doing, error.message);
    if (std::string const cure = cure_for(error); !cure.empty()) {
        text += "; " + cure;
    }
    return {status_of(error), text};
}

command_failed kafka_failure(std::string const& doing, io::kafka::error const& error) {
    using io::kafka::errc;
    std::string const text = fmt::format("Kafka: {}: {}", doing, error.message);
    switch (error.code) {
    case errc::unreachable:
    case errc::timed_out:
        return {exit_status::environment,
                text + "; check that the brokers run and that --brokers is right"};
    case errc::not_permitted:
        return {exit_status::environment, text + "; give the user of --brokers the right to it"};
    case errc::configuration:
    case errc::no_topic:
        return {exit_status::usage, text};
    default:
        return {exit_status::runtime, text};
    }
}

} // namespace tandem::engine
