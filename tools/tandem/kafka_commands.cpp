// The flags of `topic` and `connector`.

#include "tools/tandem/command_entry.hpp"

#include <fmt/format.h>

namespace tandem::tool {
namespace {

using engine::setting_group;

void topic_name(CLI::App& app, call& into) {
    app.add_option("topic", into.topic, "The topic's name. No default.")
        ->type_name("TOPIC")
        ->required();
}

void tail_flags(CLI::App& app, call& into) {
    topic_name(app, into);
    json_flag(app, into);
    app.add_option(
           "-o,--offset", into.from,
           "Where to begin: newest (last record first), oldest, -N (N offsets before the end of "
           "each partition), an offset, or @ and a time (2026-11-26T14:00:00Z, UTC without zone, "
           "or ms since 1970). Default: newest.")
        ->type_name("WHERE");
    app.add_option("-p,--partition", into.partition, "Only this partition, from 0. Default: all.")
        ->type_name("N")
        ->check(whole_number());
    app.add_option("-n,--count", into.count,
                   "Records shown at most; 0: all. Default: 10 records, with -o -N all.")
        ->type_name("COUNT")
        ->check(whole_number());
    app.add_option("-k,--key", into.key,
                   "Only records whose key has this text in it. Default: any.")
        ->type_name("TEXT");
    app.add_option(
           "-g,--grep", into.pattern,
           "Only records in whose key, value or a header (as name=value) this expression is "
           "found, as grep -E takes it. Default: any.")
        ->type_name("REGEX");
}

} // namespace

command_entry topic_commands() {
    using group = setting_group;
    std::vector<group> const brokers{group::brokers, group::kafka, group::log};
    command_entry topic{
        "topic", "Look into Kafka: topics and their records.", nullptr, {}, nullptr};
    topic.parts = {
        {"list", "Every topic: partitions, replicas, records, and which are tandem's.", topic_list,
         brokers, json_flag},
        {"describe", "One topic: partitions, settings, and where tandem's stream in it stands.",
         topic_describe, brokers,
         [](CLI::App& app, call& into) {
             topic_name(app, into);
             json_flag(app, into);
         }},
        {"tail", "Records of a topic, the newest first, or what a search finds.", topic_tail,
         brokers, tail_flags},
    };
    return topic;
}

namespace {

void connector_names(CLI::App& app, call& into) {
    url_flag(app, into);
    app.add_option("name", into.names, "Names of connectors. No default.")
        ->type_name("NAME")
        ->required();
}

void connector_file(CLI::App& app, call& into) {
    url_flag(app, into);
    app.add_option("-f,--file", into.file,
                   "Connectors: .json as a POST or PUT has it, or a list of such, or .properties. "
                   "No default.")
        ->type_name("FILE")
        ->required();
}

} // namespace

command_entry connector_commands() {
    using group = setting_group;
    std::vector<group> const log{group::log};
    command_entry connector{
        "connector",
        "Connectors of a running Connect worker: tandem connect, or a real one.",
        nullptr,
        {},
        nullptr};
    connector.parts = {
        {"list", "Every connector and how it is.", connector_list, log,
         [](CLI::App& app, call& into) {
             url_flag(app, into);
             json_flag(app, into);
         }},
        {"get", "One connector: how it is, and its configuration.", connector_get, log,
         [](CLI::App& app, call& into) {
             url_flag(app, into);
             json_flag(app, into);
             app.add_option("name", into.names, "The connector's name. No default.")
                 ->type_name("NAME")
                 ->expected(1)
                 ->required();
         }},
        {"apply", "Create connectors, or give them a new configuration.", connector_apply, log,
         connector_file},
        {"validate", "Let the worker check configurations; exit 4 when one is wrong.",
         connector_validate, log, connector_file},
        {"pause", "Stop their tasks, which stay where they are.", connector_pause, log,
         connector_names},
        {"resume", "Let paused or stopped ones run.", connector_resume, log, connector_names},
        {"restart", "Restart what failed.", connector_restart, log,
         [](CLI::App& app, call& into) {
             connector_names(app, into);
             app.add_flag("--all", into.all,
                          "All tasks, not those that failed alone. Default: off.");
         }},
        {"delete", "Stop and forget them; slots and topics stay.", connector_delete, log,
         connector_names},
    };
    return connector;
}

} // namespace tandem::tool
