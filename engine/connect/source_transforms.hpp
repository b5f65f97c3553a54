#pragma once
// What becomes of a source's records on their way to its topics: the connector's transformations, and converters other
// than the encoder's own. Pure.

#include "codecs/connect/converter.hpp"
#include "codecs/connect/json_reader.hpp"
#include "engine/connect/source_records.hpp"
#include "engine/connect/task_setup.hpp"
#include "engine/transform/chain.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

// Bytes live in the arena that they were made in; the rest until the next record.
struct changed_record {
    struct header {
        std::string_view name;
        std::optional<std::string_view> value;
    };
    std::string_view topic;
    std::optional<std::int32_t> partition;
    std::optional<std::string_view> key;
    std::optional<std::string_view> value;
    std::vector<header> headers;
};

// Whether records go as the encoder makes them.
[[nodiscard]] bool goes_as_encoded(property_map const& config, property_map const& worker);

class source_transforms {
public:
    // Errors: config.
    [[nodiscard]] static outcome<std::unique_ptr<source_transforms>> of(task_setup const& setup);

    // The record has schema blocks. Null: it is left out. Errors: data, of what a transformation or a converter says.
    [[nodiscard]] outcome<changed_record const*> apply(std::string_view topic,
                                                       source_record const& encoded, arena& into);

private:
    source_transforms() = default;
    [[nodiscard]] outcome<std::optional<std::string_view>> write(converter& by, data const& what,
                                                                 arena& into);

    transformation_chain chain_;
    json_reader keys_{{true, false}};
    json_reader values_{{true, false}};
    std::unique_ptr<converter> key_;
    std::unique_ptr<converter> value_;
    std::unique_ptr<converter> header_;
    std::string key_room_;
    std::string value_room_;
    std::string written_;
    record record_;
    changed_record made_;
    arena memory_; // of one record
};

} // namespace tandem::connect
