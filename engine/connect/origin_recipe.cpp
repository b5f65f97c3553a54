#include "engine/connect/origin_recipe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace tandem::connect {
namespace {

constexpr std::string_view of_kafka = "org.apache.kafka.connect.transforms.";
constexpr std::string_view of_debezium = "io.debezium.transforms.";

bool is_name(std::string_view text) noexcept {
    return !text.empty() && std::ranges::all_of(text, [](char each) {
        return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
               (each >= '0' && each <= '9') || each == '_' || each == '-';
    });
}

struct step {
    std::string_view name;
    std::string type;
    std::vector<std::pair<std::string_view, std::string>> settings;
};

// Topics of tables: PREFIX.SCHEMA.TABLE. Those of heartbeats and transactions have other records.
std::string tables_of(property_map const& config) {
    auto const found = config.find("topic.prefix");
    std::string made;
    for (char const each : found == config.end() ? std::string_view{} : found->second) {
        made += each == '.' ? "[.]" : std::string{each};
    }
    return made + "[.][^.]+[.][^.]+";
}

std::vector<step> steps_of(plugin const& of, property_map const& config, std::string const& column,
                           std::string const& site) {
    if (of.kind == plugin_kind::source) {
        auto const row = "value.after." + column;
        return {{"tandem_mark",
                 fmt::format("{}InsertHeader", of_kafka),
                 {{"header", "origin"}, {"value.literal", site}}},
                {"tandem_own",
                 fmt::format("{}Filter", of_debezium),
                 {{"language", "tandem"},
                  {"topic.regex", tables_of(config)},
                  {"condition", fmt::format("value.after == null || {} == null || {} == '{}'", row,
                                            row, site)}}}};
    }
    return {
        {"tandem_unwrap", fmt::format("{}ExtractNewRecordState", of_debezium), {}},
        {"tandem_drop", fmt::format("{}ReplaceField$Value", of_kafka), {{"exclude", column}}},
        {"tandem_origin",
         fmt::format("{}InsertField$Value", of_kafka),
         {{"static.field", column}, {"static.value", site}}},
    };
}

} // namespace

outcome<property_map> with_origin_recipe(plugin const& of, property_map config) {
    auto const found = config.find(origin_recipe_name);
    if (found == config.end()) {
        return config;
    }
    std::string const given = found->second;
    auto const between = std::min(given.find('='), given.size());
    auto const column = given.substr(0, between);
    auto const site = given.substr(std::min(between + 1, given.size()));
    if (!is_name(column) || !is_name(site)) {
        return problem{
            problem_kind::config,
            fmt::format("Invalid value {} for configuration {}: it is COLUMN=SITE, such as "
                        "origin=a: the column that marks rows, and the site that a source reads "
                        "from, or whose rows a sink writes",
                        given, origin_recipe_name)};
    }
    std::string names;
    for (auto const& each : steps_of(of, config, column, site)) {
        names += fmt::format("{}{}", names.empty() ? "" : ",", each.name);
        auto const prefix = fmt::format("transforms.{}.", each.name);
        config[prefix + "type"] = each.type;
        for (auto const& [name, value] : each.settings) {
            config[fmt::format("{}{}", prefix, name)] = value;
        }
    }
    auto& transforms = config["transforms"];
    transforms = transforms.empty() ? names : names + "," + transforms;
    return config;
}

} // namespace tandem::connect
