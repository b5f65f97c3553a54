#pragma once
// The texts of `generate`. Pure.

#include "tools/tandem/command_line.hpp"

#include <string>
#include <vector>

namespace tandem::tool {

[[nodiscard]] std::string bash_completion(std::vector<told_command> const& all);
[[nodiscard]] std::string zsh_completion(std::vector<told_command> const& all);
[[nodiscard]] std::string fish_completion(std::vector<told_command> const& all);
[[nodiscard]] std::string manual_page(std::vector<told_command> const& all);
[[nodiscard]] std::string grafana_dashboard();
[[nodiscard]] std::string prometheus_rules();
[[nodiscard]] std::string systemd_unit();

} // namespace tandem::tool
