// The flags of `parked` and `conflict`: rows that were not written.

#include "tools/tandem/command_entry.hpp"

namespace tandem::tool {
namespace {

using engine::setting_group;

void selection_flags(CLI::App& app, call& into) {
    app.add_option("--direction", into.direction, "Source and target node. Default: all.")
        ->type_name("A:B");
    app.add_option("--table", into.table,
                   "Only this table: SCHEMA.TABLE, or its name alone. Default: all.")
        ->type_name("TABLE");
    json_flag(app, into);
}

void request_flags(CLI::App& app, call& into) {
    selection_flags(app, into);
    app.add_option(
           "--key", into.key,
           "Only this key of --table, as `parked list` shows it: {\"id\":\"7\"}. Default: all.")
        ->type_name("JSON");
    app.add_flag("--all", into.all,
                 "Everything that is parked. Default: off (name a table or a direction).");
    app.add_option("--wait", into.wait,
                   "How long to wait for the running instance. Default: " + into.wait + ".")
        ->type_name("DUR");
}

void conflict_choice(CLI::App& app, call& into) {
    app.add_option("--table", into.table, "Only of this table. Default: all.")->type_name("TABLE");
    app.add_option("--type", into.pattern,
                   "Only of this type: update_origin_differs. Default: all.")
        ->type_name("TYPE");
}

void conflict_places(CLI::App& app, call& into) {
    app.add_option("conflict", into.names,
                   "Which ones, as `conflict list` shows them: b:17. No default.")
        ->type_name("NODE:NUMBER")
        ->required();
}

} // namespace

command_entry parked_commands() {
    using group = setting_group;
    std::vector<group> const databases{group::nodes, group::log};
    command_entry parked{
        "parked", "Changes that a node refused, and what waits behind them.", nullptr, {}, nullptr};
    parked.parts = {
        {"list", "Every parked change, why, and how to cure it.", parked_list, databases,
         [](CLI::App& app, call& into) {
             selection_flags(app, into);
             app.add_flag("--rows", into.rows,
                          "Show the changes' rows as well, not their keys alone. Default: off.");
         }},
        {"retry", "Apply parked changes again, in source order; exit 4 unless all went well.",
         parked_retry, databases, request_flags},
        {"drop", "Give parked changes up: they go to tandem.conflict, unapplied.", parked_drop,
         databases,
         [](CLI::App& app, call& into) {
             request_flags(app, into);
             app.add_flag("-y,--yes", into.yes, "Do it. Default: off (nothing is dropped).");
         }},
    };
    return parked;
}

command_entry table_commands() {
    using group = setting_group;
    command_entry table{"table",
                        "The synced tables, and those whose changes wait or differ.",
                        nullptr,
                        {},
                        nullptr};
    auto const named = [](CLI::App& app, call& into) {
        app.add_option("table", into.names, "SCHEMA.TABLE, or its name alone. No default.")
            ->type_name("TABLE")
            ->required();
        app.add_option("--direction", into.direction, "Source and target node. Default: all.")
            ->type_name("A:B");
        app.add_option("--wait", into.wait,
                       "How long to wait for the running instance. Default: " + into.wait + ".")
            ->type_name("DUR");
        json_flag(app, into);
    };
    table.parts = {
        {"list",
         "Every synced table by direction: ok, paused or parked, and what waits.",
         table_list,
         {group::nodes, group::log},
         [](CLI::App& app, call& into) { json_flag(app, into); }},
        {"pause",
         "Let a table's changes wait at the peer until it is resumed; others go on.",
         table_pause,
         {group::nodes, group::log},
         named},
        {"resume",
         "Carry out what waits of a table: DDL that was refused, and its changes behind it; exit 4 unless all went "
         "well.",
         table_resume,
         {group::nodes, group::log},
         named},
        resync_command(),
    };
    return table;
}

command_entry ddl_commands() {
    using group = setting_group;
    command_entry ddl{"ddl", "DDL that was carried from node to node.", nullptr, {}, nullptr};
    ddl.parts = {
        {"list",
         "What came, from where, when, and how it ended; the newest last.",
         ddl_list,
         {group::nodes, group::log},
         [](CLI::App& app, call& into) {
             json_flag(app, into);
             app.add_option("-n,--count", into.count,
                            "Commands shown of each node at most; 0: all. Default: 20.")
                 ->type_name("N")
                 ->check(whole_number());
         }},
    };
    return ddl;
}

command_entry conflict_commands() {
    using group = setting_group;
    std::vector<group> const databases{group::nodes, group::log};
    command_entry conflict{"conflict",
                           "What lost against a newer version of its row, and putting it back.",
                           nullptr,
                           {},
                           nullptr};
    conflict.parts = {
        {"list", "Conflicts of all nodes, newest first.", conflict_list, databases,
         [](CLI::App& app, call& into) {
             conflict_choice(app, into);
             json_flag(app, into);
             app.add_option("-n,--count", into.count,
                            "Conflicts shown at most; 0: all. Default: 20.")
                 ->type_name("N")
                 ->check(whole_number());
         }},
        {"show", "One conflict: both rows, where they differ, and who won.", conflict_show,
         databases,
         [](CLI::App& app, call& into) {
             conflict_places(app, into);
             json_flag(app, into);
         }},
        {"restore", "Write a losing version again, as a new change that all nodes get.",
         conflict_restore, databases,
         [](CLI::App& app, call& into) {
             conflict_places(app, into);
             app.add_flag("-y,--yes", into.yes, "Do it. Default: off (nothing is written).");
         }},
        {"export", "All conflicts as JSON, a line each, oldest first.", conflict_export, databases,
         conflict_choice},
    };
    return conflict;
}

} // namespace tandem::tool
