#include "tools/tandem/command_line.hpp"

#include "engine/admin/compare.hpp"
#include "engine/admin/failure.hpp"
#include "engine/config/nearest.hpp"
#include "engine/config/redact.hpp"
#include "engine/config/settings.hpp"
#include "tools/tandem/command_entry.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <map>
#include <memory>

namespace tandem::tool {
namespace {

using engine::setting;
using engine::setting_group;

constexpr char const* examples =
    "Examples:\n"
    "  tandem run --init --node a=postgresql://postgres@localhost:5434/chat \\\n"
    "                    --node b=postgresql://postgres@localhost:5435/chat\n"
    "  tandem doctor -c tandem.toml\n"
    "  tandem status -w\n"
    "\n"
    "Every setting is a flag, a variable (TANDEM_BATCH_ROWS) and a key of the TOML file\n"
    "(batch-rows), in this order of strength. Exit status: 0 ok, 1 runtime failure, 2 usage or\n"
    "configuration, 3 a database or port is not there, 4 a check failed.\n";

// What a command does, and the texts CLI11 writes into; addresses must stay while it parses.
struct storage {
    int (*function)(call const&) = nullptr;
    std::map<std::string, std::vector<std::string>> values;
    std::map<std::string, bool> toggles;
};

void add_settings(CLI::App& app, command_entry const& command, storage& texts) {
    for (setting const& each : engine::settings()) {
        bool const wanted = std::find(command.settings.begin(), command.settings.end(),
                                      each.group) != command.settings.end();
        if (!wanted) {
            continue;
        }
        std::string const name{each.name};
        if (each.takes == setting::kind::toggle) {
            app.add_flag("--" + name, texts.toggles[name], each.help);
            continue;
        }
        std::string const letter = each.letter != '\0' ? fmt::format("-{},", each.letter) : "";
        CLI::Option* const option =
            app.add_option(letter + "--" + name, texts.values[name], each.help);
        option->type_name(std::string{each.value});
        // A value given twice is found by collect(), which says so better.
        option->expected(1)->take_all()->allow_extra_args(false);
        if (each.takes == setting::kind::list) {
            option->expected(1, CLI::detail::expected_max_vector_size);
        }
    }
}

engine::given collect(storage const& texts, CLI::App const& app) {
    engine::given flags;
    for (auto const& [name, on] : texts.toggles) {
        if (on) {
            flags[name].push_back({"--" + name, "true"});
        }
    }
    for (auto const& [name, values] : texts.values) {
        CLI::Option const* const option = app.get_option_no_throw("--" + name);
        if (option == nullptr || option->empty()) {
            continue;
        }
        if (engine::find_setting(name)->takes != setting::kind::list && values.size() > 1) {
            throw engine::config_error{
                fmt::format("--{} is given {} times; it takes one value", name, values.size())};
        }
        for (std::string const& value : values) {
            flags[name].push_back({"--" + name, value});
        }
    }
    return flags;
}

void verify_flags(CLI::App& app, call& into) {
    json_flag(app, into);
    app.add_option("--limit", into.limit,
                   fmt::format("Keys listed per table. Default: {} keys.", into.limit))
        ->type_name("N")
        ->check(whole_number());
    app.add_option(
           "--pace", into.pace,
           fmt::format("Percent of its time that each server works at it; 100: as fast as it can. "
                       "Default: {}.",
                       into.pace))
        ->type_name("PERCENT")
        ->check(CLI::Range(1, engine::at_full_pace));
    app.add_option("--wait", into.wait,
                   "How long the streams may take to bring what was compared; what may be "
                   "on its way then is named so. Default: " +
                       into.wait + ".")
        ->type_name("DURATION");
    app.add_option("--repair", into.repair,
                   "File for SQL that makes the nodes equal, for both to run. Default: none.")
        ->type_name("FILE.sql");
    app.add_flag("--apply", into.apply,
                 "Repair what differs: rows that win (the newer version, as in conflicts) are "
                 "sent again through the running sync. Default: off.");
    app.add_option("--winner", into.winner,
                   "Of --repair and --apply: this node is right, whatever the versions are. "
                   "Default: none, the newer version wins, and a row on one node only stays.")
        ->type_name("NODE");
}

command_entry config_commands() {
    command_entry config{"config", "Configurations.", nullptr, {}, nullptr};
    config.parts = {
        {"import",
         "Print connectors of Kafka Connect as a configuration of tandem run; what it cannot take "
         "over goes to stderr.",
         config_import,
         {setting_group::log},
         [](CLI::App& app, call& into) {
             app.add_option("file", into.names,
                            "Connectors of both sides: .json or .properties. No default.")
                 ->type_name("FILE")
                 ->required();
         }},
    };
    return config;
}

void skip_flags(CLI::App& app, call& into) {
    app.add_option("--direction", into.direction, "Source and target node. No default.")
        ->type_name("A:B")
        ->required();
    app.add_option("--position", into.position,
                   "Where the transaction's commit ends in the source's WAL. No default.")
        ->type_name("LSN")
        ->required();
}

void status_flags(CLI::App& app, call& into) {
    json_flag(app, into);
    url_flag(app, into);
    app.add_flag("-w,--watch", into.watch, "Repeat every second until stopped. Default: off.");
    app.add_flag("--ready", into.ready,
                 "Exit 0 if every direction streams, 4 otherwise. Default: off.");
}

void init_flags(CLI::App& app, call& into) {
    app.add_flag("--dry-run", into.dry_run,
                 "Print the SQL and the grants, change nothing. Default: off.");
    app.add_option(
           "--ids", into.ids,
           "check: exit 4 when sequences of two masters can give the same number. stride: set their "
           "steps and starts so that they cannot. Default: leave them alone.")
        ->option_text("stride|check")
        ->check(CLI::IsMember({"stride", "check"}));
}

std::vector<command_entry> commands() {
    using group = setting_group;
    std::vector<group> const databases{group::nodes, group::tables, group::log};
    return {
        {"run",
         "Keep the databases in sync until stopped (Ctrl-C or SIGTERM).",
         run,
         {group::nodes, group::tables, group::set_up, group::run, group::brokers, group::kafka,
          group::listen, group::checked, group::log},
         [](CLI::App&, call&) {}},
        {"init",
         "Create what the databases need: schema, publication, slots, origins. Idempotent.",
         init,
         {group::nodes, group::tables, group::set_up, group::log},
         init_flags},
        {"destroy", "Remove everything init created, slots included.", destroy, databases,
         [](CLI::App& app, call& into) {
             app.add_flag("-y,--yes", into.yes, "Do it. Default: off (nothing is removed).");
         }},
        {"doctor",
         "Check every requirement and say how to cure what is missing.",
         doctor,
         {group::nodes, group::tables, group::set_up, group::checked, group::log},
         json_flag},
        {"status", "Ask a running instance how it is.", status, {group::log}, status_flags},
        {"top",
         "The state of a running instance, live in a terminal; q ends.",
         top,
         {group::log},
         url_flag},
        {"verify", "Compare the tables of both nodes; exit 4 when they differ.", verify, databases,
         verify_flags},
        {"skip",
         "Pass over one source transaction, by its commit position.",
         skip,
         {group::nodes, group::log},
         skip_flags},
        parked_commands(),
        table_commands(),
        snapshot_commands(),
        ddl_commands(),
        conflict_commands(),
        topic_commands(),
        {"connect",
         "Serve Kafka Connect's REST interface and run its connectors, without the JVM.",
         connect,
         {group::brokers, group::listen, group::log},
         [](CLI::App& app, call& into) {
             app.add_option("--bootstrap", into.bootstrap,
                            "Kafka brokers, as --brokers. Default: $BOOTSTRAP_SERVERS.")
                 ->type_name("HOST:PORT,...");
         }},
        connector_commands(),
        config_commands(),
        generate_commands(),
        {"version", "Print the version.", version, {group::log}, json_flag},
    };
}

void add_global_flags(CLI::App& app, call& into) {
    app.add_option("-c,--config", into.config_file,
                   "TOML file with settings. Default: $TANDEM_CONFIG, or none.")
        ->type_name("FILE");
    app.add_flag("-q,--quiet", into.quiet, "Log errors only. Default: off.");
    app.add_flag("-v,--verbose", into.verbose, "Log more (as --log-level debug). Default: off.");
}

std::vector<std::string> known_words(CLI::App const& app, bool flags) {
    std::vector<std::string> words;
    if (!flags) {
        for (CLI::App const* each : app.get_subcommands([](CLI::App const*) { return true; })) {
            words.push_back(each->get_name());
        }
        return words;
    }
    for (CLI::Option const* each : app.get_options()) {
        for (std::string const& name : each->get_lnames()) {
            words.push_back("--" + name);
        }
    }
    return words;
}

// The command that was named, "parked list" being below "parked"; the program itself when there was none.
CLI::App const& innermost(CLI::App const& app) {
    CLI::App const* used = &app;
    while (!used->get_subcommands().empty()) {
        used = used->get_subcommands().front();
    }
    return *used;
}

std::string path_of(CLI::App const& app) {
    return (app.get_parent() != nullptr ? path_of(*app.get_parent()) + ' ' : "") + app.get_name();
}

std::string mistake(CLI::App const& app, CLI::ParseError const& error) {
    CLI::App const& where = innermost(app);
    std::string const help = path_of(where) + " --help";
    std::vector<std::string> const rest = app.remaining(true);
    if (error.get_exit_code() != static_cast<int>(CLI::ExitCodes::ExtrasError) || rest.empty()) {
        return fmt::format("{}; see {}", error.what(), help);
    }
    // A connection string given without its flag may hold a password.
    bool const secret = rest.front().find("://") != std::string::npos ||
                        rest.front().find("password") != std::string::npos;
    std::string word =
        secret ? engine::redact(rest.front()) : rest.front().substr(0, rest.front().find('='));
    bool const flag = word.starts_with('-');
    bool const has_parts = !known_words(where, false).empty();
    std::string const what = flag ? "flag" : has_parts ? "command" : "argument";
    auto const near = engine::nearest(word, known_words(where, flag));
    return fmt::format("unknown {} '{}'{}; see {}", what, word,
                       near ? fmt::format(": did you mean {}?", *near) : "", help);
}

void add_commands(CLI::App& app, std::vector<command_entry> const& entries,
                  std::map<std::string, storage>& texts, call& into) {
    for (command_entry const& each : entries) {
        CLI::App* const sub = app.add_subcommand(each.name, each.help);
        sub->set_help_flag("-h,--help", "Print this help and exit.");
        if (each.function != nullptr) {
            storage& own = texts[path_of(*sub)];
            own.function = each.function;
            add_settings(*sub, each, own);
            each.own_flags(*sub, into);
            add_global_flags(*sub, into);
        }
        add_commands(*sub, each.parts, texts, into);
    }
}

} // namespace

namespace {

std::vector<told_flag> told_flags(CLI::App const& app) {
    std::vector<told_flag> made;
    for (CLI::Option const* each : app.get_options()) {
        told_flag one;
        one.positional = each->get_lnames().empty() && each->get_snames().empty();
        for (auto const& name : each->get_lnames()) {
            one.names.push_back("--" + name);
        }
        for (auto const& name : each->get_snames()) {
            one.names.push_back("-" + name);
        }
        bool const takes = each->get_items_expected_max() > 0;
        auto const text = each->get_option_text();
        one.value = takes ? (text.empty() ? each->get_type_name() : text) : "";
        one.help = each->get_description();
        made.push_back(std::move(one));
    }
    return made;
}

void tell_command(CLI::App const& app, std::vector<told_command>& into) {
    told_command one;
    one.path = path_of(app);
    one.help = app.get_description();
    one.flags = told_flags(app);
    auto const parts = app.get_subcommands([](CLI::App const*) { return true; });
    for (CLI::App const* each : parts) {
        one.parts.push_back(each->get_name());
    }
    into.push_back(std::move(one));
    for (CLI::App const* each : parts) {
        tell_command(*each, into);
    }
}

} // namespace

std::vector<told_command> all_commands() {
    CLI::App app{"tandem keeps two PostgreSQL masters in sync, both ways.", "tandem"};
    app.set_help_flag("-h,--help", "Print this help and exit.");
    bool version_asked = false;
    app.add_flag("--version", version_asked, "Print the version and exit.");
    std::map<std::string, storage> texts;
    call unused;
    std::vector<command_entry> const entries = commands();
    add_commands(app, entries, texts, unused);
    std::vector<told_command> all;
    tell_command(app, all);
    return all;
}

CLI::Validator whole_number() {
    return CLI::Validator{
        [](std::string& text) {
            bool const whole =
                !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
            return whole ? std::string{} : fmt::format("'{}' is no whole number from 0 on", text);
        },
        ""};
}

void url_flag(CLI::App& app, call& into) {
    app.add_option("--url", into.url, "Address of the running instance. Default: " + into.url + ".")
        ->type_name("URL");
    app.add_option("--token-file", into.token_file,
                   "File with the token that the instance asks for. Default: none.")
        ->envname("TANDEM_TOKEN_FILE")
        ->type_name("FILE");
    app.add_option(
           "--tls-ca", into.authorities,
           "Certificates (PEM) to trust the instance's by, such as its own. Default: the system's.")
        ->envname("TANDEM_TLS_CA")
        ->type_name("FILE");
}

void json_flag(CLI::App& app, call& into) {
    app.add_flag("--json", into.json, "Print JSON to stdout. Default: text.");
}

parsed parse_command_line(int argc, char const* const* argv) {
    parsed result;
    CLI::App app{"tandem keeps two PostgreSQL masters in sync, both ways.", "tandem"};
    app.footer(examples);
    app.set_help_flag("-h,--help", "Print this help and exit.");
    bool show_version = false;
    app.add_flag("--version", show_version, "Print the version and exit.");
    std::map<std::string, storage> texts; // by path: "tandem parked list"
    std::vector<command_entry> const entries = commands();
    add_commands(app, entries, texts, result.with);
    try {
        app.parse(argc, argv);
        if (show_version) {
            result.command = version;
            return result;
        }
        CLI::App const& used = innermost(app);
        auto const found = texts.find(path_of(used));
        if (found != texts.end()) {
            result.with.flags = collect(found->second, used);
            result.command = found->second.function;
            return result;
        }
        result.print = used.help();
        result.status = engine::exit_status::usage;
    } catch (CLI::CallForHelp const&) {
        result.print = innermost(app).help();
    } catch (CLI::ParseError const& error) {
        result.print = "error: " + mistake(app, error) + "\n";
        result.status = engine::exit_status::usage;
    } catch (engine::config_error const& error) {
        result.print = fmt::format("error: {}\n", error.what());
        result.status = engine::exit_status::usage;
    }
    return result;
}

} // namespace tandem::tool
