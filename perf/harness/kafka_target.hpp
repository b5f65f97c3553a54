// What goes through Kafka: tandem run --transport kafka, and Debezium with its JDBC sink. Brokers, the Connect worker and
// the connectors are set up by kafka_peer.py, with the settings of debezium.py.
#pragma once

#include "perf/harness/child.hpp"
#include "perf/harness/tandem_target.hpp"
#include "perf/harness/target.hpp"

#include <memory>

namespace tandem::perf {

class kafka_target : public target {
public:
    kafka_target(target_wanted wanted, masters& servers);

    void set_up() override;
    void start() override;
    void stop() override;
    void tear_down() override;
    parts processes() override;
    told figures() override;
    void crash() override;

private:
    // A command for kafka_peer.py; its answer.
    std::string ask(std::string const& what, double seconds);

    target_wanted wanted_;
    masters& servers_;
    child peer_;
    parts beside_;                        // brokers and worker
    std::unique_ptr<tandem_target> ours_; // nothing: Debezium
};

} // namespace tandem::perf
