// pglogical 2, both ways with last_update_wins.
#pragma once

#include "perf/harness/target.hpp"

namespace tandem::perf {

class pglogical : public target {
public:
    pglogical(target_wanted wanted, masters& servers)
        : wanted_(std::move(wanted)), servers_(servers) {}

    void set_up() override;
    void start() override;
    void stop() override;
    void tear_down() override;

private:
    [[nodiscard]] bool flows_to(int to) const {
        return to == node_b ? wanted_.a_to_b : wanted_.b_to_a;
    }
    void switch_all(std::string const& how);

    target_wanted wanted_;
    masters& servers_;
};

[[nodiscard]] std::vector<std::string> pglogical_settings(bool durable);

} // namespace tandem::perf
