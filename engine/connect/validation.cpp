#include "engine/connect/validation.hpp"

#include "engine/connect/connector_settings.hpp"
#include "engine/connect/converter_settings.hpp"
#include "engine/connect/postgres_source_settings.hpp"
#include "engine/connect/secrets.hpp"
#include "engine/transform/java_regex.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <stdexcept>
#include <utility>

namespace tandem::connect {
namespace {

std::optional<std::string> shown(setting const& of, setting_type type) {
    if (std::holds_alternative<std::monostate>(of)) {
        return std::nullopt;
    }
    return type == setting_type::password ? std::string{hidden_secret} : text_of(of);
}

using verdicts = std::map<std::string, setting_verdict, std::less<>>;

setting_verdict judged(setting_definition const& by, property_map const& given) {
    auto checked = check_setting(by, given);
    auto value = shown(checked.what, by.type);
    auto const* const of =
        value && by.type == setting_type::java_class ? find_plugin(*value) : nullptr;
    if (of != nullptr) { // under its whole name
        value = of->class_name;
    }
    return {by.name, std::move(value), by.recommended, std::move(checked.problems)};
}

setting_verdict& verdict_of(verdicts& all, std::string_view name,
                            std::optional<std::string> const& value) {
    auto const found = all.find(name);
    if (found != all.end()) {
        return found->second;
    }
    return all.emplace(std::string{name}, setting_verdict{std::string{name}, value, {}, {}})
        .first->second;
}

std::optional<std::string> said_in(property_map const& given, std::string_view name) {
    auto const found = given.find(name);
    return found == given.end() ? std::nullopt : std::optional{found->second};
}

bool is_blank(std::optional<std::string> const& text) {
    return !text || text->find_first_not_of(" \t\r\n") == std::string::npos;
}

std::string trimmed(std::string const& text) {
    auto const begin = text.find_first_not_of(" \t\r\n");
    return begin == std::string::npos
               ? std::string{}
               : text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

void judge_topics(verdicts& all, property_map const& given) {
    auto const topics = said_in(given, "topics");
    auto const regex = said_in(given, "topics.regex");
    auto const both = [&](std::string const& error) {
        verdict_of(all, "topics", topics).errors.push_back(error);
        verdict_of(all, "topics.regex", regex).errors.push_back(error);
    };
    if (!is_blank(topics) && !is_blank(regex)) {
        both("topics and topics.regex are mutually exclusive options, but both are set.");
    }
    if (is_blank(topics) && is_blank(regex)) {
        both("Must configure one of topics or topics.regex");
    }
    auto const letters = trimmed(said_in(given, "errors.deadletterqueue.topic.name").value_or(""));
    if (letters.empty()) {
        return;
    }
    auto const listed = listed_topics(given);
    if (std::ranges::find(listed, letters) != listed.end()) {
        verdict_of(all, "topics", topics)
            .errors.push_back(fmt::format("The DLQ topic '{}' may not be included in the list of "
                                          "topics ('topics=[{}]') consumed by the connector",
                                          letters, fmt::join(listed, ", ")));
    }
    if (is_blank(regex)) {
        return;
    }
    auto const pattern = java_regex::of(*regex);
    if (pattern && pattern->matches(letters)) {
        verdict_of(all, "topics.regex", regex)
            .errors.push_back(
                fmt::format("The DLQ topic '{}' may not be matched by the regex for "
                            "the topics ('topics.regex={}') consumed by the connector",
                            letters, *regex));
    }
}

void judge_group(verdicts& all, property_map const& given, worker_facts const& worker) {
    constexpr std::string_view key = "consumer.override.group.id";
    if (auto const named = said_in(given, key)) {
        auto& of = verdict_of(all, key, named);
        if (*named == worker.group_id) {
            of.errors.push_back(fmt::format(
                "Consumer group {} conflicts with Connect worker group {}", *named, *named));
        }
        return;
    }
    auto const name = said_in(given, "name").value_or("null");
    if (worker.group_id == "connect-" + name) {
        verdict_of(all, "name", name)
            .errors.push_back(fmt::format("Consumer group for sink connector named {} conflicts "
                                          "with Connect worker group {}",
                                          name, worker.group_id));
    }
}

// All that the classes of Kafka itself say.
verdicts judge_common(setting_definitions const& by, plugin const& of, property_map const& given,
                      worker_facts const& worker) {
    verdicts made;
    for (auto const& each : by) {
        made.emplace(each.name, judged(each, given));
    }
    if (of.kind == plugin_kind::sink) {
        judge_topics(made, given);
        judge_group(made, given, worker);
    }
    return made;
}

// What the connector says of its own settings, which come after those of all.
verdicts judge_own(plugin const& of, setting_definitions const& by, property_map const& given) {
    verdicts made;
    bool const debezium = of.class_name == "io.debezium.connector.postgresql.PostgresConnector";
    if (!debezium) {
        for (auto const& each : by) {
            made.emplace(each.name, judged(each, given));
        }
        return made;
    }
    for (auto& each : postgres_source_settings().judge(given)) {
        made.emplace(each.name,
                     setting_verdict{each.name, std::nullopt, std::move(each.recommended),
                                     std::move(each.problems), each.visible});
    }
    return made;
}

void add_groups(string_list& into, setting_definitions const& of) {
    for (auto const& each : of) {
        if (!each.group.empty() && std::ranges::find(into, each.group) == into.end()) {
            into.push_back(each.group);
        }
    }
}

// A converter that the connector names itself, and what it is told.
void add_converter(config_verdict& into, property_map const& given, verdicts const& common,
                   std::string_view name, std::string_view what, plugin_kind kind) {
    auto const named = given.find(name);
    auto const verdict = common.find(name);
    if (named == given.end() || verdict == common.end() || !verdict->second.errors.empty()) {
        return;
    }
    auto const* const found = find_plugin(named->second, kind);
    if (found == nullptr) {
        return;
    }
    auto const prefix = fmt::format("{}.", name);
    auto told = with_prefix(given, prefix);
    told.emplace("converter.type", what);
    for (auto& by : found->definitions()) {
        auto of = judged(by, told);
        of.name = prefix + of.name;
        into.errors += of.errors.empty() ? 0 : 1;
        if (!by.group.empty() && std::ranges::find(into.groups, by.group) == into.groups.end()) {
            into.groups.push_back(by.group);
        }
        by.display = by.display.empty() ? by.name : by.display;
        by.name = prefix + by.name;
        into.settings.push_back({std::move(by), std::move(of)});
    }
}

// Settings of its Kafka clients, which are taken as they are.
void add_overrides(config_verdict& into, property_map const& given, std::string_view prefix) {
    for (auto const& [name, value] : with_prefix(given, prefix)) {
        into.settings.push_back(
            {std::nullopt, setting_verdict{fmt::format("{}{}", prefix, name), value, {}, {}}});
    }
}

bool any_begins(property_map const& given, std::string_view prefix) {
    auto const at = given.lower_bound(prefix);
    return at != given.end() && at->first.starts_with(prefix);
}

} // namespace

void throw_exception_from_error(class_problem const& error, boost::source_location const&) {
    throw std::runtime_error{error.what};
}

void config_verdict::object(std::string_view about, std::string error) {
    for (auto& each : settings) {
        if (each.verdict && each.verdict->name == about) {
            each.verdict->errors.push_back(std::move(error));
            ++errors;
            return;
        }
    }
    settings.push_back(
        {std::nullopt, setting_verdict{std::string{about}, std::nullopt, {}, {std::move(error)}}});
    ++errors;
}

std::string config_verdict::sentence() const {
    auto made = fmt::format(
        "Connector configuration is invalid and contains the following {} error(s):", errors);
    for (auto const& each : settings) {
        if (!each.verdict) {
            continue;
        }
        for (auto const& error : each.verdict->errors) {
            made += '\n';
            made += error;
        }
    }
    made += "\nYou can also find the above list of errors at the endpoint "
            "`/connector-plugins/{connectorType}/config/validate`";
    return made;
}

boost::system::result<plugin const*, class_problem> connector_class(property_map const& given) {
    auto const named = given.find("connector.class");
    if (named == given.end()) {
        string_list told;
        for (auto const& [name, value] : given) {
            told.push_back(
                fmt::format("{}={}", name, is_secret(name, value) ? hidden_secret : value));
        }
        return class_problem{400, fmt::format("Connector config {{{}}} contains no connector type",
                                              fmt::join(told, ", "))};
    }
    if (auto const* const found = find_connector(named->second)) {
        return found;
    }
    string_list known;
    for (auto const& each : plugins()) {
        if (each.kind == plugin_kind::source || each.kind == plugin_kind::sink) {
            known.push_back(each.class_name);
        }
    }
    return class_problem{500,
                         fmt::format("Failed to find any class that implements Connector and which "
                                     "name matches {}, available connectors are: {}",
                                     named->second, fmt::join(known, ", "))};
}

config_verdict validate(plugin const& of, property_map const& given, string_list const& nulls,
                        worker_facts const& worker) {
    bool const source = of.kind == plugin_kind::source;
    auto definitions = with_transformations(
        source ? source_connector_definitions() : sink_connector_definitions(), given);
    auto common = judge_common(definitions, of, given, worker);
    for (auto const& name : nulls) {
        verdict_of(common, name, std::nullopt)
            .errors.emplace_back("Null value can not be supplied as the configuration value.");
    }
    auto own_definitions = of.definitions();
    auto own = judge_own(of, own_definitions, given);

    config_verdict made;
    made.name = given.find("connector.class")->second;
    add_groups(made.groups, definitions);
    add_groups(made.groups, own_definitions);
    for (auto const& [name, verdict] : common) { // of what no definition is about
        if (std::ranges::find(definitions, name, &setting_definition::name) == definitions.end()) {
            made.settings.push_back({std::nullopt, verdict});
        }
    }
    // A key that both define is the connector's, in the place of the first.
    for (auto& each : own_definitions) {
        auto const known = std::ranges::find(definitions, each.name, &setting_definition::name);
        if (known != definitions.end()) {
            *known = std::move(each);
        } else {
            definitions.push_back(std::move(each));
        }
    }
    for (auto& each : definitions) {
        auto const mine = own.find(each.name);
        auto const of_all = common.find(each.name);
        setting_info info{std::move(each), std::nullopt};
        if (mine != own.end()) {
            info.verdict = std::move(mine->second);
        } else if (of_all != common.end()) {
            info.verdict = of_all->second;
        }
        made.settings.push_back(std::move(info));
    }
    for (auto const& each : made.settings) {
        made.errors += each.verdict ? static_cast<int>(each.verdict->errors.size()) : 0;
    }
    if (source || !is_blank(said_in(given, "errors.deadletterqueue.topic.name"))) {
        add_overrides(made, given, "producer.override.");
    }
    if (!source) {
        add_overrides(made, given, "consumer.override.");
    }
    if (source ? any_begins(given, "topic.creation.")
               : !is_blank(said_in(given, "errors.deadletterqueue.topic.name"))) {
        add_overrides(made, given, "admin.override.");
    }
    add_converter(made, given, common, "header.converter", "header", plugin_kind::header_converter);
    add_converter(made, given, common, "key.converter", "key", plugin_kind::converter);
    add_converter(made, given, common, "value.converter", "value", plugin_kind::converter);
    return made;
}

} // namespace tandem::connect
