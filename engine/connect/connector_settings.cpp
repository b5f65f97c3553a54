#include "engine/connect/connector_settings.hpp"

#include "engine/connect/java_hash.hpp"
#include "engine/connect/plugins.hpp"
#include "engine/transform/java_regex.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace tandem::connect {
namespace {

constexpr auto high = importance::high;
constexpr auto mid = importance::medium;
constexpr auto low = importance::low;
constexpr auto brief = display_width::brief;
constexpr auto fair = display_width::medium;
constexpr auto wide = display_width::large;
using enum setting_type;

struct row {
    char const* name;
    setting_type type;
    std::optional<setting> by_default;
    importance matters;
    char const* group;
    int order;
    display_width width;
    char const* display;
    char const* doc;
    setting_check check = nullptr;
};

setting_definition made_of(row from) {
    setting_definition made;
    made.name = from.name;
    made.type = from.type;
    made.by_default = std::move(from.by_default);
    made.matters = from.matters;
    made.group = from.group;
    made.order = from.order;
    made.width = from.width;
    made.display = from.display;
    made.doc = from.doc;
    made.check = std::move(from.check);
    return made;
}

setting_definition converter_row(char const* name, plugin_kind kind, int order, char const* display,
                                 char const* doc) {
    auto made = made_of({name, java_class, setting{}, low, "Common", order, brief, display, doc});
    made.no_class = no_plugin;
    made.objection = of_kind(kind);
    return made;
}

setting_definitions common_definitions() {
    constexpr auto common = "Common";
    constexpr auto errors = "Error Handling";
    setting_definitions made;
    made.push_back(made_of({"name", string, std::nullopt, high, common, 1, fair, "Connector name",
                            "The connector's name: each has its own.",
                            non_empty_without_control_characters()}));
    made.push_back(
        made_of({"connector.class", string, std::nullopt, high, common, 2, wide, "Connector class",
                 "The class of the connector, or its name without package: "
                 "PostgresConnector, JdbcSinkConnector, PostgresPair."}));
    made.push_back(made_of({"tasks.max", int32, setting{std::int64_t{1}}, high, common, 3, brief,
                            "Tasks max", "How many tasks it may have at most.", at_least(1)}));
    made.push_back(made_of({"tasks.max.enforce", boolean, setting{true}, low, common, 4, brief,
                            "Enforce tasks max", "Without meaning here: it is always kept to."}));
    made.push_back(converter_row("key.converter", plugin_kind::converter, 5, "Key converter class",
                                 "What turns keys into bytes and back; without it the worker's."));
    made.push_back(
        converter_row("value.converter", plugin_kind::converter, 6, "Value converter class",
                      "What turns values into bytes and back; without it the worker's."));
    made.push_back(converter_row(
        "header.converter", plugin_kind::header_converter, 7, "Header converter class",
        "What turns headers into bytes and back; without it the worker's."));
    made.push_back(made_of({"transforms", list, setting{string_list{}}, low, "Transforms", 8, wide,
                            "Transforms",
                            "Names of the transformations that every record goes through, in this "
                            "order; transforms.NAME.type says what each is.",
                            different_aliases()}));
    made.push_back(made_of({"predicates", list, setting{string_list{}}, low, "Predicates", 9, wide,
                            "Predicates",
                            "Names of the conditions that transformations can have; "
                            "predicates.NAME.type says what each is.",
                            different_aliases()}));
    made.push_back(made_of({"config.action.reload", string, setting{"restart"}, low, common, 10,
                            fair, "Reload Action",
                            "Whether the connector is started again when a value that its "
                            "configuration points to changes.",
                            one_of({"none", "restart"})}));
    made.push_back(made_of({"errors.retry.timeout", int64, setting{std::int64_t{0}}, mid, errors, 1,
                            fair, "Retry Timeout for Errors",
                            "How long what failed is tried again, in milliseconds; -1: always."}));
    made.push_back(made_of({"errors.retry.delay.max.ms", int64, setting{std::int64_t{60'000}}, mid,
                            errors, 2, fair, "Maximum Delay Between Retries for Errors",
                            "How long to wait between two tries at most, in milliseconds."}));
    made.push_back(made_of({"errors.tolerance", string, setting{"none"}, mid, errors, 3, brief,
                            "Error Tolerance",
                            "What a record that cannot be converted, transformed or written does: "
                            "none, its task fails; all, it is passed over.",
                            one_of({"none", "all"})}));
    made.push_back(made_of({"errors.log.enable", boolean, setting{false}, mid, errors, 4, brief,
                            "Log Errors", "Whether the log tells of each of them."}));
    made.push_back(
        made_of({"errors.log.include.messages", boolean, setting{false}, mid, errors, 5, brief,
                 "Log Error Details", "Whether it tells where the record lies as well."}));
    return made;
}

setting_check null_or(setting_check check) {
    return [check = std::move(check)](setting const& what) -> std::optional<std::string> {
        return std::holds_alternative<std::monostate>(what) ? std::nullopt : check(what);
    };
}

// The order in which a definition inside another one is listed.
setting_definitions sorted(setting_definitions of) {
    std::map<std::string, std::size_t> groups; // by their first mention
    for (auto const& each : of) {
        groups.emplace(each.group, groups.size());
    }
    std::ranges::stable_sort(
        of, [&](setting_definition const& left, setting_definition const& right) {
            auto const key = [&](setting_definition const& each) {
                auto const group = each.group.empty() ? 0 : groups.find(each.group)->second + 1;
                return std::tuple{group, each.order, each.by_default.has_value(), each.matters,
                                  std::string_view{each.name}};
            };
            return key(left) < key(right);
        });
    return of;
}

struct embedded_kind {
    char const* list;  // "transforms"
    char const* group; // "Transforms"
    char const* word;  // "transformation"
    char const* base;  // "Transformation"
    plugin_kind kind;
};

void embed(setting_definitions& into, std::string const& prefix, std::string const& group,
           setting_definitions inner) {
    int order = 1; // behind the type
    for (auto& each : sorted(std::move(inner))) {
        each.inner_name = each.name;
        each.name = prefix + each.name;
        each.display = each.display.empty() ? each.inner_name : each.display;
        each.group = each.group.empty() ? group : fmt::format("{}: {}", group, each.group);
        each.order = order++;
        for (auto& name : each.dependents) {
            name = prefix + name;
        }
        into.push_back(std::move(each));
    }
}

void add_embedded(setting_definitions& into, property_map const& given, embedded_kind const& of) {
    auto const listed = given.find(of.list);
    if (listed == given.end()) {
        return;
    }
    auto const aliases = parse_setting(of.list, listed->second, list);
    string_list seen;
    for (auto const& alias : std::get<string_list>(aliases.value())) {
        if (std::ranges::find(seen, alias) != seen.end()) {
            continue;
        }
        seen.push_back(alias);
        auto const prefix = fmt::format("{}.{}.", of.list, alias);
        auto const group = fmt::format("{}: {}", of.group, alias);
        setting_definition type;
        type.name = prefix + "type";
        type.type = java_class;
        type.matters = high;
        type.doc = fmt::format("Class for the '{}' {}.", alias, of.word);
        type.group = group;
        type.order = 0;
        type.width = wide;
        type.display = fmt::format("{} type for {}", of.base, alias);
        type.no_class = no_plugin;
        type.objection = of_kind(of.kind);
        for (auto const& each : plugins()) {
            if (each.kind == of.kind) {
                type.recommended.push_back(each.class_name);
            }
        }
        bool const transforms = of.kind == plugin_kind::transformation;
        bool const lonely =
            given.contains(prefix + "negate") && !given.contains(prefix + "predicate");
        if (transforms && lonely) {
            type.objection = [prefix](setting const& what) -> std::optional<std::string> {
                return std::holds_alternative<std::monostate>(what)
                           ? std::nullopt
                           : std::optional{fmt::format(
                                 "Config '{0}negate' was provided but there is no config "
                                 "'{0}predicate' defining a predicate to be negated.",
                                 prefix)};
            };
        }
        into.push_back(std::move(type));
        auto const named = given.find(prefix + "type");
        auto const* const found =
            named == given.end() ? nullptr : find_plugin(named->second, of.kind);
        if (found == nullptr) {
            continue;
        }
        auto inner = found->definitions();
        if (transforms) {
            std::erase_if(inner, [](setting_definition const& each) {
                return each.name == "predicate" || each.name == "negate";
            });
            inner.insert(inner.begin(),
                         {{"predicate", string, setting{}, mid,
                           "The name of the condition under which it is applied."},
                          {"negate", boolean, setting{false}, mid,
                           "Whether it is applied where the condition does not hold."}});
        }
        embed(into, prefix, group, std::move(inner));
    }
}

} // namespace

setting_definitions source_connector_definitions() {
    constexpr auto once = "Exactly Once Support";
    auto made = common_definitions();
    made.push_back(made_of({"topic.creation.groups", list, setting{string_list{}}, low,
                            "Topic Creation", 1, wide, "Topic Creation Groups",
                            "Names of groups of topics that are made alike; "
                            "topic.creation.NAME.include says which are in one.",
                            different_aliases()}));
    made.push_back(made_of({"exactly.once.support", string, setting{"requested"}, mid, once, 2,
                            brief, "Exactly once support",
                            "Whether the connector has to see to it that no record is sent twice.",
                            one_of_in_any_case(in_hash_order({"REQUESTED", "REQUIRED"}))}));
    made.push_back(made_of({"transaction.boundary", string, setting{"poll"}, mid, once, 3, brief,
                            "Transaction Boundary", "Without meaning here.",
                            one_of_in_any_case(in_hash_order({"POLL", "INTERVAL", "CONNECTOR"}))}));
    made.push_back(
        made_of({"transaction.boundary.interval.ms", int64, setting{}, low, once, 4, brief,
                 "Transaction boundary interval", "Without meaning here.", null_or(at_least(0))}));
    made.push_back(made_of({"offsets.storage.topic", string, setting{}, low, "offsets.topic", 1,
                            wide, "Offsets topic",
                            "The topic that keeps how far the connector has come; without it the "
                            "worker's.",
                            non_empty_string()}));
    return made;
}

setting_definitions sink_connector_definitions() {
    constexpr auto errors = "Error Handling";
    auto made = common_definitions();
    made.push_back(made_of({"topics", list, setting{string_list{}}, high, "Common", 4, wide,
                            "Topics", "The topics whose records it writes, with commas."}));
    made.push_back(
        made_of({"topics.regex", string, setting{""}, high, "Common", 4, wide, "Topics regex",
                 "A Java regular expression of the topics whose records it writes.", check_regex}));
    made.push_back(made_of({"errors.deadletterqueue.topic.name", string, setting{""}, mid, errors,
                            6, fair, "Dead Letter Queue Topic Name",
                            "Where records go that are passed over; empty: nowhere."}));
    made.push_back(
        made_of({"errors.deadletterqueue.topic.replication.factor", int16, setting{std::int64_t{3}},
                 mid, errors, 7, fair, "Dead Letter Queue Topic Replication Factor",
                 "How many brokers keep that topic, when it is made."}));
    made.push_back(made_of({"errors.deadletterqueue.context.headers.enable", boolean,
                            setting{false}, mid, errors, 8, fair, "Enable Error Context Headers",
                            "Whether headers __connect.errors.* tell why."}));
    return made;
}

setting_definitions with_transformations(setting_definitions base, property_map const& given) {
    add_embedded(base, given,
                 {"transforms", "Transforms", "transformation", "Transformation",
                  plugin_kind::transformation});
    add_embedded(base, given,
                 {"predicates", "Predicates", "predicate", "Predicate", plugin_kind::predicate});
    return base;
}

string_list listed_topics(property_map const& given) {
    string_list made;
    auto const found = given.find("topics");
    if (found == given.end()) {
        return made;
    }
    auto const all = parse_setting("topics", found->second, list);
    for (auto const& each : std::get<string_list>(all.value())) {
        if (!each.empty() && std::ranges::find(made, each) == made.end()) {
            made.push_back(each);
        }
    }
    return made;
}

} // namespace tandem::connect
