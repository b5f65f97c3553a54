// Bucardo 5, both ways with bucardo_latest: triggers at both masters, a daemon in Perl between them.
#pragma once

#include "perf/harness/target.hpp"

namespace tandem::perf {

class bucardo : public target {
public:
    bucardo(target_wanted wanted, masters& servers);

    void set_up() override;
    void start() override;
    void stop() override;
    void tear_down() override;
    parts processes() override;

private:
    std::string command(std::vector<std::string> const& words) const;
    [[nodiscard]] pid_t daemon() const; // 0: it does not run

    target_wanted wanted_;
    masters& servers_;
    std::filesystem::path home_; // of its pid file and log
};

} // namespace tandem::perf
