#pragma once
// Index commands that are carried out outside a transaction, so that nobody who writes waits for them. Pure.
// https://www.postgresql.org/docs/15/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY

#include "engine/ddl/decide.hpp"

#include <optional>
#include <string>
#include <vector>

namespace tandem::engine::ddl {

// CREATE INDEX CONCURRENTLY of CREATE INDEX, and the like; none: it is no such command.
[[nodiscard]] std::optional<std::string> concurrent_form(std::string const& statement);

// What is to be done of it that way; empty: nothing, or other things come first.
[[nodiscard]] std::vector<std::string> concurrent_part(decision const& from);

// Where an attempt that failed left an invalid index of one of the change's names: what takes it away. A query whose rows
// are such statements.
[[nodiscard]] std::string invalid_remnants(object_change const& change);

} // namespace tandem::engine::ddl
