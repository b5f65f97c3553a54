// Completion for shells and the manual page, made of the commands and their flags.

#include "tools/tandem/generated.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace tandem::tool {
namespace {

std::vector<std::string> flag_names(told_command const& of) {
    std::vector<std::string> made;
    for (auto const& each : of.flags) {
        made.insert(made.end(), each.names.begin(), each.names.end());
    }
    return made;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
        text.replace(at, what.size(), with);
    }
    return text;
}

std::string first_sentence(std::string const& text) {
    auto const end = text.find(". ");
    return end == std::string::npos ? text : text.substr(0, end + 1);
}

// In '...' of a shell.
std::string in_quotes(std::string const& text) {
    return replaced(text, "'", "'\\''");
}

std::string roff(std::string text) {
    text = replaced(std::move(text), "\\", "\\e");
    text = replaced(std::move(text), "-", "\\-");
    if (text.starts_with('.') || text.starts_with('\'')) {
        text.insert(0, "\\&");
    }
    return text;
}

// "tandem conflict list" below "tandem": "conflict list"
std::string behind_program(std::string const& path) {
    auto const space = path.find(' ');
    return space == std::string::npos ? std::string{} : path.substr(space + 1);
}

} // namespace

std::string bash_completion(std::vector<told_command> const& all) {
    std::string text =
        "# bash completion of tandem: source it, or put it into "
        "/usr/share/bash-completion/completions/tandem\n"
        "_tandem() {\n"
        "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} path= each\n"
        "    for each in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
        "        [[ $each == -* ]] && break\n"
        "        path+=\" $each\"\n"
        "    done\n"
        "    case $before in\n"
        "    -c | --config | -f | --file | --spool-dir)\n"
        "        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
        "        return\n"
        "        ;;\n"
        "    esac\n"
        "    local words=\n"
        "    case \"${path# }\" in\n";
    for (auto const& each : all) {
        auto words = each.parts;
        auto const flags = flag_names(each);
        words.insert(words.end(), flags.begin(), flags.end());
        if (each.path == "tandem generate completion") {
            words.insert(words.end(), {"bash", "zsh", "fish"});
        }
        text += fmt::format("    '{}') words='{}' ;;\n", behind_program(each.path),
                            fmt::join(words, " "));
    }
    return text + "    esac\n"
                  "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
                  "}\n"
                  "complete -F _tandem tandem\n";
}

std::string zsh_completion(std::vector<told_command> const& all) {
    std::string text = "#compdef tandem\n"
                       "# zsh completion of tandem: put it as _tandem into a folder of $fpath\n"
                       "_tandem() {\n"
                       "    local path= each\n"
                       "    for each in \"${(@)words[2,CURRENT-1]}\"; do\n"
                       "        [[ $each == -* ]] && break\n"
                       "        path+=\" $each\"\n"
                       "    done\n"
                       "    local -a offered\n"
                       "    case \"${path# }\" in\n";
    for (auto const& each : all) {
        text += fmt::format("    '{}') offered=(", behind_program(each.path));
        for (auto const& part : each.parts) {
            auto const found = std::ranges::find(all, each.path + " " + part, &told_command::path);
            text += fmt::format(" '{}:{}'", part,
                                in_quotes(replaced(first_sentence(found->help), ":", "\\:")));
        }
        for (auto const& flag : each.flags) {
            for (auto const& name : flag.names) {
                text += fmt::format(" '{}:{}'", name,
                                    in_quotes(replaced(first_sentence(flag.help), ":", "\\:")));
            }
        }
        if (each.path == "tandem generate completion") {
            text += " bash zsh fish";
        }
        text += " ) ;;\n";
    }
    return text + "    esac\n"
                  "    (( ${#offered} )) && _describe tandem offered || _files\n"
                  "}\n"
                  "_tandem \"$@\"\n";
}

