// generate: texts made of what tandem knows of itself, so that they cannot drift.

#include "engine/admin/failure.hpp"
#include "tools/tandem/command_entry.hpp"
#include "tools/tandem/command_line.hpp"
#include "tools/tandem/generated.hpp"

#include <fmt/format.h>

namespace tandem::tool {
namespace {

int print_generated(std::string const& text) {
    fmt::print("{}", text);
    return engine::exit_status::ok;
}

} // namespace

command_entry generate_commands() {
    using group = engine::setting_group;
    std::vector<group> const log{group::log};
    auto const nothing = [](CLI::App&, call&) {};
    command_entry generate{"generate", "Print files for other programs.", nullptr, {}, nullptr};
    generate.parts = {
        {"completion", "Completion of commands and flags, for a shell to source.",
         generate_completion, log,
         [](CLI::App& app, call& into) {
             app.add_option("shell", into.kind, "bash, zsh or fish. No default.")
                 ->type_name("SHELL")
                 ->required()
                 ->check(CLI::IsMember({"bash", "zsh", "fish"}));
         }},
        {"man", "The manual page tandem(1).", generate_man, log, nothing},
        {"grafana", "A Grafana dashboard over tandem's metrics, as JSON to import.",
         generate_grafana, log, nothing},
        {"prometheus-rules", "Prometheus alerts over tandem's metrics, as YAML.", generate_rules,
         log, nothing},
        {"systemd", "A unit for systemd that runs tandem with /etc/tandem/tandem.toml.",
         generate_systemd, log, nothing},
    };
    return generate;
}

int generate_completion(call const& now) {
    auto const all = all_commands();
    return print_generated(now.kind == "bash"  ? bash_completion(all)
                           : now.kind == "zsh" ? zsh_completion(all)
                                               : fish_completion(all));
}

int generate_man(call const&) {
    return print_generated(manual_page(all_commands()));
}

int generate_grafana(call const&) {
    return print_generated(grafana_dashboard());
}

int generate_rules(call const&) {
    return print_generated(prometheus_rules());
}

int generate_systemd(call const&) {
    return print_generated(systemd_unit());
}

} // namespace tandem::tool
