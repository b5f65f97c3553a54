#pragma once
// Which partitions the rows of which tables go to (--topics per-table). Pure.

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::engine {

// Partitions have numbers from 0 on: those of one topic follow each other.
struct row_layout {
    struct table {
        std::uint32_t first = 0;
        std::int32_t partitions = 0;
    };
    // Of a key among so many; rows without a key are in the first, in their order.
    using chooser = std::int32_t (*)(std::string_view key, std::int32_t partitions) noexcept;

    boost::unordered_flat_map<std::string, table> tables; // by table_id()
    std::size_t partitions = 0;                           // of all tables
    chooser choose = nullptr;

    // Null: it has no place.
    [[nodiscard]] table const* find(std::string_view schema, std::string_view name) const;
    [[nodiscard]] std::uint32_t partition_of(table const& of,
                                             std::optional<std::string_view> key) const noexcept {
        return of.first + static_cast<std::uint32_t>(key ? choose(*key, of.partitions) : 0);
    }
};

struct named_table {
    std::string schema;
    std::string name;
    friend auto operator<=>(named_table const&, named_table const&) = default;
};
[[nodiscard]] std::string table_id(std::string_view schema, std::string_view name);

// As Debezium names topics and what Kafka takes: PREFIX.SCHEMA.TABLE with '_' for every character but letters and
// digits of ASCII, '.', '_' and '-'; at most 249 bytes.
[[nodiscard]] std::string table_topic(std::string_view prefix, named_table const& table);

// Two tables whose topics Kafka does not tell apart: names that differ in '.' and '_' only are one to it.
struct topic_collision {
    named_table one;
    named_table other;
    std::string topic; // of the first
};
[[nodiscard]] std::optional<topic_collision> find_collision(std::string_view prefix,
                                                            std::vector<named_table> const& tables);

} // namespace tandem::engine
