#pragma once
// Records as Kafka's JsonConverter writes them, with schema blocks or without.
// https://kafka.apache.org/39/javadoc/org/apache/kafka/connect/json/JsonConverter.html

#include "codecs/connect/json_reader.hpp"
#include "codecs/connect/problem.hpp"
#include "codecs/connect/schema.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <string>

namespace tandem::connect {

enum class decimal_format : std::uint8_t { base64, numeric };

struct json_form {
    bool schemas = true; // schemas.enable
    decimal_format decimals = decimal_format::base64;
    bool null_with_default = true; // replace.null.with.default
};

// One per thread: it keeps the JSON of the schemas that it has written.
class json_writer {
public:
    explicit json_writer(json_form form) : form_{form} {}

    // Appends the record's bytes to `into`. False: it has none, being a null without a schema. On an error `into` is as it
    // was.
    [[nodiscard]] outcome<bool> write(data const& what, std::string& into);

private:
    [[nodiscard]] outcome<std::string const*> schema_json(schema_ptr const& of);

    struct kept_json {
        schema_ptr of; // so that its address is not another's
        std::string json;
    };
    static constexpr std::size_t schemas_most = 1'000;

    json_form form_;
    boost::unordered_flat_map<schema const*, kept_json> schemas_;
};

// A value alone; nothing for a null without a schema.
[[nodiscard]] outcome<void> append_json(schema const* of, value const& what, json_form form,
                                        std::string& into);
// A schema's own JSON.
[[nodiscard]] outcome<void> append_schema_json(schema const& of, json_form form, std::string& into);

} // namespace tandem::connect
