#include "engine/connect/worker_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace tandem::connect {
namespace {

struct variable_name {
    std::string_view variable;
    std::string_view property;
};
// Of the image, beside those that begin with CONNECT_.
constexpr std::array image_variables{
    variable_name{"BOOTSTRAP_SERVERS", "bootstrap.servers"},
    variable_name{"GROUP_ID", "group.id"},
    variable_name{"CONFIG_STORAGE_TOPIC", "config.storage.topic"},
    variable_name{"OFFSET_STORAGE_TOPIC", "offset.storage.topic"},
    variable_name{"STATUS_STORAGE_TOPIC", "status.storage.topic"},
    variable_name{"REST_HOST_NAME", "rest.host.name"},
    variable_name{"REST_PORT", "rest.port"},
    variable_name{"ADVERTISED_HOST_NAME", "rest.advertised.host.name"},
    variable_name{"ADVERTISED_PORT", "rest.advertised.port"},
    variable_name{"KEY_CONVERTER", "key.converter"},
    variable_name{"VALUE_CONVERTER", "value.converter"},
    variable_name{"HEADER_CONVERTER", "header.converter"},
    variable_name{"OFFSET_FLUSH_INTERVAL_MS", "offset.flush.interval.ms"},
    variable_name{"OFFSET_FLUSH_TIMEOUT_MS", "offset.flush.timeout.ms"},
    variable_name{"SHUTDOWN_TIMEOUT", "task.shutdown.graceful.timeout.ms"},
};

// Properties that say something here; converters and providers have more below their own.
constexpr std::array known_properties{
    std::string_view{"bootstrap.servers"},
    std::string_view{"group.id"},
    std::string_view{"config.storage.topic"},
    std::string_view{"config.storage.replication.factor"},
    std::string_view{"offset.storage.topic"},
    std::string_view{"offset.storage.partitions"},
    std::string_view{"offset.storage.replication.factor"},
    std::string_view{"status.storage.topic"},
    std::string_view{"status.storage.partitions"},
    std::string_view{"status.storage.replication.factor"},
    std::string_view{"rest.host.name"},
    std::string_view{"rest.port"},
    std::string_view{"listeners"},
    std::string_view{"rest.advertised.host.name"},
    std::string_view{"rest.advertised.port"},
    std::string_view{"topic.tracking.enable"},
    std::string_view{"topic.tracking.allow.reset"},
    std::string_view{"security.protocol"},
    std::string_view{"sasl.mechanism"},
    std::string_view{"sasl.jaas.config"},
    std::string_view{"ssl.truststore.location"},
    std::string_view{"client.id"},
};
constexpr std::array known_families{
    std::string_view{"key.converter"}, std::string_view{"value.converter"},
    std::string_view{"header.converter"}, std::string_view{"config.providers"}};

constexpr std::string_view json_converter_class = "org.apache.kafka.connect.json.JsonConverter";

// CONNECT_KEY_CONVERTER_SCHEMAS_ENABLE: key.converter.schemas.enable
std::string property_name(std::string_view variable) {
    std::string made{variable};
    std::ranges::transform(made, made.begin(), [](char each) {
        if (each == '_') {
            return '.';
        }
        return each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
    });
    return made;
}

std::string said_in(property_map const& given, std::string_view name, std::string_view standard) {
    auto const found = given.find(name);
    return found == given.end() || found->second.empty() ? std::string{standard} : found->second;
}

problem missing(std::string_view name) {
    return {problem_kind::config,
            fmt::format("Missing required configuration \"{}\" which has no default value.", name)};
}

outcome<int> number_in(property_map const& given, std::string_view name, int standard) {
    auto const read =
        parse_setting(name, said_in(given, name, std::to_string(standard)), setting_type::int32);
    if (!read) {
        return read.error();
    }
    return static_cast<int>(std::get<std::int64_t>(*read));
}

// What stands between quotes behind `name=` in a JAAS line.
std::optional<std::string> quoted_in(std::string_view text, std::string_view name) {
    auto const at = text.find(fmt::format("{}=\"", name));
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    auto const begin = at + name.size() + 2;
    auto const end = text.find('"', begin);
    return end == std::string_view::npos
               ? std::nullopt
               : std::optional{std::string{text.substr(begin, end - begin)}};
}

// For librdkafka.
outcome<io::kafka::properties> client_properties(property_map const& given) {
    io::kafka::properties made;
    if (given.contains("ssl.truststore.location")) {
        return problem{problem_kind::config,
                       "ssl.truststore.location names a Java keystore, which tandem does not read: "
                       "give the certificates as a PEM file, -X kafka.ssl.ca.location=FILE"};
    }
    if (auto const protocol = said_in(given, "security.protocol", ""); !protocol.empty()) {
        made.emplace_back("security.protocol", protocol);
    }
    if (auto const mechanism = said_in(given, "sasl.mechanism", ""); !mechanism.empty()) {
        made.emplace_back("sasl.mechanisms", mechanism);
    }
    if (auto const jaas = said_in(given, "sasl.jaas.config", ""); !jaas.empty()) {
        auto const user = quoted_in(jaas, "username");
        auto const password = quoted_in(jaas, "password");
        if (!user || !password) {
            return problem{problem_kind::config,
                           "sasl.jaas.config needs username=\"...\" and password=\"...\""};
        }
        made.emplace_back("sasl.username", *user);
        made.emplace_back("sasl.password", *password);
    }
    return made;
}

// From "http://host:port" or host and port by themselves. Empty: nothing says.
std::string listen_of(property_map const& given) {
    auto const listeners = said_in(given, "listeners", "");
    if (auto const at = listeners.find("://"); at != std::string::npos) {
        auto const first = listeners.substr(at + 3, listeners.find(',', at) - at - 3);
        return first.starts_with(':') ? "0.0.0.0" + first : first;
    }
    auto const host = said_in(given, "rest.host.name", "");
    auto const port = said_in(given, "rest.port", "");
    return host.empty() && port.empty() ? std::string{}
                                        : fmt::format("{}:{}", host.empty() ? "127.0.0.1" : host,
                                                      port.empty() ? "8083" : port);
}

bool is_known(std::string_view name) {
    return std::ranges::find(known_properties, name) != known_properties.end() ||
           std::ranges::any_of(known_families,
                               [&](std::string_view each) { return name.starts_with(each); });
}

// config.providers=a,b and config.providers.a.class, .param.allowed.paths.
outcome<provider_rules> providers_of(property_map const& given) {
    provider_rules made;
    auto const listed = given.find("config.providers");
    if (listed == given.end()) {
        return made;
    }
    made.kinds.clear();
    constexpr std::array<std::pair<std::string_view, std::string_view>, 3> classes{
        {{"org.apache.kafka.common.config.provider.FileConfigProvider", "file"},
         {"org.apache.kafka.common.config.provider.EnvVarConfigProvider", "env"},
         {"org.apache.kafka.common.config.provider.DirectoryConfigProvider", "directory"}}};
    auto const names = parse_setting("config.providers", listed->second, setting_type::list);
    for (auto const& name : std::get<string_list>(names.value())) {
        auto const prefix = fmt::format("config.providers.{}.", name);
        auto const named = said_in(given, prefix + "class", "");
        auto const* const found = std::ranges::find(
            classes, named, [](auto const& each) { return std::string{each.first}; });
        if (found == classes.end()) {
            return problem{problem_kind::config,
                           fmt::format("{}class is {}: tandem has FileConfigProvider, "
                                       "EnvVarConfigProvider and DirectoryConfigProvider",
                                       prefix, named.empty() ? "missing" : named)};
        }
        made.kinds.emplace(name, found->second);
        auto const paths = said_in(given, prefix + "param.allowed.paths", "");
        if (!paths.empty()) {
            auto const all = parse_setting(prefix, paths, setting_type::list);
            for (auto const& each : std::get<string_list>(all.value())) {
                made.paths.push_back(each);
            }
        }
        if (found->second == "env") {
            made.variables = said_in(given, prefix + "param.allowlist.pattern", "");
        }
    }
    return made;
}

outcome<state_topic> topic_of(property_map const& given, std::string const& what, int partitions) {
    auto const count = number_in(given, what + ".storage.partitions", partitions);
    auto const factor = number_in(given, what + ".storage.replication.factor", -1);
    if (!count || !factor) {
        return !count ? count.error() : factor.error();
    }
    return state_topic{text_in(given, what + ".storage.topic", ""), *count, *factor};
}

} // namespace

