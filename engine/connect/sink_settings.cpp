#include "engine/connect/sink_settings.hpp"

#include "engine/connect/connector_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace tandem::connect {
namespace {

constexpr std::string_view confluent = "io.confluent.connect.jdbc.JdbcSinkConnector";

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char each) {
        return each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
    });
    return text;
}

bool is_on(property_map const& config, std::string_view name, bool standard) {
    return lower(text_in(config, name, standard ? "true" : "false")) == "true";
}

problem not_here(property_map const& config, std::string_view name, std::string_view instead) {
    return {problem_kind::config, fmt::format("{}={} is not supported by tandem yet: {}", name,
                                              text_in(config, name), instead)};
}

problem config_problem(std::string what) {
    return {problem_kind::config, std::move(what)};
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
}

// What would change what is written and is not there yet is refused: nobody is to rely on it in vain.
std::optional<problem> missing(property_map const& config, bool of_confluent) {
    constexpr std::array<std::string_view, 4> empty_only{"field.include.list", "field.exclude.list",
                                                         "fields.whitelist", "topic.prefix"};
    for (auto const name : empty_only) {
        if (!text_in(config, name).empty()) {
            return not_here(config, name, "leave it out");
        }
    }
    if (lower(text_in(config, "schema.evolution", "none")) != "none") {
        return not_here(config, "schema.evolution", "none is: make tables and columns by hand");
    }
    for (auto const* name : {"auto.create", "auto.evolve"}) {
        if (is_on(config, name, false)) {
            return not_here(config, name, "make tables and columns by hand");
        }
    }
    auto const* const keys = of_confluent ? "pk.mode" : "primary.key.mode";
    auto const mode = lower(text_in(config, keys, "none"));
    if (mode == "kafka" || mode == "record_header") {
        return not_here(config, keys, "record_key, record_value and none are");
    }
    if (lower(text_in(config, "consumer.override.auto.offset.reset", "earliest")) != "earliest") {
        return not_here(config, "consumer.override.auto.offset.reset", "earliest is");
    }
    return std::nullopt;
}

std::optional<problem> read_mode(property_map const& config, bool of_confluent,
                                 sink_settings& into) {
    auto const mode = lower(text_in(config, "insert.mode", "insert"));
    constexpr std::array<std::pair<std::string_view, insert_mode>, 3> modes{
        {{"insert", insert_mode::insert},
         {"upsert", insert_mode::upsert},
         {"update", insert_mode::update}}};
    auto const* const found = std::ranges::find(modes, std::string_view{mode},
                                                [](auto const& each) { return each.first; });
    if (found == modes.end()) {
        return config_problem(fmt::format("insert.mode is {}: insert, upsert or update", mode));
    }
    into.mode = found->second;
    into.deletes = is_on(config, "delete.enabled", false);
    into.truncates = is_on(config, "truncate.enabled", false);
    auto const* const keys = of_confluent ? "pk.mode" : "primary.key.mode";
    auto const key_mode = lower(text_in(config, keys, "none"));
    if (into.mode == insert_mode::upsert && key_mode == "none") {
        return config_problem(
            fmt::format("When using UPSERT, please define '{}': record_key or record_value", keys));
    }
    for (auto const* name : {"delete.enabled", "truncate.enabled"}) {
        if (is_on(config, name, false) && key_mode != "record_key") {
            return config_problem(
                fmt::format("When '{}' is set to 'true', the '{}' option must be set to "
                            "'record_key'.",
                            name, keys));
        }
    }
    return std::nullopt;
}

void read_tolerance(property_map const& config, sink_settings& into) {
    into.tolerates = lower(text_in(config, "errors.tolerance", "none")) == "all";
    into.logs_errors = is_on(config, "errors.log.enable", false);
    into.dead_letter_topic = text_in(config, "errors.deadletterqueue.topic.name");
    into.dead_letter_headers =
        is_on(config, "errors.deadletterqueue.context.headers.enable", false);
    auto const replicas = text_in(config, "errors.deadletterqueue.topic.replication.factor", "3");
    std::from_chars(replicas.data(), replicas.data() + replicas.size(), into.dead_letter_replicas);
}

} // namespace

