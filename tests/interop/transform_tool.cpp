// Records through chains of transformations, for the tests that hold ours against Kafka's own: tests/interop/source's
// Chains.java reads and writes the same.
//
// usage: transform_tool <CASES >ANSWERS
// CASES: a JSON object a line: chain (a connector's properties), schemas and numeric (of the converters), topic, partition,
// timestamp, offset (of a sink's record), key and value (JSON texts or null), headers (name, text), convert (converters'
// class names).
// ANSWERS: a JSON object a line: topic, partition, timestamp, key, value, headers (name, its JSON with a schema block,
// its text), converted (of each converter: the value's bytes in hexadecimal, and the JSON with a schema block of what it reads of
// them), or dropped, or config (class and sentence of what is wrong with the chain), or error (the same of the record).
#include "codecs/connect/converter.hpp"
#include "codecs/connect/java_text.hpp"
#include "codecs/connect/json_writer.hpp"
#include "codecs/connect/literal.hpp"
#include "codecs/event/padding.hpp"
#include "engine/transform/chain.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <deque>
#include <exception>
#include <iostream>
#include <optional>
#include <string>

namespace tandem::connect {
namespace {

using json = nlohmann::json;

json told(problem const& what) {
    return json::array({java_class(what.kind), what.what});
}

// Texts that records point into, with their padding.
class texts {
public:
    std::string_view keep(std::string const& text) {
        auto& kept = all_.emplace_back(text);
        kept.append(event::record_padding, '\0');
        return std::string_view{kept}.substr(0, text.size());
    }

private:
    std::deque<std::string> all_;
};

template <class Number>
std::optional<Number> number(json const& of, char const* name) {
    return of.contains(name) && !of.at(name).is_null() ? std::optional{of.at(name).get<Number>()}
                                                       : std::nullopt;
}

outcome<data> side(json const& of, char const* name, json_reader& reader, texts& kept,
                   arena& memory) {
    if (!of.contains(name) || of.at(name).is_null()) {
        return data{};
    }
    return reader.read(kept.keep(of.at(name).get<std::string>()), memory);
}

using text_or_none = std::optional<std::string>;

outcome<text_or_none> written(data const& what, json_writer& writer) {
    std::string text;
    auto const done = writer.write(what, text);
    if (!done) {
        return done.error();
    }
    return *done ? text_or_none{std::move(text)} : text_or_none{};
}

json json_of(text_or_none const& text) {
    return text ? json(*text) : json(nullptr);
}

std::unique_ptr<converter> converter_named(std::string_view name) {
    constexpr std::string_view numbers = "org.apache.kafka.connect.converters.";
    if (name == "org.apache.kafka.connect.storage.StringConverter") {
        return string_converter();
    }
    if (name == "org.apache.kafka.connect.storage.SimpleHeaderConverter") {
        return simple_header_converter();
    }
    name.remove_prefix(numbers.size());
    return name == "ByteArrayConverter" ? byte_array_converter()
           : name == "ShortConverter"   ? number_converter(schema_type::int16)
           : name == "IntegerConverter" ? number_converter(schema_type::int32)
           : name == "LongConverter"    ? number_converter(schema_type::int64)
           : name == "FloatConverter"   ? number_converter(schema_type::float32)
           : name == "DoubleConverter"  ? number_converter(schema_type::float64)
                                        : number_converter(schema_type::boolean);
}

json converted(std::string const& name, data const& what, texts& kept, arena& memory,
               json_writer& writer) {
    auto const with = converter_named(name);
    std::string bytes;
    auto const wrote = with->write(what, bytes);
    if (!wrote) {
        return told(wrote.error());
    }
    auto const again = with->read(*wrote ? std::optional{kept.keep(bytes)} : std::nullopt, memory);
    if (!again) {
        return told(again.error());
    }
    std::string shown;
    for (char const each : bytes) {
        shown += fmt::format("{:02x}", static_cast<unsigned char>(each));
    }
    auto const text = written(*again, writer);
    return json::array(
        {*wrote ? json(shown) : json(nullptr), text ? json_of(*text) : told(text.error())});
}

json answer(json const& asked) {
    property_map properties;
    for (auto const& [name, text] : asked.at("chain").items()) {
        properties[name] = text.get<std::string>();
    }
    auto chain = transformation_chain::of(properties);
    if (!chain) {
        return {{"config", told(chain.error())}};
    }
    bool const schemas = asked.at("schemas").get<bool>();
    bool const defaults = asked.value("defaults", true);
    auto const decimals =
        asked.value("numeric", false) ? decimal_format::numeric : decimal_format::base64;
    json_reader reader{{schemas, defaults}};
    json_writer writer{{schemas, decimals, defaults}};
    json_writer header_writer{{true, decimals, defaults}};
    texts kept;
    arena memory;
    record made;
    auto const topic = asked.at("topic").get<std::string>();
    made.topic = topic;
    made.partition = number<std::int32_t>(asked, "partition");
    made.timestamp_ms = number<std::int64_t>(asked, "timestamp");
    made.offset = number<std::int64_t>(asked, "offset");
    auto key = side(asked, "key", reader, kept, memory);
    auto value = key ? side(asked, "value", reader, kept, memory) : key;
    if (!value) {
        return {{"read", told(value.error())}};
    }
    made.key = *key;
    made.value = *value;
    for (auto const& each : asked.value("headers", json::array())) {
        made.headers.push_back({kept.keep(each.at(0).get<std::string>()),
                                parse_literal(kept.keep(each.at(1).get<std::string>()), memory)});
    }
    auto const passed = chain->apply(made, memory);
    if (!passed) {
        return {{"error", told(passed.error())}};
    }
    if (!*passed) {
        return {{"dropped", true}};
    }
    json told_all{{"topic", made.topic}};
    told_all["partition"] = made.partition ? json(*made.partition) : json(nullptr);
    told_all["timestamp"] = made.timestamp_ms ? json(*made.timestamp_ms) : json(nullptr);
    for (auto const& [name, of] : {std::pair{"key", &made.key}, std::pair{"value", &made.value}}) {
        auto const text = written(*of, writer);
        if (!text) {
            return {{"write", told(text.error())}};
        }
        told_all[name] = json_of(*text);
    }
    told_all["headers"] = json::array();
    for (auto const& each : made.headers) {
        auto const text = written(each.what, header_writer);
        if (!text) {
            return {{"write", told(text.error())}};
        }
        told_all["headers"].push_back(
            {each.name, json_of(*text),
             each.what.what.is_null() ? json(nullptr) : json(text_of(each.what.what))});
    }
    if (asked.contains("convert")) {
        told_all["converted"] = json::array();
        for (auto const& each : asked.at("convert")) {
            told_all["converted"].push_back(
                converted(each.get<std::string>(), made.value, kept, memory, header_writer));
        }
    }
    return told_all;
}

} // namespace
} // namespace tandem::connect

int main() {
    try {
        for (std::string line; std::getline(std::cin, line);) {
            std::cout << tandem::connect::answer(nlohmann::json::parse(line)).dump() << '\n';
        }
    } catch (std::exception const& failed) {
        std::cerr << "transform_tool: " << failed.what() << '\n';
        return 1;
    }
    return 0;
}