property_map worker_properties(std::vector<std::string> const& names,
                               engine::environment const& variables) {
    property_map made;
    auto const take = [&](std::string const& variable, std::string property) {
        auto const* const value = variables(variable);
        if (value != nullptr && *value != '\0') {
            made[std::move(property)] = value;
        }
    };
    for (auto const& each : image_variables) {
        take(std::string{each.variable}, std::string{each.property});
    }
    constexpr std::string_view prefix = "CONNECT_";
    for (auto const& name : names) {
        if (name.starts_with(prefix) && name.size() > prefix.size()) {
            take(name, property_name(std::string_view{name}.substr(prefix.size())));
        }
    }
    return made;
}

outcome<worker_start> worker_start_of(property_map const& given) {
    worker_start made;
    auto& setup = made.setup;
    setup.topics.brokers = said_in(given, "bootstrap.servers", "");
    if (setup.topics.brokers.empty()) {
        return missing("bootstrap.servers");
    }
    auto properties = client_properties(given);
    auto providers = providers_of(given);
    if (!properties || !providers) {
        return !properties ? properties.error() : providers.error();
    }
    setup.topics.properties = std::move(*properties);
    setup.providers = std::move(*providers);
    constexpr int offset_partitions = 25; // Kafka's defaults
    constexpr int status_partitions = 5;
    auto config = topic_of(given, "config", 1);
    auto offset = topic_of(given, "offset", offset_partitions);
    auto status = topic_of(given, "status", status_partitions);
    if (!config || !offset || !status) {
        return !config ? config.error() : !offset ? offset.error() : status.error();
    }
    setup.topics.config = std::move(*config);
    setup.topics.offset = std::move(*offset);
    setup.topics.status = std::move(*status);
    for (auto const* each : {"config", "offset", "status"}) {
        if (said_in(given, fmt::format("{}.storage.topic", each), "").empty()) {
            return missing(fmt::format("{}.storage.topic", each));
        }
    }
    setup.group_id = said_in(given, "group.id", "1");
    for (auto const* side : {"key", "value", "header"}) {
        auto const name = fmt::format("{}.converter", side);
        for (auto const& [property, value] : given) {
            if (property == name || property.starts_with(name + ".")) {
                setup.defaults[property] = value;
            }
        }
    }
    setup.defaults.try_emplace("key.converter", json_converter_class);
    setup.defaults.try_emplace("value.converter", json_converter_class);
    setup.topic_tracking = said_in(given, "topic.tracking.enable", "true") != "false";
    setup.topic_tracking_reset = said_in(given, "topic.tracking.allow.reset", "true") != "false";
    made.listen = listen_of(given);
    if (auto const host = said_in(given, "rest.advertised.host.name", ""); !host.empty()) {
        setup.id = fmt::format("{}:{}", host, said_in(given, "rest.advertised.port", "8083"));
    }
    for (auto const& [name, value] : given) {
        if (!is_known(name)) {
            made.notes.push_back(fmt::format("{} has no meaning for tandem", name));
        }
    }
    return made;
}

} // namespace tandem::connect
