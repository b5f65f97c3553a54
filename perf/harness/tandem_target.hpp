// tandem run between both masters.
#pragma once

#include "perf/harness/child.hpp"
#include "perf/harness/target.hpp"

namespace tandem::perf {

class tandem_target : public target {
public:
    // more: words for tandem run, as --transport kafka
    tandem_target(target_wanted wanted, masters& servers, std::vector<std::string> more);

    void set_up() override;
    void start() override;
    void stop() override;
    void tear_down() override;
    parts processes() override;
    told figures() override;
    void crash() override;

private:
    [[nodiscard]] std::vector<std::string> words(std::string const& command) const;

    target_wanted wanted_;
    masters& servers_;
    std::vector<std::string> more_;
    std::string address_;
    child process_;
};

// The words of a line, split at blanks.
[[nodiscard]] std::vector<std::string> split_words(std::string const& line);

} // namespace tandem::perf
