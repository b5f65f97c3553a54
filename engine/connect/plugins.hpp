#pragma once
// What a configuration can name by a Java class: connectors, converters, transformations and predicates.
// https://kafka.apache.org/39/documentation/#connect_rest (connector-plugins)

#include "engine/config/definitions.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tandem::connect {

enum class plugin_kind : std::uint8_t {
    sink,
    source,
    transformation,
    predicate,
    converter,
    header_converter,
};
// "sink"
[[nodiscard]] std::string_view java_name(plugin_kind of) noexcept;

struct plugin {
    plugin_kind kind = plugin_kind::source;
    std::string class_name;
    setting_definitions (*definitions)() = nullptr;
};

// In the order in which a worker lists them: by kind, then by class.
[[nodiscard]] std::span<plugin const> plugins();

// By the class's name, or by what Connect takes in its place: the name behind the last point, with or without what it
// ends in for its kind ("PostgresConnector", "Postgres"). Null: there is none.
[[nodiscard]] plugin const* find_plugin(std::string_view name);
// Of that kind only; a connector of either.
[[nodiscard]] plugin const* find_plugin(std::string_view name, plugin_kind kind);
[[nodiscard]] plugin const* find_connector(std::string_view name);

// For setting_definition: that there is no such class, and what is wrong with one of another kind.
[[nodiscard]] std::optional<std::string> no_plugin(std::string_view name);
[[nodiscard]] setting_check of_kind(plugin_kind kind);

} // namespace tandem::connect
