#pragma once
// What tables are called before and behind DDL. For engine/ddl alone. Pure.

#include "engine/ddl/follow.hpp"

#include <optional>
#include <span>
#include <string>

namespace tandem::engine::ddl {

struct table_name {
    std::string schema;
    std::string name;

    bool operator==(table_name const&) const = default;
};
[[nodiscard]] table_name name_of(shape const& of);

// How a change gives the table another name; none: it does not, or is not about it. Its end is not told.
[[nodiscard]] std::optional<table_name> onward(table_name const& from, object_change const& change);
// The same the other way round.
[[nodiscard]] table_name backward(table_name to, object_change const& change);
[[nodiscard]] bool drops(object_change const& change, table_name const& what);
[[nodiscard]] bool makes(object_change const& change, table_name const& what);
// What became of it here.
[[nodiscard]] followed_table end_of(table_name at, std::span<logged const> later);

} // namespace tandem::engine::ddl
