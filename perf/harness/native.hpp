// PostgreSQL's own logical replication: CREATE PUBLICATION and CREATE SUBSCRIPTION.
#pragma once

#include "perf/harness/target.hpp"

namespace tandem::perf {

class native : public target {
public:
    native(target_wanted wanted, masters& servers)
        : wanted_(std::move(wanted)), servers_(servers) {}

    void set_up() override;
    void start() override;
    void stop() override;
    void tear_down() override;

private:
    [[nodiscard]] std::vector<std::array<int, 2>> ways() const; // from, to

    target_wanted wanted_;
    masters& servers_;
};

} // namespace tandem::perf
