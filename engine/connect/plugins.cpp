#include "engine/connect/plugins.hpp"

#include "engine/connect/converter_settings.hpp"
#include "engine/connect/jdbc_sink_settings.hpp"
#include "engine/connect/pair_settings.hpp"
#include "engine/connect/postgres_source_settings.hpp"
#include "engine/transform/transformation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace tandem::connect {
namespace {

// What a class of that kind is of, and what its name mostly ends in.
struct kind_names {
    std::string_view name;
    std::string_view base;
    std::string_view ending;
    bool is_interface;
};
constexpr std::array<kind_names, 6> kinds{{
    {"sink", "SinkConnector", "Connector", false},
    {"source", "SourceConnector", "Connector", false},
    {"transformation", "Transformation", "Transformation", true},
    {"predicate", "Predicate", "Predicate", true},
    {"converter", "Converter", "Converter", true},
    {"header_converter", "HeaderConverter", "HeaderConverter", true},
}};

kind_names const& names_of(plugin_kind of) noexcept {
    return kinds[static_cast<std::size_t>(of)];
}

setting_definitions postgres_source_definitions() {
    return postgres_source_settings().definitions();
}

std::vector<plugin> make() {
    using enum plugin_kind;
    std::vector<plugin> made{
        {sink, "io.confluent.connect.jdbc.JdbcSinkConnector", confluent_sink_definitions},
        {sink, "io.debezium.connector.jdbc.JdbcSinkConnector", jdbc_sink_definitions},
        {source, "io.debezium.connector.postgresql.PostgresConnector", postgres_source_definitions},
        {source, "tandem.PostgresPair", pair_definitions},
    };
    for (auto const& each : transformation_classes()) {
        made.push_back({transformation, std::string{each.name}, each.definitions});
    }
    for (auto const& each : predicate_classes()) {
        made.push_back({predicate, std::string{each.name}, each.definitions});
    }
    for (auto const& each : converter_classes()) {
        made.push_back({converter, std::string{each.name}, each.definitions});
    }
    for (auto const& each : header_converter_classes()) {
        made.push_back({header_converter, std::string{each.name}, each.definitions});
    }
    return made;
}

std::string_view simple_name(std::string_view class_name) noexcept {
    return class_name.substr(class_name.rfind('.') + 1);
}

bool means(plugin const& one, std::string_view name) noexcept {
    if (one.class_name == name) {
        return true;
    }
    auto simple = simple_name(one.class_name);
    if (simple == name) {
        return true;
    }
    auto const ending = names_of(one.kind).ending;
    return simple.ends_with(ending) && simple.size() > ending.size() &&
           simple.substr(0, simple.size() - ending.size()) == name;
}

template <class Allowed>
plugin const* find_if(std::string_view name, Allowed allowed) {
    plugin const* found = nullptr;
    for (auto const& each : plugins()) {
        if (!allowed(each) || !means(each, name)) {
            continue;
        }
        // Of two with the same short name the last one: Debezium's sink, which its image has alone.
        if (found == nullptr || found->class_name != name) {
            found = &each;
        }
    }
    return found;
}

// Classes with a part of their own for keys and one for values are named with it.
std::vector<std::string> halves_of(std::string_view name) {
    std::vector<std::string> made;
    for (auto const* half : {"$Value", "$Key"}) {
        if (auto const* const found = find_plugin(fmt::format("{}{}", name, half))) {
            made.push_back(found->class_name);
        }
    }
    return made;
}

} // namespace

std::string_view java_name(plugin_kind of) noexcept {
    return names_of(of).name;
}

std::span<plugin const> plugins() {
    static std::vector<plugin> const made = make();
    return made;
}

plugin const* find_plugin(std::string_view name) {
    return find_if(name, [](plugin const&) { return true; });
}

plugin const* find_plugin(std::string_view name, plugin_kind kind) {
    return find_if(name, [kind](plugin const& each) { return each.kind == kind; });
}

plugin const* find_connector(std::string_view name) {
    return find_if(name, [](plugin const& each) {
        return each.kind == plugin_kind::source || each.kind == plugin_kind::sink;
    });
}

std::optional<std::string> no_plugin(std::string_view name) {
    if (find_plugin(name) != nullptr || !halves_of(name).empty()) {
        return std::nullopt;
    }
    if (name.find("Avro") != std::string_view::npos) {
        return "Avro is not supported yet; org.apache.kafka.connect.json.JsonConverter is.";
    }
    constexpr std::array<std::string_view, 3> theirs{"org.apache.kafka.connect.", "io.debezium.",
                                                     "io.confluent."};
    bool const known_family = std::ranges::any_of(
        theirs, [name](std::string_view each) { return name.starts_with(each); });
    return known_family ? "tandem does not support it yet; GET /connector-plugins?connectorsOnly="
                          "false lists what there is."
                        : "";
}

setting_check of_kind(plugin_kind kind) {
    return [kind](setting const& what) -> std::optional<std::string> {
        auto const* const name = std::get_if<std::string>(&what);
        if (name == nullptr || find_plugin(*name, kind) != nullptr) {
            return std::nullopt;
        }
        auto const& wanted = names_of(kind);
        auto const halves = halves_of(*name);
        if (!halves.empty() && find_plugin(halves.front(), kind) != nullptr) {
            return fmt::format("This class is abstract and cannot be created. Did you mean {}?",
                               fmt::join(halves, ", "));
        }
        auto const* const other = find_plugin(*name);
        return fmt::format("Class class {} does not {} the {} {}",
                           other == nullptr ? *name : other->class_name,
                           wanted.is_interface ? "implement" : "extend", wanted.base,
                           wanted.is_interface ? "interface" : "class");
    };
}

} // namespace tandem::connect
