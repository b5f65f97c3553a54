#include "engine/connect/postgres_source_settings.hpp"

#include "engine/connect/postgres_source_checks.hpp"

namespace tandem::connect {
namespace {

debezium_settings make() {
    debezium_settings made;
    made.add("Postgres", postgres_server_rows());
    made.add("Connector", postgres_connector_rows());
    made.add("Events", postgres_event_rows());
    return made;
}

} // namespace

debezium_settings const& postgres_source_settings() {
    static debezium_settings const made = make();
    return made;
}

} // namespace tandem::connect
