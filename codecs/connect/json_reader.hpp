#pragma once
// Records as Kafka's JsonConverter reads them, with schema blocks or without.
// https://kafka.apache.org/39/javadoc/org/apache/kafka/connect/json/JsonConverter.html
//
// Where that one guesses, this one has an error: a value of another JSON type than its schema's (there 0, false or
// null), an integer beyond its type (there its low bits), anything behind the value. "NaN" and the infinities, which it
// writes, are read.

#include "codecs/connect/problem.hpp"
#include "codecs/connect/schema.hpp"
#include "codecs/event/json_tokens.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::connect {

struct json_options {
    bool schemas = true;           // schemas.enable
    bool null_with_default = true; // replace.null.with.default
};

// A value and its schema; without one it is what the JSON says: int64, float64, boolean, string, array, map.
struct data {
    schema_ptr of;
    value what;
};

// One per thread: it keeps the schemas that it has met.
class json_reader {
public:
    explicit json_reader(json_options options) : options_{options} {}

    // `record` has event::record_padding readable bytes behind it. The value points into it, into `memory` and into the
    // schema. An empty record is a null.
    [[nodiscard]] outcome<data> read(std::string_view record, arena& memory);
    // Whether it begins with a schema block that was read lately, byte for byte.
    [[nodiscard]] bool knows_beginning(std::string_view record) const noexcept;

    // A schema's own JSON, padded as a record.
    [[nodiscard]] outcome<schema_ptr> read_schema(std::string_view json);

private:
    struct hashed {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };

    // Up to the payload: `{"schema":...,"payload":`, of which most of a topic's records have the same.
    struct beginning {
        std::string text;
        schema_ptr of;
    };

    [[nodiscard]] outcome<data> read_envelope(std::string_view record, event::json_text in,
                                              arena& memory);
    [[nodiscard]] beginning const* find_beginning(std::string_view record) const noexcept;
    [[nodiscard]] std::optional<data> read_known(std::string_view record, beginning const& known,
                                                 arena& memory);
    void keep_beginning(std::string_view text, schema_ptr const& of);
    [[nodiscard]] outcome<schema_ptr> known_schema(std::string_view json);

    json_options options_;
    event::json_tokens tokens_;
    // By their JSON. A topic has few; what makes more starts over.
    static constexpr std::size_t schemas_most = 1'000;
    boost::unordered_flat_map<std::string, schema_ptr, hashed, std::equal_to<>> schemas_;
    static constexpr std::size_t beginnings_most = 8;
    std::vector<beginning> beginnings_;
    std::size_t oldest_ = 0; // of them
};

} // namespace tandem::connect
