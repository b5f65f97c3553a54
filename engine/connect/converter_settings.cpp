#include "engine/connect/converter_settings.hpp"

#include "engine/connect/java_hash.hpp"
#include "engine/connect/plugins.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tandem::connect {
namespace {

using made_converter = outcome<std::unique_ptr<converter>>;

setting_definitions common_definitions() {
    return {{"converter.type", setting_type::string, std::nullopt, importance::low,
             "What it converts: key, value or header.", one_of({"key", "value", "header"})}};
}

setting_definitions no_definitions() {
    return {};
}

setting_definitions string_definitions() {
    auto made = common_definitions();
    made.push_back({"converter.encoding", setting_type::string, setting{"UTF-8"}, importance::high,
                    "The encoding of the texts. Only UTF-8 is possible here."});
    made.back().width = display_width::medium;
    made.back().display = "Encoding";
    return made;
}

void describe(setting_definition& of, char const* group, int order, char const* display) {
    of.group = group;
    of.order = order;
    of.width = display_width::medium;
    of.display = display;
}

setting_definitions json_definitions() {
    auto made = common_definitions();
    made.push_back({"schemas.enable", setting_type::boolean, setting{true}, importance::high,
                    "Whether every record has its schema beside it."});
    describe(made.back(), "Schemas", 0, "Enable Schemas");
    made.push_back({"schemas.cache.size", setting_type::int32, setting{std::int64_t{1000}},
                    importance::high, "Without meaning here."});
    describe(made.back(), "Schemas", 1, "Schema Cache Size");
    made.push_back({"decimal.format", setting_type::string, setting{"BASE64"}, importance::low,
                    "How Decimals are written: BASE64, of their bytes, or NUMERIC.",
                    one_of_in_any_case(in_hash_order({"BASE64", "NUMERIC"}))});
    describe(made.back(), "Serialization", 0, "Decimal Format");
    made.push_back({"replace.null.with.default", setting_type::boolean, setting{true},
                    importance::low, "Whether the default of a field stands for its null."});
    describe(made.back(), "Serialization", 1, "Replace null with default");
    return made;
}

made_converter make_json(property_map const& properties) {
    auto definitions = json_definitions();
    definitions.erase(definitions.begin()); // what it converts does not matter
    auto const by = settings::parse(definitions, properties);
    if (!by) {
        return by.error();
    }
    bool const schemas = by->boolean("schemas.enable");
    bool const defaults = by->boolean("replace.null.with.default");
    bool const numeric = (by->string("decimal.format").front() | ' ') == 'n';
    return json_converter(
        {schemas, defaults},
        {schemas, numeric ? decimal_format::numeric : decimal_format::base64, defaults});
}

made_converter make_string(property_map const& properties) {
    auto const found = properties.find("converter.encoding");
    if (found != properties.end() && found->second != "UTF-8" && found->second != "UTF8") {
        return problem{problem_kind::config, invalid_value("converter.encoding", found->second,
                                                           "only UTF-8 is supported by tandem")};
    }
    return string_converter();
}

made_converter make_bytes(property_map const&) {
    return byte_array_converter();
}

made_converter make_simple(property_map const&) {
    return simple_header_converter();
}

template <schema_type Type>
made_converter make_number(property_map const&) {
    return number_converter(Type);
}

constexpr std::array converters{
    converter_class{"org.apache.kafka.connect.converters.BooleanConverter", common_definitions,
                    make_number<schema_type::boolean>},
    converter_class{"org.apache.kafka.connect.converters.ByteArrayConverter", common_definitions,
                    make_bytes},
    converter_class{"org.apache.kafka.connect.converters.DoubleConverter", common_definitions,
                    make_number<schema_type::float64>},
    converter_class{"org.apache.kafka.connect.converters.FloatConverter", common_definitions,
                    make_number<schema_type::float32>},
    converter_class{"org.apache.kafka.connect.converters.IntegerConverter", common_definitions,
                    make_number<schema_type::int32>},
    converter_class{"org.apache.kafka.connect.converters.LongConverter", common_definitions,
                    make_number<schema_type::int64>},
    converter_class{"org.apache.kafka.connect.converters.ShortConverter", common_definitions,
                    make_number<schema_type::int16>},
    converter_class{"org.apache.kafka.connect.json.JsonConverter", json_definitions, make_json},
    converter_class{"org.apache.kafka.connect.storage.StringConverter", string_definitions,
                    make_string},
};

// Every converter is one of headers as well.
constexpr auto header_converters = [] {
    std::array<converter_class, converters.size() + 1> made{};
    std::ranges::copy(converters, made.begin());
    made.back() = {"org.apache.kafka.connect.storage.SimpleHeaderConverter", no_definitions,
                   make_simple};
    return made;
}();

} // namespace

std::span<converter_class const> converter_classes() {
    return converters;
}

std::span<converter_class const> header_converter_classes() {
    return header_converters;
}

made_converter make_converter(property_map const& configuration, std::string_view name) {
    auto const named = configuration.find(name);
    bool const header = name.starts_with("header.");
    if (named == configuration.end()) {
        return header ? made_converter{simple_header_converter()}
                      : problem{problem_kind::config,
                                fmt::format("Missing required configuration \"{}\" which has no "
                                            "default value.",
                                            name)};
    }
    auto const* const of =
        find_plugin(named->second, header ? plugin_kind::header_converter : plugin_kind::converter);
    auto const* const found = of == nullptr ? header_converters.end()
                                            : std::ranges::find(header_converters, of->class_name,
                                                                &converter_class::name);
    if (found == header_converters.end()) {
        return problem{problem_kind::config,
                       no_such_class(name, named->second, no_plugin(named->second).value_or(""))};
    }
    return found->make(with_prefix(configuration, std::string{name} + "."));
}

} // namespace tandem::connect