std::string fish_completion(std::vector<told_command> const& all) {
    std::string text =
        "# fish completion of tandem: put it into ~/.config/fish/completions/tandem.fish\n"
        "function __tandem_at\n"
        "    set -l words (commandline -opc)[2..-1]\n"
        "    set -l path\n"
        "    for each in $words\n"
        "        string match -q -- '-*' $each; and break\n"
        "        set path $path $each\n"
        "    end\n"
        "    test \"$path\" = \"$argv\"\n"
        "end\n";
    for (auto const& each : all) {
        auto const at = behind_program(each.path);
        for (auto const& part : each.parts) {
            auto const found = std::ranges::find(all, each.path + " " + part, &told_command::path);
            text += fmt::format("complete -c tandem -f -n '__tandem_at {}' -a '{}' -d '{}'\n", at,
                                part, replaced(first_sentence(found->help), "'", "\\'"));
        }
        for (auto const& flag : each.flags) {
            std::string names;
            for (auto const& name : flag.names) {
                names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
            }
            if (!names.empty()) {
                text += fmt::format("complete -c tandem -n '__tandem_at {}'{}{} -d '{}'\n", at,
                                    names, flag.value.empty() ? "" : " -r",
                                    replaced(first_sentence(flag.help), "'", "\\'"));
            }
        }
        if (each.path == "tandem generate completion") {
            text +=
                fmt::format("complete -c tandem -f -n '__tandem_at {}' -a 'bash zsh fish'\n", at);
        }
    }
    return text;
}

std::string manual_page(std::vector<told_command> const& all) {
    std::string text =
        fmt::format(".TH TANDEM 1 \"\" \"tandem {}\" \"User Commands\"\n"
                    ".SH NAME\ntandem \\- keeps PostgreSQL masters in sync, both ways\n"
                    ".SH SYNOPSIS\n.B tandem\n.I COMMAND\n[\\fIOPTION\\fR]...\n"
                    ".SH DESCRIPTION\n"
                    "Every setting is a flag, a variable (TANDEM_BATCH_ROWS) and a key of the\n"
                    "TOML file (batch\\-rows), in this order of strength.\n"
                    ".SH COMMANDS\n",
                    TANDEM_VERSION);
    for (auto const& each : all) {
        if (each.path == "tandem") {
            continue;
        }
        text += fmt::format(".SS {}\n{}\n", roff(each.path), roff(each.help));
        for (auto const& flag : each.flags) {
            if (flag.names.empty() && !flag.positional) {
                continue;
            }
            std::vector<std::string> names;
            for (auto const& name : flag.names) {
                names.push_back(fmt::format("\\fB{}\\fR", roff(name)));
            }
            auto const value =
                flag.value.empty() ? "" : fmt::format("\\fI{}\\fR", roff(flag.value));
            text += fmt::format(".TP\n{}{}{}\n{}\n", fmt::join(names, ", "),
                                names.empty() || value.empty() ? "" : " ", value, roff(flag.help));
        }
    }
    return text +
           ".SH EXIT STATUS\n"
           "0 ok, 1 runtime failure, 2 usage or configuration, 3 a database, broker or port is not there,\n"
           "4 a check failed, 130 or 143 a second signal.\n"
           ".SH FILES\n.TP\n.I $TANDEM_CONFIG\nThe configuration, unless \\-\\-config names another.\n";
}

// As the package installs it: tools/deploy/systemd/tandem.service.
std::string systemd_unit() {
    return R"([Unit]
Description=tandem, keeps PostgreSQL masters the same
Documentation=man:tandem(1)
Wants=network-online.target
After=network-online.target postgresql.service
# Databases that are away are waited for; only a wrong configuration ends it for good.
StartLimitIntervalSec=0

[Service]
Type=exec
DynamicUser=yes
# Secrets: readable by root alone, for ${env:NAME} in the configuration.
EnvironmentFile=-/etc/tandem/tandem.env
ExecStart=/usr/bin/tandem run --config /etc/tandem/tandem.toml
Restart=on-failure
RestartSec=5
RestartPreventExitStatus=2
# One SIGTERM: it finishes and confirms what is on its way, within 10 s.
TimeoutStopSec=20
# A file for each large open transaction.
LimitNOFILE=65536

ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
NoNewPrivileges=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
CapabilityBoundingSet=
AmbientCapabilities=
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
UMask=0077

[Install]
WantedBy=multi-user.target
)";
}

} // namespace tandem::tool
