#pragma once
// The converters that a configuration can name, what they can be told, and how they are made of that.
// https://kafka.apache.org/39/javadoc/org/apache/kafka/connect/json/JsonConverterConfig.html

#include "codecs/connect/converter.hpp"
#include "engine/config/definitions.hpp"

#include <memory>
#include <span>
#include <string_view>

namespace tandem::connect {

struct converter_class {
    std::string_view name;
    setting_definitions (*definitions)();
    outcome<std::unique_ptr<converter>> (*make)(property_map const& properties);
};

[[nodiscard]] std::span<converter_class const> converter_classes();
[[nodiscard]] std::span<converter_class const> header_converter_classes();

// As a connector's or a worker's configuration names one: `name` is the key of its class ("value.converter"), what it is
// told stands behind it ("value.converter.schemas.enable"). Errors: config.
[[nodiscard]] outcome<std::unique_ptr<converter>> make_converter(property_map const& configuration,
                                                                 std::string_view name);

} // namespace tandem::connect
