#pragma once
// What a transformation needs a key or value to be, with Kafka's sentences.

#include "engine/transform/record.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

// None: it is one.
[[nodiscard]] std::optional<problem> require_structure(value const& what, std::string_view purpose);
[[nodiscard]] std::optional<problem> require_map(value const& what, std::string_view purpose);

// A null where a transformation would put it into a field that must have a value: InsertField can leave one behind.
[[nodiscard]] inline bool must_not_be_null(field const& to, value const& what) noexcept {
    return what.is_null() && !to.of->optional;
}
[[nodiscard]] problem invalid_null(field const& to);

// The first field of a structure whose value is none of its schema's, as Struct.put() finds it. Looks at the value itself,
// not into it.
[[nodiscard]] std::optional<problem> invalid_field(value const& structure);

// The entry of that name in a map; a null when there is none.
[[nodiscard]] value const& entry_of(value const& map, std::string_view name) noexcept;

// A map's entries that can be changed and become a map again.
class map_builder {
public:
    explicit map_builder(value const& from)
        : entries_(from.entries().begin(), from.entries().end()) {}

    void put(std::string_view name, value const& mapped);
    void remove(std::string_view name);
    [[nodiscard]] value made(arena& memory) const;

private:
    std::vector<map_entry> entries_;
};

// Adds a field. Error: as SchemaBuilder's, when there is one of that name.
[[nodiscard]] outcome<void> add_field(schema& to, std::string name, schema_ptr of);

} // namespace tandem::connect
