#pragma once
// A table as pgoutput would describe it, asked of the catalog.

#include "codecs/pgoutput/relation_cache.hpp"
#include "io/pg/connection.hpp"

#include <string>

namespace tandem::connect {

[[nodiscard]] std::string relation_query(std::string const& schema, std::string const& name);
// Of its answer; without columns where there is no such table.
[[nodiscard]] pgoutput::relation_ptr relation_of(io::pg::rows const& found, std::string schema,
                                                 std::string name);

} // namespace tandem::connect
