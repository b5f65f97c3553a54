#include "engine/connect/sink_settings.hpp"

#include "engine/connect/connector_settings.hpp"
#include "engine/connect/names_in.hpp"

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

problem config_problem(std::string what) {
    return {problem_kind::config, std::move(what)};
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
}

std::optional<problem> read_keys(property_map const& config, bool of_confluent,
                                 sink_settings& into) {
    auto const* const name = of_confluent ? "pk.mode" : "primary.key.mode";
    auto const mode = lower(text_in(config, name, "none"));
    constexpr std::array<std::pair<std::string_view, key_source>, 5> modes{
        {{"none", key_source::none},
         {"kafka", key_source::kafka},
         {"record_key", key_source::record_key},
         {"record_value", key_source::record_value},
         {"record_header", key_source::record_header}}};
    auto const* const found = std::ranges::find(modes, std::string_view{mode},
                                                [](auto const& each) { return each.first; });
    if (found == modes.end()) {
        return config_problem(fmt::format(
            "{} is {}: none, kafka, record_key, record_value or record_header", name, mode));
    }
    into.keys = found->second;
    auto const* const fields = of_confluent ? "pk.fields" : "primary.key.fields";
    into.key_fields = names_in(text_in(config, fields));
    if (into.keys == key_source::kafka) {
        if (!into.key_fields.empty() && into.key_fields.size() != 3) {
            return config_problem(fmt::format(
                "{} names {} columns: with {} kafka they are three, for topic, partition and offset",
                fields, into.key_fields.size(), name));
        }
        if (into.key_fields.empty()) {
            into.key_fields = {std::string{topic_column}, std::string{partition_column},
                               std::string{offset_column}};
        }
    }
    if (into.keys == key_source::none) {
        into.key_fields.clear();
    }
    if (into.keys == key_source::record_value && into.key_fields.empty() && !of_confluent) {
        return config_problem("At least one primary.key.fields field name should be specified when "
                              "resolving keys from the record's value.");
    }
    return std::nullopt;
}

std::optional<problem> read_evolution(property_map const& config, bool of_confluent,
                                      sink_settings& into) {
    if (of_confluent) {
        into.creates = is_on(config, "auto.create", false);
        into.adds = is_on(config, "auto.evolve", false);
        return std::nullopt;
    }
    auto const mode = lower(text_in(config, "schema.evolution", "none"));
    if (mode != "none" && mode != "basic") {
        return config_problem(fmt::format("schema.evolution is {}: none or basic", mode));
    }
    into.creates = into.adds = mode == "basic";
    return std::nullopt;
}

std::optional<problem> read_start(property_map const& config, sink_settings& into) {
    constexpr std::string_view name = "consumer.override.auto.offset.reset";
    auto const reset = lower(text_in(config, name, "earliest"));
    if (reset != "earliest" && reset != "latest") {
        return config_problem(fmt::format("{} is {}: earliest or latest", name, reset));
    }
    into.from_end = reset == "latest";
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
    if (into.mode == insert_mode::upsert && into.keys == key_source::none) {
        return config_problem(
            fmt::format("When using UPSERT, please define '{}': record_key or record_value", keys));
    }
    if (into.mode == insert_mode::update && into.keys == key_source::none) {
        return config_problem(fmt::format("insert.mode is update: '{}' has to say where the key of "
                                          "the row comes from, record_key or record_value",
                                          keys));
    }
    for (auto const* name : {"delete.enabled", "truncate.enabled"}) {
        if (is_on(config, name, false) && into.keys != key_source::record_key) {
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

field_filter field_filter::of(std::string_view included, std::string_view excluded) {
    field_filter made;
    made.excluded_ = !excluded.empty();
    for (auto& each : names_in(made.excluded_ ? excluded : included)) {
        auto const colon = each.find(':');
        made.named_.push_back(colon == std::string::npos
                                  ? one{{}, std::move(each)}
                                  : one{each.substr(0, colon), each.substr(colon + 1)});
    }
    return made;
}

bool field_filter::takes(std::string_view topic, std::string_view field) const {
    bool const named = std::ranges::any_of(named_, [&](one const& each) {
        return each.field == field && (each.topic.empty() || each.topic == topic);
    });
    return named_.empty() || named != excluded_;
}

std::string sink_settings::column_name(std::string_view field) const {
    return quotes ? std::string{field} : lower(std::string{field});
}

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
    sink_settings made;
    made.of_confluent = of_confluent;
    for (auto const read : {read_keys, read_mode, read_evolution}) {
        if (auto why = read(config, of_confluent, made)) {
            return std::move(*why);
        }
    }
    if (auto why = read_start(config, made)) {
        return std::move(*why);
    }
    made.fields = of_confluent ? field_filter::of(text_in(config, "fields.whitelist"), {})
                               : field_filter::of(text_in(config, "field.include.list"),
                                                  text_in(config, "field.exclude.list"));
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
