#include "codecs/event/exact_schema.hpp"

#include "codecs/event/json_string.hpp"
#include "codecs/event/schema_blocks.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace tandem::event {
namespace {

std::string_view type_of(oid type) noexcept {
    switch (exact_form(type)) {
    case json_form::boolean:
        return "boolean";
    case json_form::number:
        return type.value == 21 ? "int16" : type.value == 23 ? "int32" : "int64";
    case json_form::real:
        return type.value == 700 ? "float" : "double";
    default:
        return "string";
    }
}

class writer {
public:
    writer(pgoutput::relation_shape const& shape, key_columns const& key)
        : shape_{shape}, key_{key}, key_has_nulls_{key.empty() && shape.replica_identity == 'f'} {}

    // Fields of a row, or of its key. `pieces`: where each of them stands.
    void add_fields(std::string& to, bool keys_only,
                    std::vector<record_schemas::piece>* pieces = nullptr) const {
        bool first = true;
        for (auto const& column : shape_.columns) {
            bool const in_key = is_key(column, key_);
            if (keys_only && !in_key) {
                continue;
            }
            to += std::exchange(first, false) ? "" : ",";
            std::size_t const begun = to.size();
            to += fmt::format(R"({{"type":"{}","optional":{},"field":{}}})", type_of(column.type),
                              !in_key || key_has_nulls_, json_string(column.name));
            if (pieces != nullptr) {
                pieces->push_back({static_cast<std::uint32_t>(begun),
                                   static_cast<std::uint32_t>(to.size() - begun)});
            }
        }
    }

private:
    pgoutput::relation_shape const& shape_;
    key_columns const& key_;
    bool key_has_nulls_; // it is of all columns
};

} // namespace

record_schemas exact_schemas(pgoutput::relation_shape const& shape, key_columns const& key,
                             std::string_view topic) {
    constexpr std::string_view open = R"({"schema":{"type":"struct","fields":[)";
    constexpr std::string_view row = R"({"type":"struct","fields":[)";
    auto const name = [&](char const* of) { return json_string(fmt::format("{}.{}", topic, of)); };
    writer const fields{shape, key};
    record_schemas made;
    made.key = open;
    fields.add_fields(made.key, true);
    made.key += fmt::format(R"(],"optional":false,"name":{}}})", name("Key"));

    auto const end_of_row = [&](char const* field) {
        return fmt::format(R"(],"optional":true,"name":{},"field":"{}"}})", name("Value"), field);
    };
    std::string& value = made.value;
    value = open;
    value += row;
    fields.add_fields(value, false);
    value += end_of_row("before");
    value += ',';
    value += row;
    fields.add_fields(value, false, &made.after);
    value += end_of_row("after");
    value += fmt::format(R"(,{},{},{}],"optional":false,"name":{},"version":2}})", source_schema,
                         transaction_schema, event_schemas, name("Envelope"));
    return made;
}

} // namespace tandem::event