outcome<std::string> sink_uri(std::string_view url, std::string_view user,
                              std::string_view password) {
    constexpr std::string_view scheme = "jdbc:postgresql:";
    if (!url.starts_with(scheme)) {
        return config_problem("connection.url has to begin with jdbc:postgresql://: tandem writes "
                              "to PostgreSQL");
    }
    std::string made{url.substr(std::string_view{"jdbc:"}.size())};
    // Only what both drivers know by the same name goes on.
    auto const question = made.find('?');
    auto options = question == std::string::npos ? std::string{} : made.substr(question + 1);
    made = made.substr(0, question);
    if (!made.starts_with("postgresql://")) { // jdbc:postgresql:database
        made = "postgresql:///" + made.substr(std::string_view{"postgresql:"}.size());
    }
    std::string kept;
    while (!options.empty()) {
        auto const stop = std::min(options.find('&'), options.size());
        auto const one = options.substr(0, stop);
        auto const name = one.substr(0, one.find('='));
        if (name == "user" || name == "password" || name == "sslmode" || name == "sslrootcert" ||
            name == "sslcert" || name == "sslkey") {
            kept += (kept.empty() ? "" : "&") + one;
        }
        options.erase(0, std::min(stop + 1, options.size()));
    }
    auto const add = [&kept](std::string_view name, std::string_view value) {
        if (value.empty()) {
            return;
        }
        kept += fmt::format("{}{}=", kept.empty() ? "" : "&", name);
        for (char const each : value) {
            bool const plain = (each >= '0' && each <= '9') || (each >= 'a' && each <= 'z') ||
                               (each >= 'A' && each <= 'Z');
            kept += plain ? std::string(1, each)
                          : fmt::format("%{:02X}", static_cast<unsigned char>(each));
        }
    };
    add("user", user);
    add("password", password);
    return kept.empty() ? made : made + '?' + kept;
}

outcome<sink_table_name> table_of(sink_settings const& settings, std::string_view topic,
                                  std::string_view schema, std::string_view table) {
    std::string name = settings.table_format;
    std::string of_topic{topic};
    if (settings.underscores) {
        std::ranges::replace(of_topic, '.', '_');
    }
    replace_all(name, "${topic}", of_topic);
    for (auto const& [field, value] : {std::pair{std::string_view{"${source.schema}"}, schema},
                                       std::pair{std::string_view{"${source.table}"}, table}}) {
        if (name.find(field) != std::string::npos && value.empty()) {
            return data_problem(
                fmt::format("table.name.format {} asks for {}, and the record has no "
                            "source block",
                            settings.table_format, field));
        }
        replace_all(name, field, value);
    }
    if (name.find("${") != std::string::npos) {
        return data_problem(fmt::format("table.name.format {}: there are ${{topic}}, "
                                        "${{source.schema}} and ${{source.table}}",
                                        settings.table_format));
    }
    if (!settings.quotes) {
        name = lower(std::move(name));
    }
    auto const dot = name.find('.');
    if (dot == std::string::npos) {
        return sink_table_name{"public", std::move(name)};
    }
    return sink_table_name{name.substr(0, dot), name.substr(dot + 1)};
}

outcome<sink_settings> sink_settings_of(task_setup const& from) {
    auto const& config = from.config;
    bool const of_confluent = from.of->class_name == confluent;
    if (auto why = missing(config, of_confluent)) {
        return std::move(*why);
    }
    sink_settings made;
    if (auto why = read_mode(config, of_confluent, made)) {
        return std::move(*why);
    }
    read_tolerance(config, made);
    auto uri = sink_uri(text_in(config, "connection.url"),
                        text_in(config, of_confluent ? "connection.user" : "connection.username"),
                        text_in(config, "connection.password"));
    if (!uri) {
        return uri.error();
    }
    made.node.name = from.connector;
    made.node.uri = std::move(*uri);
    made.topics = listed_topics(config);
    made.topics_regex = text_in(config, "topics.regex");
    made.table_format =
        text_in(config, "table.name.format", text_in(config, "collection.name.format", "${topic}"));
    made.underscores = !of_confluent;
    made.quotes = of_confluent
                      ? lower(text_in(config, "quote.sql.identifiers", "always")) == "always"
                      : is_on(config, "quote.identifiers", false);
    return made;
}

} // namespace tandem::connect
